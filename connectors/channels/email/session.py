"""What one SMTP session is told; aiosmtpd speaks the protocol."""

import asyncio
import logging
import ssl
from concurrent.futures import Executor

from aiosmtpd.smtp import SMTP, Envelope, syntax
from aiosmtpd.smtp import Session as Peer

from connectors.channels.email.config import EmailConfig
from connectors.channels.email.raw import of_agency, raw_message
from connectors.contract import Accept

LINE_BYTES_MAX = 200_000
"""RFC 5321 says 1,000; many mail programs do not keep to it."""

STORED = "250 2.0.0 OK"
NOT_STORED = "451 4.3.0 Cannot store the mail now, try again later"
GOING_DOWN = "421 4.3.2 Going down, try again later"
BUSY = "421 4.3.2 Too many sessions, try again later"
LMTP_ONLY = "500 5.5.1 LMTP is spoken here: say LHLO"
NO_SUCH_MAILBOX = "550 5.1.1 No such mailbox here"

_log = logging.getLogger(__name__)


class Handler:
    """The answers to RCPT and DATA, for all sessions of a listener."""

    def __init__(self, config: EmailConfig, accept: Accept, pool: Executor) -> None:
        self._config = config
        self._accept = accept
        self._pool = pool
        self._stopping = False
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def finish(self) -> None:
        """Take no new mail; wait until those in flight are answered."""
        self._stopping = True
        await self._idle.wait()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd names it so
        self,
        server: SMTP,
        session: Peer,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Take mail for our mailbox, with or without a code, and for postmaster."""
        del server, session
        local, _, domain = address.lower().rpartition("@")
        mailbox = local.partition("+")[0]
        names = {self._config.mailbox, "postmaster"}
        if domain != self._config.domain or mailbox not in names:
            return NO_SUCH_MAILBOX
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd names it so
        self, server: SMTP, session: Peer, envelope: Envelope
    ) -> str:
        """Hand the mail over in a thread; answer what became of it."""
        answer = await self._taken(session, envelope)
        # RFC 2033, 4.2: LMTP answers for each recipient.
        times = len(envelope.rcpt_tos) if isinstance(server, LmtpSession) else 1
        return "\r\n".join([answer] * times)

    async def _taken(self, session: Peer, envelope: Envelope) -> str:
        if self._stopping:
            return GOING_DOWN
        self._in_flight += 1
        self._idle.clear()
        try:
            raw = raw_message(
                envelope.original_content or b"",
                sender=envelope.mail_from or "",
                recipients=envelope.rcpt_tos,
                remote=str((session.peer or ("",))[0]),
            )
            loop = asyncio.get_running_loop()
            mine = of_agency(self._config, raw)
            await loop.run_in_executor(self._pool, self._accept, mine)
        except ConnectionError:
            return NOT_STORED
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._idle.set()
        return STORED

    async def handle_exception(self, error: Exception) -> str:
        """Blame ourselves for what is not foreseen: the sender tries again."""
        # The text of an error may hold words of the mail.
        _log.error("SMTP session failed: %s", type(error).__name__)
        return NOT_STORED


class Sessions:
    """The open sessions of a listener."""

    def __init__(self) -> None:
        self.open: set[Session] = set()
        self._none = asyncio.Event()
        self._none.set()

    def add(self, session: "Session") -> None:
        """Count a session in."""
        self.open.add(session)
        self._none.clear()

    def discard(self, session: "Session") -> None:
        """Count a session out."""
        self.open.discard(session)
        if not self.open:
            self._none.set()

    async def end(self, patience_seconds: float) -> None:
        """Close all; those whose peer does not take the last words are cut off."""
        for session in list(self.open):
            session.say_and_close(GOING_DOWN)
        try:
            await asyncio.wait_for(self._none.wait(), patience_seconds)
        except TimeoutError:
            for session in list(self.open):
                session.cut()
            await self._none.wait()


class Session(SMTP):
    """One SMTP session, counted as long as its connection lives."""

    line_length_limit = LINE_BYTES_MAX

    def __init__(
        self,
        handler: Handler,
        config: EmailConfig,
        loop: asyncio.AbstractEventLoop,
        sessions: Sessions,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(
            handler,
            tls_context=tls,
            data_size_limit=config.size_bytes_max,
            enable_SMTPUTF8=True,
            decode_data=False,
            hostname=config.domain,
            ident="Simpul",
            timeout=config.session_seconds_max,
            loop=loop,
        )
        self._sessions = sessions
        self._wire: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the session in."""
        if isinstance(transport, asyncio.WriteTransport):
            self._wire = transport
        self._sessions.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Count the session out."""
        self._sessions.discard(self)
        super().connection_lost(error)

    def say_and_close(self, answer: str) -> None:
        """Close the session; what was answered before is still written."""
        if self._wire is not None and not self._wire.is_closing():
            self._wire.write(answer.encode() + b"\r\n")
            self._wire.close()

    def cut(self) -> None:
        """Drop the connection."""
        if self._wire is not None:
            self._wire.abort()


class LmtpSession(Session):
    """The same by LMTP (RFC 2033), as mail servers hand over what they took."""

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, arg: str) -> None:  # noqa: N802 - aiosmtpd names it so
        """Greet."""
        await super().smtp_EHLO(arg)

    async def smtp_HELO(self, arg: str) -> None:  # noqa: N802
        """Refuse SMTP's greeting: nothing of it would fit afterwards."""
        del arg
        await self.push(LMTP_ONLY)

    async def smtp_EHLO(self, arg: str) -> None:  # noqa: N802
        """Refuse SMTP's greeting."""
        del arg
        await self.push(LMTP_ONLY)


class TurnedAway(asyncio.Protocol):
    """Answers a session that would be one too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Answer and close."""
        if isinstance(transport, asyncio.WriteTransport):
            transport.write(BUSY.encode() + b"\r\n")
        transport.close()
