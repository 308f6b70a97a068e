"""The door for SMTP and LMTP: a mail is taken with 250 only once it is committed."""

import asyncio
import logging
import socket
import ssl
import threading
from concurrent.futures import Executor, ThreadPoolExecutor

from connectors.channels.email.config import EmailConfig
from connectors.channels.email.session import (
    Handler,
    LmtpSession,
    Session,
    Sessions,
    TurnedAway,
)
from connectors.contract import Accept

ACCEPTS_AT_ONCE = 32
"""Threads that wait for a commit; the journal groups what waits together."""
PATIENCE_SECONDS = 5.0
"""How long a peer may take to read our last words when we stop."""


class SmtpListener:
    """Listens for mails on a thread of its own; a `contract.Listener`."""

    def __init__(self, config: EmailConfig) -> None:
        self._config = config
        self._address = ""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stopped = asyncio.Event()
        self._tls: ssl.SSLContext | None = None

    def start(self, accept: Accept) -> None:
        """Begin to listen.

        Raises OSError when the address cannot be taken, or the certificate not read.
        """
        self._tls = _tls(self._config)
        # At DEBUG it writes whole mails.
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        host, port = self._config.listen_host, self._config.listen_port
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=128)
        # Connections inherit it; asyncio sets it only where the protocol is named. A
        # greeting of several lines would wait 40 ms for an acknowledgement.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._address = "{}:{}".format(*listening.getsockname()[:2])
        self._stopped = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._run, args=(self._loop, listening, accept), name="smtp-listener"
        )
        self._thread.start()

    def stop(self) -> None:
        """End listening; mails that are being committed are answered first."""
        if self._loop is None or self._thread is None:
            return
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()
        self._loop.close()
        self._loop = self._thread = None

    @property
    def address(self) -> str:
        """Where it listens, `host:port`; known once it was started."""
        return self._address

    def _run(
        self, loop: asyncio.AbstractEventLoop, listening: socket.socket, accept: Accept
    ) -> None:
        asyncio.set_event_loop(loop)
        with ThreadPoolExecutor(ACCEPTS_AT_ONCE, "smtp-accept") as pool:
            loop.run_until_complete(self._serve(loop, listening, accept, pool))

    async def _serve(
        self,
        loop: asyncio.AbstractEventLoop,
        listening: socket.socket,
        accept: Accept,
        pool: Executor,
    ) -> None:
        handler = Handler(self._config, accept, pool)
        sessions = Sessions()
        speaks = LmtpSession if self._config.listen_protocol == "lmtp" else Session

        def begin() -> asyncio.BaseProtocol:
            if len(sessions.open) >= self._config.sessions_max:
                return TurnedAway()
            return speaks(handler, self._config, loop, sessions, self._tls)

        server = await loop.create_server(begin, sock=listening)
        await self._stopped.wait()
        server.close()
        await handler.finish()
        await sessions.end(PATIENCE_SECONDS)
        await server.wait_closed()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)


def _tls(config: EmailConfig) -> ssl.SSLContext | None:
    if config.tls_certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(config.tls_certificate, config.tls_key)
    return context
