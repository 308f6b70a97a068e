"""A proxy between a system and an agency that breaks single calls on request.

It has real sockets, so that every fault shows against any HTTP sandbox without its
help: what the agency did is done, what the hub hears of it is the fault's.
"""

import re
import socket
import struct
import threading
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from enum import StrEnum
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self, cast
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import httpx2

LOOPBACK = "127.0.0.1"
HOLD_SECONDS = 30.0
DRIP_SECONDS = 0.1
FORWARD_SECONDS = 60.0
CLOSING_SECONDS = 0.02
"""How often it looks whether it is to close."""
RETRY_AFTER_SECONDS = 7
PORTS = {"http": 80, "https": 443, "amqp": 5672, "amqps": 5671}
SECRET_CHARACTERS_MIN = 4
"""A shorter one is in many texts that are no secret."""
LOGIN_PAGE = b"<!doctype html><title>Masuk</title><form><input type=password></form>"
CREDENTIALS = frozenset(
    {"authorization", "x-api-key", "api-key", "apikey", "x-token", "token", "cookie"}
)
"""Headers by which a caller is known; taken away where a call is to be unknown, with
whatever header or parameter holds a secret."""
_NOT_FORWARDED = frozenset({"host", "connection", "content-length"})
_NOT_TOLD = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "keep-alive",
        "set-cookie",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers of an answer that are of one connection, or of its encoding."""
_FIELD = re.compile(rb"(?<![^&?])(?:api_key|apikey|access_token)=[^&]*&?")
"""A form's field that proves who calls."""
_FORM = "application/x-www-form-urlencoded"
_READING = frozenset({"GET", "HEAD"})
_RESET = struct.pack("ii", 1, 0)


class Break(StrEnum):
    """How one call goes wrong."""

    ANSWER_LOST = "answer_lost"
    """The agency does it; nothing comes back."""
    SLOW = "slow"
    """The answer comes late, and in time."""
    DRIP = "drip"
    """The answer comes a byte at a time."""
    RESET = "reset"
    """The agency does it; the connection is reset."""
    THROTTLED = "throttled"
    """429 with Retry-After; the agency is not asked."""
    UNAVAILABLE = "unavailable"
    """503 with Retry-After; the agency is not asked."""
    SERVER_ERROR = "server_error"
    """500; the agency is not asked."""
    TOO_LARGE = "too_large"
    """413; the agency is not asked."""
    BAD_JSON = "bad_json"
    """The agency does it; its answer breaks off."""
    LOGIN_PAGE = "login_page"
    """200 with a page for people; the agency is not asked."""
    EXPIRED = "expired"
    """401; the agency is not asked."""
    NOBODY = "nobody"
    """The agency is asked without anything that proves who calls."""


_LATER = {"Retry-After": str(RETRY_AFTER_SECONDS)}
_INSTEAD: Mapping[Break, tuple[int, bytes, Mapping[str, str]]] = {
    Break.THROTTLED: (429, b"{}", _LATER),
    Break.UNAVAILABLE: (503, b"{}", _LATER),
    Break.SERVER_ERROR: (500, b'{"error": "internal"}', {}),
    Break.TOO_LARGE: (413, b'{"error": "too large"}', {}),
    Break.LOGIN_PAGE: (200, LOGIN_PAGE, {"Content-Type": "text/html"}),
    Break.EXPIRED: (401, b'{"error": "expired"}', {}),
}
_WITHHELD = frozenset({Break.ANSWER_LOST, Break.RESET})


