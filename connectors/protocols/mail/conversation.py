"""One SMTP connection as a client; all its reads and writes share one deadline.

The timeouts of the standard library's client bound one read each, so a relay that
drips single bytes would hold a call for ever.
"""

import socket
import ssl
import time
from dataclasses import dataclass, field

_LINE_BYTES_MAX = 2000
_REPLY_LINES_MAX = 100
_RECEIVE_BYTES = 4096


class Broken(OSError):
    """The connection cannot be used any more, or the time is over."""


@dataclass(frozen=True)
class Reply:
    """What the server answered; code 0 is no SMTP."""

    code: int
    text: bytes = field(repr=False)


class Conversation:
    """Commands and replies on a socket, until `ends_at` on the monotonic clock."""

    def __init__(self, connected: socket.socket, ends_at: float) -> None:
        self._socket = connected
        self._ends_at = ends_at
        self._received = b""

    def command(self, line: str) -> Reply:
        """Send one command and read its reply; raises Broken."""
        self.send(line.encode() + b"\r\n")
        return self.reply()

    def send(self, data: bytes) -> None:
        """Send bytes as they are; raises Broken."""
        try:
            self._socket.settimeout(_seconds_left(self._ends_at))
            self._socket.sendall(data)
        except OSError as error:
            raise Broken(*error.args) from error

    def reply(self) -> Reply:
        """Read one reply of one or many lines; raises Broken."""
        lines: list[bytes] = []
        while len(lines) < _REPLY_LINES_MAX:
            line = self._line()
            if not line[:3].isdigit():
                return Reply(0, line)
            lines.append(line[4:])
            if line[3:4] != b"-":
                return Reply(int(line[:3]), b"\n".join(lines))
        return Reply(0, b"a reply without end")

    def encrypt(self, host: str) -> None:
        """Go on in TLS; raises ssl.SSLError, or Broken."""
        context = ssl.create_default_context()
        # What came in clear before the handshake may be a stranger's.
        self._received = b""
        try:
            self._socket.settimeout(_seconds_left(self._ends_at))
            self._socket = context.wrap_socket(self._socket, server_hostname=host)
        except ssl.SSLError:
            raise
        except OSError as error:
            raise Broken(*error.args) from error

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _line(self) -> bytes:
        while b"\n" not in self._received:
            if len(self._received) > _LINE_BYTES_MAX:
                msg = "a line without end"
                raise Broken(msg)
            try:
                self._socket.settimeout(_seconds_left(self._ends_at))
                chunk = self._socket.recv(_RECEIVE_BYTES)
            except OSError as error:
                raise Broken(*error.args) from error
            if not chunk:
                msg = "the server closed the connection"
                raise Broken(msg)
            self._received += chunk
        line, _, self._received = self._received.partition(b"\n")
        return line.rstrip(b"\r")


def connect(host: str, port: int, deadline_seconds: float) -> Conversation:
    """Open a connection whose whole use must end within the deadline.

    Raises Broken when no address of the name takes it.
    """
    ends_at = time.monotonic() + deadline_seconds
    failure: OSError = ConnectionError("the name has no address")
    try:
        for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            target = (str(address[0]), int(address[1]))
            try:
                opened = socket.create_connection(target, _seconds_left(ends_at))
            except OSError as error:
                failure = error
            else:
                # The end of a mail is a write of its own: it would wait for an
                # acknowledgement that is held back for 40 ms.
                opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return Conversation(opened, ends_at)
    except OSError as error:
        failure = error
    raise Broken(*failure.args) from failure


def _seconds_left(ends_at: float) -> float:
    left = ends_at - time.monotonic()
    if left <= 0:
        msg = "the deadline has passed"
        raise TimeoutError(msg)
    return left
