"""A loopback server whose every byte is decided by the test."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

LOOPBACK = "127.0.0.1"
SECONDS_MAX = 5
"""No conversation of a test is silent for longer."""


@dataclass(frozen=True)
class Seen:
    """One request as it came in."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Behaviour = Callable[[socket.socket, Seen], None]


@dataclass
class RawServer:
    """Reads requests and lets the behaviour write whatever it likes."""

    behave: Behaviour
    port: int = 0
    host: str = LOOPBACK
    scheme: str = "http"
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


@contextmanager
def serving(
    behave: Behaviour, *, tls: ssl.SSLContext | None = None, host: str = LOOPBACK
) -> Iterator[RawServer]:
    server = RawServer(behave, host=host, scheme="https" if tls else "http")
    listener = socket.create_server((LOOPBACK, 0))
    server.port = listener.getsockname()[1]
    threads: list[threading.Thread] = []
    open_now: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            server.connections += 1
            thread = threading.Thread(
                target=_converse, args=(server, connection, tls, open_now)
            )
            threads.append(thread)
            thread.start()

    acceptor = threading.Thread(target=accept)
    acceptor.start()
    try:
        yield server
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join()
        for connection in open_now:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()


def _converse(
    server: RawServer,
    plain: socket.socket,
    tls: ssl.SSLContext | None,
    open_now: list[socket.socket],
) -> None:
    connection = plain
    connection.settimeout(SECONDS_MAX)
    try:
        if tls is not None:
            connection = tls.wrap_socket(plain, server_side=True)
        open_now.append(connection)
        while (request := _read(connection)) is not None:
            server.seen.append(request)
            server.behave(connection, request)
    except OSError:
        pass
    finally:
        connection.close()


def _read(connection: socket.socket) -> Seen | None:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            return None
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    method, target, _ = lines[0].split(" ")
    pairs = (line.split(":", 1) for line in lines[1:])
    headers = {name.lower(): value.strip() for name, value in pairs}
    while len(body) < int(headers.get("content-length", 0)):
        chunk = connection.recv(65536)
        if not chunk:
            return None
        body += chunk
    return Seen(method, target, headers, body)


def response(status: int, body: bytes = b"", **headers: str) -> bytes:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    rows = {"Content-Length": str(len(body)), **named}
    head = "".join(f"{name}: {value}\r\n" for name, value in rows.items())
    return f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + body


def says(status: int, body: bytes = b"", **headers: str) -> Behaviour:
    return writes(response(status, body, **headers))


def writes(data: bytes) -> Behaviour:
    def behave(connection: socket.socket, _: Seen) -> None:
        connection.sendall(data)

    return behave


def drips(data: bytes, *, fluently: int = 0, seconds: float = 0.05) -> Behaviour:
    """Send the first bytes at once and then one byte at a time."""

    def behave(connection: socket.socket, _: Seen) -> None:
        connection.sendall(data[:fluently])
        for byte in data[fluently:]:
            connection.sendall(bytes([byte]))
            time.sleep(seconds)

    return behave


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Behave differently at each request; the last one stays."""
    left = list(behaviours)

    def behave(connection: socket.socket, request: Seen) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(connection, request)

    return behave


def resets(connection: socket.socket, _: Seen) -> None:
    linger: Any = b"\x01\x00\x00\x00\x00\x00\x00\x00"
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    connection.close()


def hangs_up(connection: socket.socket, _: Seen) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as probe:
        port: int = probe.getsockname()[1]
    return port