class FaultProxy:
    """Forwards to one address; `next_call` breaks the next call only."""

    def __init__(
        self, upstream: str, *, slow_seconds: float, secrets: Collection[str] = ()
    ) -> None:
        self._secrets = [one for one in secrets if len(one) >= SECRET_CHARACTERS_MIN]
        self.slow_seconds = slow_seconds
        self.stripped = False
        """The last call without credentials had some that were taken away."""
        self._upstream = upstream.rstrip("/")
        self._lock = threading.Lock()
        self._next: Break | None = None
        self._writes_before = 0
        self._ended = threading.Event()
        self._client = httpx2.Client(timeout=FORWARD_SECONDS, trust_env=False)
        self._server = _Server((LOOPBACK, 0), _Handler)
        self._server.owner = self

    @property
    def url(self) -> str:
        """The address that stands for the agency's."""
        return f"http://{LOOPBACK}:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        serving = partial(self._server.serve_forever, poll_interval=CLOSING_SECONDS)
        threading.Thread(target=serving, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._client.close()

    def next_call(self, fault: Break | None, *, writes_before: int = 0) -> None:
        """Let the next call go wrong this way; None takes an order back.

        So many calls that write something go well before.
        """
        with self._lock:
            self._next, self._writes_before = fault, writes_before

    def serve(self, handler: "_Handler", body: bytes) -> None:
        """Go through one call."""
        fault = self._due(handler.command)
        if fault is not None and fault in _INSTEAD:
            handler.answer(*_INSTEAD[fault])
            return
        headers = {k: v for k, v in handler.headers.items() if _passes(k)}
        path = handler.path
        if fault is Break.NOBODY:
            kept, target = self._unknown(headers, handler.path)
            had = body
            if _is_form(headers):
                body = _FIELD.sub(b"", body)
            self.stripped = (kept, target, body) != (headers, handler.path, had)
            headers, path = kept, target
        try:
            got = self._client.request(
                handler.command,
                self._upstream + path,
                headers=headers,
                content=body,
            )
        except httpx2.HTTPError:
            handler.reset()
            return
        told = _told(dict(got.headers), self._upstream, self.url)
        self._tell(fault, handler, (got.status_code, got.content, told))

    def _due(self, method: str) -> Break | None:
        with self._lock:
            if self._writes_before:
                self._writes_before -= method not in _READING
                return None
            fault, self._next = self._next, None
            return fault

    def _unknown(
        self, headers: Mapping[str, str], path: str
    ) -> tuple[dict[str, str], str]:
        """Leave out what proves who calls: in headers, and in the address."""
        kept = {
            name: value
            for name, value in headers.items()
            if name.lower() not in CREDENTIALS and not self._is_secret(value)
        }
        before, _, query = path.partition("?")
        named = parse_qsl(query, keep_blank_values=True)
        open_ = [(name, value) for name, value in named if not self._is_secret(value)]
        if open_ == named:
            return kept, path
        return kept, f"{before}?{urlencode(open_, quote_via=quote)}"

    def _is_secret(self, value: str) -> bool:
        return any(secret in value for secret in self._secrets)

    def _tell(
        self,
        fault: Break | None,
        handler: "_Handler",
        got: tuple[int, bytes, Mapping[str, str]],
    ) -> None:
        status, content, told = got
        if fault in _WITHHELD:
            if fault is Break.ANSWER_LOST:
                handler.wait_for_the_caller(HOLD_SECONDS)
            handler.reset()
            return
        if fault is Break.SLOW:
            self._ended.wait(self.slow_seconds)
        if fault is Break.BAD_JSON:
            content = content[: len(content) * 2 // 3]
        pause = self._ended.wait if fault is Break.DRIP else None
        handler.answer(status, content, told, pause)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    owner: FaultProxy


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = FORWARD_SECONDS

    def handle_call(self) -> None:
        self.close_connection = True
        length = int(self.headers.get("Content-Length") or 0)
        cast("_Server", self.server).owner.serve(self, self.rfile.read(length))

    do_GET = handle_call  # noqa: N815
    do_POST = handle_call  # noqa: N815
    do_PUT = handle_call  # noqa: N815
    do_PATCH = handle_call  # noqa: N815
    do_DELETE = handle_call  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay silent."""

    def answer(
        self,
        status: int,
        content: bytes,
        headers: Mapping[str, str],
        pause: Callable[[float], object] | None = None,
    ) -> None:
        """Send an answer, byte by byte where there is a pause between them."""
        lines = [f"HTTP/1.1 {status} -", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(content)}", "", ""]
        whole = "\r\n".join(lines).encode("latin-1", "replace") + content
        with suppress(OSError):
            if pause is None:
                self.wfile.write(whole)
                return
            for byte in whole:
                self.wfile.write(bytes([byte]))
                pause(DRIP_SECONDS)

    def wait_for_the_caller(self, seconds: float) -> None:
        """Wait until the caller leaves."""
        with suppress(OSError):
            self.connection.settimeout(seconds)
            self.connection.recv(1)

    def reset(self) -> None:
        """Cut the connection without an answer."""
        with suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.connection.shutdown(socket.SHUT_RDWR)


def _is_form(headers: Mapping[str, str]) -> bool:
    kinds = [v for k, v in headers.items() if k.lower() == "content-type"]
    return any(kind.startswith(_FORM) for kind in kinds)


def _passes(header: str) -> bool:
    return header.lower() not in _NOT_FORWARDED


def _told(headers: Mapping[str, str], upstream: str, here: str) -> dict[str, str]:
    """Give back what a file may rely on; what leads on leads here again."""
    told = {k: v for k, v in headers.items() if k.lower() not in _NOT_TOLD}
    for name in told.keys() & {"link", "location"}:
        told[name] = told[name].replace(upstream, here)
    return told


def reachable(url: str, seconds: float) -> str:
    """Say why nobody listens at an address; empty where somebody does."""
    parts = urlsplit(url)
    port = parts.port or PORTS.get(parts.scheme, 80)
    try:
        socket.create_connection((parts.hostname or "", port), seconds).close()
    except OSError as error:
        return f"{parts.hostname}:{port}: {error.strerror or error}"
    return ""
