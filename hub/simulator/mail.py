"""The sink for mails that the hub sends to citizens: a real SMTP server."""

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from hub.simulator.misbehaviour import RESET
from hub.simulator.ports import LOOPBACK, open_on_free_port

SIZE_MAX = 50_000_000
END_SECONDS = 5


@dataclass(frozen=True)
class MailMessage:
    """One mail as the sink took it."""

    mail_from: str
    rcpt_tos: tuple[str, ...]
    message_id: str
    in_reply_to: str
    references: str
    reply_to: str
    subject: str
    text: str = field(repr=False)
    raw: bytes = field(repr=False)
    received_at: datetime

    def header(self, name: str) -> str:
        """Return any other header, decoded; empty when it is missing."""
        return _header(_parse(self.raw), name)


class MailSink:
    """Takes mails, counts those that came twice, and fails on demand.

    It comes back on the same port after `stop`.
    """

    def __init__(self, *, port: int = 0) -> None:
        self.port = port
        self._lock = threading.Lock()
        self._messages: list[MailMessage] = []
        self._refuse = self._drop = 0
        self._slow_seconds = 0.0
        self._door: _Door | None = None
        self._watchers: list[Callable[[MailMessage], None]] = []

    def watch(self, watcher: Callable[[MailMessage], None]) -> None:
        """Call `watcher` with every mail that is taken; it must not wait."""
        self._watchers.append(watcher)

    @property
    def address(self) -> str:
        """Where it listens, `host:port`."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def messages(self) -> list[MailMessage]:
        """Everything that was taken, repetitions too, in order of arrival."""
        with self._lock:
            return list(self._messages)

    @property
    def distinct(self) -> list[MailMessage]:
        """The first mail of each Message-ID, in order of arrival."""
        return list({mail.message_id: mail for mail in self.messages[::-1]}.values())[
            ::-1
        ]

    @property
    def wire_duplicates(self) -> int:
        """How many mails came with a Message-ID that had come before."""
        ids = Counter(mail.message_id for mail in self.messages)
        return ids.total() - len(ids)

    def received(self, address: str) -> list[MailMessage]:
        """Return the mails to an address, each Message-ID once."""
        wanted = address.casefold()
        return [
            mail
            for mail in self.distinct
            if wanted in (rcpt.casefold() for rcpt in mail.rcpt_tos)
        ]

    def refuse_next(self, times: int) -> None:
        """Answer 451 to the next mails and take none of them."""
        with self._lock:
            self._refuse = times

    def drop_next(self, times: int) -> None:
        """Take the next mails and reset their connections in place of an answer."""
        with self._lock:
            self._drop = times

    def slow(self, seconds: float) -> None:
        """Answer to each mail only after so many seconds."""
        self._slow_seconds = seconds

    def clear(self) -> None:
        """End all faults."""
        with self._lock:
            self._refuse = self._drop = 0
            self._slow_seconds = 0.0

    def start(self) -> None:
        """Begin to listen."""
        if self.port:
            self._door = _open(self, self.port)
        else:
            self._door = open_on_free_port(lambda port: _open(self, port))
            self.port = self._door.port

    def stop(self) -> None:
        """Stop listening and cut every connection."""
        if self._door is not None:
            self._door.close()
            self._door = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def handle_DATA(  # noqa: N802 - aiosmtpd looks for this name
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Take one mail, or do what the faults say."""
        if self._slow_seconds:
            await asyncio.sleep(self._slow_seconds)
        if self._spend("_refuse"):
            return "451 4.3.0 try again later"
        taken = _read(envelope)
        with self._lock:
            self._messages.append(taken)
        for watcher in self._watchers:
            watcher(taken)
        if self._spend("_drop"):
            _reset(server)
        return "250 2.0.0 taken"

    def _spend(self, counter: str) -> bool:
        with self._lock:
            left: int = getattr(self, counter)
            setattr(self, counter, max(left - 1, 0))
            return left > 0


class _Protocol(SMTP):
    """An SMTP conversation that its door can cut."""

    door: "_Door"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.door.conversations.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self.door.conversations.discard(self)


class _Door(Controller):
    """A controller that leaves nothing open when it closes."""

    def __init__(self, sink: MailSink, port: int) -> None:
        self.conversations: set[_Protocol] = set()
        self._sink = sink
        super().__init__(
            sink, hostname=LOOPBACK, port=port, data_size_limit=SIZE_MAX, ident="sink"
        )

    def factory(self) -> SMTP:
        protocol = _Protocol(self._sink, **self.SMTP_kwargs)
        protocol.door = self
        return protocol

    def close(self) -> None:
        cut = asyncio.run_coroutine_threadsafe(self._cut(), self.loop)
        cut.result(END_SECONDS)
        self.stop()

    async def _cut(self) -> None:
        if self.server is not None:
            self.server.close()
        while self.conversations:
            for conversation in list(self.conversations):
                _abort(conversation)
            await asyncio.sleep(0.01)


def _open(sink: MailSink, port: int) -> _Door:
    door = _Door(sink, port)
    try:
        door.start()
    except OSError:
        door.loop.close()
        raise
    return door


def _reset(server: SMTP) -> None:
    if server.transport is not None:
        connection: socket.socket = server.transport.get_extra_info("socket")
        with suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    _abort(server)


def _abort(server: SMTP) -> None:
    if isinstance(server.transport, asyncio.WriteTransport):
        server.transport.abort()


def _parse(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=policy.default)


def _header(message: EmailMessage, name: str) -> str:
    return str(message.get(name, "")).strip()


def _read(envelope: Envelope) -> MailMessage:
    raw = envelope.original_content or b""
    message = _parse(raw)
    body = message.get_body(("plain", "html"))
    return MailMessage(
        mail_from=envelope.mail_from or "",
        rcpt_tos=tuple(envelope.rcpt_tos),
        message_id=_header(message, "Message-ID"),
        in_reply_to=_header(message, "In-Reply-To"),
        references=_header(message, "References"),
        reply_to=_header(message, "Reply-To"),
        subject=_header(message, "Subject"),
        text=str(body.get_content()) if body is not None else "",
        raw=raw,
        received_at=datetime.now(UTC),
    )
