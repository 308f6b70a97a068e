"""Loopback servers whose behaviour the test writes down."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LOOPBACK = "127.0.0.1"
Talk = Callable[[socket.socket], object]


@dataclass
class TcpServer:
    """Where it listens, and what went wrong in its threads."""

    port: int
    errors: list[BaseException] = field(default_factory=list)


@contextlib.contextmanager
def tcp_server(talk: Talk) -> Iterator[TcpServer]:
    """Answer every connection by `talk`, in a thread of its own."""
    listener = socket.create_server((LOOPBACK, 0))
    server = TcpServer(listener.getsockname()[1])
    threads: list[threading.Thread] = []
    sockets: list[socket.socket] = []

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            talk(connection)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            sockets.append(connection)
            thread = threading.Thread(target=serve, args=(connection,))
            threads.append(thread)
            thread.start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join(5)
        for each in sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(5)


def free_port() -> int:
    """Name a port on which nobody listens."""
    with socket.create_server((LOOPBACK, 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


@dataclass
class HttpCall:
    """One request that the HTTP server saw."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class HttpServer:
    """A server that gives every request the same answer."""

    url: str
    calls: list[HttpCall] = field(default_factory=list)


@contextlib.contextmanager
def http_server(
    status: int, body: bytes, headers: dict[str, str] | None = None
) -> Iterator[HttpServer]:
    """Answer every POST with this status and body."""
    server = HttpServer("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            found = {name.lower(): value for name, value in self.headers.items()}
            server.calls.append(HttpCall(self.path, found, content))
            self.send_response(status)
            for name, value in {**(headers or {}), "Connection": "close"}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    http = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    server.url = f"http://{LOOPBACK}:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join(5)
        http.server_close()


@dataclass
class SmtpSink:
    """An SMTP server that keeps what it is given and answers as it is told.

    `answers` maps a step (greeting, EHLO, MAIL, RCPT, DATA, content) to a reply;
    an empty reply closes the connection there, None keeps silent.
    """

    answers: dict[str, bytes | None] = field(default_factory=dict)
    commands: list[bytes] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)

    def talk(self, connection: socket.socket) -> None:
        """Speak with one client."""
        with connection.makefile("rb") as lines:
            if not self._answer(connection, "greeting", b"220 sink\r\n"):
                return
            for line in lines:
                self.commands.append(line.rstrip())
                verb = line[:4].decode("latin-1").strip().upper()
                usual = b"354 go on\r\n" if verb == "DATA" else b"250 OK\r\n"
                if not self._answer(connection, verb, usual):
                    return
                if verb == "QUIT":
                    return
                if verb == "DATA" and not self._take_content(connection, lines):
                    return

    def _take_content(self, connection: socket.socket, lines: Iterator[bytes]) -> bool:
        if not self.answers.get("DATA", b"3").startswith(b"3"):  # type: ignore[union-attr]
            return True
        content = b""
        for line in lines:
            if line == b".\r\n":
                break
            content += line.removeprefix(b".") if line.startswith(b"..") else line
        self.mails.append(content)
        return self._answer(connection, "content", b"250 2.0.0 queued as 7\r\n")

    def _answer(self, connection: socket.socket, step: str, usual: bytes) -> bool:
        answer = self.answers.get(step, usual)
        if answer is None:
            # Silent until the client gives up.
            connection.recv(1)
            return False
        if answer:
            connection.sendall(answer)
        return bool(answer)
