"""A proxy between a system and its mail relay that breaks single mails on request.

It has real sockets and keeps what went through, so that the bench sees a mail as its
addressee does. It cannot look into TLS.
"""

import socket
import struct
import threading
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import BinaryIO, Self

LOOPBACK = "127.0.0.1"
HOLD_SECONDS = 30.0
DRIP_SECONDS = 0.1
_RESET = struct.pack("ii", 1, 0)
_CONTENT = b"."
"""Stands for the end of the content where verbs are looked up."""


class MailBreak(StrEnum):
    """How one mail goes wrong."""

    LOST = "lost"
    """The relay takes it; its answer never comes."""
    RESET = "reset"
    """The relay takes it; the connection is reset."""
    DRIP = "drip"
    """The relay takes it; its answer comes a byte at a time."""
    SLOW = "slow"
    """The answer comes late, and in time."""
    BUSY = "busy"
    """451: not now."""
    NOBODY = "nobody"
    """550 5.1.1: there is no such mailbox."""
    TOO_LARGE = "too_large"
    """552: larger than the relay takes."""
    LOGIN = "login"
    """530: it does not know who we are."""


_INSTEAD: Mapping[MailBreak, tuple[bytes, bytes]] = {
    MailBreak.BUSY: (_CONTENT, b"451 4.3.0 try again later\r\n"),
    MailBreak.NOBODY: (b"RCPT", b"550 5.1.1 no such mailbox\r\n"),
    MailBreak.TOO_LARGE: (_CONTENT, b"552 5.3.4 too large\r\n"),
    MailBreak.LOGIN: (b"MAIL", b"530 5.7.0 say who you are first\r\n"),
}
"""Break -> the verb that is answered without asking the relay, and how."""


@dataclass(frozen=True)
class Passed:
    """A mail that the relay was given."""

    sender: str
    """Of the envelope."""
    content: bytes = field(repr=False)


class MailProxy:
    """Forwards to one relay; `next_mail` breaks the next mail only."""

    def __init__(self, relay: str, *, slow_seconds: float) -> None:
        host, _, port = relay.rpartition(":")
        self._relay = (host, int(port))
        self._slow_seconds = slow_seconds
        self._lock = threading.Lock()
        self._next: MailBreak | None = None
        self._ended = threading.Event()
        self._passed: list[Passed] = []
        self._server = socket.create_server((LOOPBACK, 0))

    @property
    def address(self) -> str:
        """The address that stands for the relay's, `host:port`."""
        return f"{LOOPBACK}:{self._server.getsockname()[1]}"

    @property
    def passed(self) -> list[Passed]:
        """What the relay was given, oldest first."""
        with self._lock:
            return list(self._passed)

    def __enter__(self) -> Self:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def next_mail(self, fault: MailBreak | None) -> None:
        """Let the next mail go wrong this way; None takes an order back."""
        with self._lock:
            self._next = fault

    def _listen(self) -> None:
        while not self._ended.is_set():
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with self._lock:
            fault, self._next = self._next, None
        with suppress(OSError), closing(near):
            far = socket.create_connection(self._relay, HOLD_SECONDS)
            with closing(far):
                near.settimeout(HOLD_SECONDS)
                _Talk(self, near, far, fault).run()

    def note(self, sender: str, content: bytes) -> None:
        """Keep what the relay was given."""
        with self._lock:
            self._passed.append(Passed(sender, content))

    def pause(self, *, slow: bool) -> None:
        """Wait a little, or as long as a slow relay does."""
        self._ended.wait(self._slow_seconds if slow else DRIP_SECONDS)


class _Talk:
    """One conversation on both sides."""

    def __init__(
        self,
        owner: MailProxy,
        near: socket.socket,
        far: socket.socket,
        fault: MailBreak | None,
    ) -> None:
        self._owner = owner
        self._near, self._far = near, far
        self._from_near, self._from_far = near.makefile("rb"), far.makefile("rb")
        self._fault = fault
        self._instead = _INSTEAD.get(fault) if fault else None
        self._sender = ""

    def run(self) -> None:
        self._near.sendall(_reply(self._from_far))
        while line := self._from_near.readline():
            verb = line[:4].upper()
            if verb == b"MAIL":
                self._sender = line.partition(b"<")[2].partition(b">")[0].decode()
            if self._is_answered(verb):
                continue
            self._far.sendall(line)
            self._near.sendall(_reply(self._from_far))
            if verb == b"DATA":
                self._content()

    def _is_answered(self, verb: bytes) -> bool:
        """Answer in the relay's place where the fault says so."""
        if self._instead is None or verb != self._instead[0]:
            return False
        self._near.sendall(self._instead[1])
        return True

    def _content(self) -> None:
        lines: list[bytes] = []
        while (line := self._from_near.readline()) not in (b"", b".\r\n"):
            lines.append(line)
        if self._is_answered(_CONTENT):
            return
        self._far.sendall(b"".join(lines) + b".\r\n")
        told = _reply(self._from_far)
        content = b"".join(one.removeprefix(b".") for one in lines)
        self._owner.note(self._sender, content)
        self._tell(told)

    def _tell(self, told: bytes) -> None:
        match self._fault:
            case MailBreak.LOST:
                self._from_near.read(1)  # until the caller gives up
            case MailBreak.RESET:
                self._near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                raise ConnectionResetError
            case MailBreak.DRIP:
                for n in range(len(told)):
                    self._near.sendall(told[n : n + 1])
                    self._owner.pause(slow=False)
            case MailBreak.SLOW:
                self._owner.pause(slow=True)
                self._near.sendall(told)
            case _:
                self._near.sendall(told)


def _reply(source: BinaryIO) -> bytes:
    """Read one reply, of one line or many; raises OSError where there is none."""
    lines = b""
    while line := source.readline():
        lines += line
        if line[3:4] != b"-":
            return lines
    raise ConnectionAbortedError
