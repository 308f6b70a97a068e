"""What each fault does to one HTTP exchange, down to the socket."""

import json
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from hub.simulator.faults import Fault, Timing

LOGIN_PAGE = (
    b"<!doctype html><html><head><title>Masuk</title></head><body>"
    b"<form method=post><input name=sandi type=password></form></body></html>"
)
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with no time to linger: closing sends a reset."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, status: int, value: object) -> "Answer":
        """Make an answer with a JSON body."""
        return cls(status, json.dumps(value, ensure_ascii=False).encode())

    def on_the_wire(self) -> bytes:
        """Return all bytes of the answer; the connection ends after it."""
        lines = [
            f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}",
            f"Content-Type: {self.content_type}",
            f"Content-Length: {len(self.body)}",
            "Connection: close",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


def _instead(fault: Fault, timing: Timing) -> Answer | None:
    """Return what is answered in place of any work."""
    later = {"Retry-After": str(timing.retry_after_seconds)}
    return {
        Fault.ERROR_500: Answer.of(500, {"error": "galat internal"}),
        Fault.THROTTLED_429: replace(Answer.of(429, {}), headers=later),
        Fault.TOO_LARGE_413: Answer.of(413, {"error": "terlalu besar"}),
        Fault.UNAVAILABLE_503: replace(Answer.of(503, {}), headers=later),
        Fault.HTML_PAGE: Answer(200, LOGIN_PAGE, "text/html; charset=utf-8"),
    }.get(fault)


class Wire:
    """The server's end of one connection. No method raises when the client left."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def send(self, answer: Answer) -> None:
        """Send the answer."""
        with suppress(OSError):
            self._connection.sendall(answer.on_the_wire())

    def drip(self, answer: Answer, *, seconds_per_byte: float) -> None:
        """Send the answer byte by byte, until the client leaves."""
        with suppress(OSError):
            for byte in answer.on_the_wire():
                self._connection.sendall(bytes([byte]))
                if not self.wait(seconds_per_byte):
                    return

    def wait(self, seconds: float) -> bool:
        """Wait; return False as soon as the client leaves or the server stops."""
        end = time.monotonic() + seconds
        usual = self._connection.gettimeout()
        try:
            while (left := end - time.monotonic()) > 0:
                self._connection.settimeout(left)
                if not self._connection.recv(1, socket.MSG_PEEK):
                    return False
                time.sleep(min(left, 0.05))
        except TimeoutError:
            pass
        except OSError:
            return False
        self._connection.settimeout(usual)
        return True

    def reset(self) -> None:
        """Cut the connection with a reset in place of a proper end."""
        with suppress(OSError):
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            # The readers around the socket would keep a mere close() waiting.
            socket.close(self._connection.detach())


def play(fault: Fault, wire: Wire, work: Callable[[], Answer], timing: Timing) -> None:
    """Go through one exchange in the way of the fault."""
    if instead := _instead(fault, timing):
        wire.send(instead)
        return
    match fault:
        case Fault.SLOW:
            if wire.wait(timing.slow_seconds):
                wire.send(work())
        case Fault.HANG:
            wire.wait(timing.hang_seconds)
        case Fault.TIMEOUT_AFTER_COMMIT:
            work()
            wire.wait(timing.hang_seconds)
        case Fault.RESET_AFTER_COMMIT:
            work()
            wire.reset()
        case Fault.DRIP:
            wire.drip(work(), seconds_per_byte=timing.drip_seconds)
        case Fault.GARBAGE:
            whole = work()
            wire.send(replace(whole, body=whole.body[: len(whole.body) * 2 // 3]))
        case _:
            wire.send(work())
