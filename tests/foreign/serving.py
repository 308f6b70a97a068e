"""A small HTTP server over a table of routes; each product writes its own."""

import json
import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.services.ports import free_ports


@dataclass(frozen=True)
class Request:
    """One request."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    at: tuple[str, ...] = ()
    """What the route's pattern found in the path."""

    def json(self) -> Any:
        """The body as JSON; raises ValueError."""
        return json.loads(self.body)

    def form(self) -> dict[str, str]:
        """The body as a form."""
        return {
            name: values[-1] for name, values in parse_qs(self.body.decode()).items()
        }


@dataclass(frozen=True)
class Answer:
    """One answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, value: Any, status: int = 200, **headers: str) -> Self:
        """Answer with JSON."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        kind = {"Content-Type": "application/json; charset=utf-8"}
        return cls(status, json.dumps(value).encode(), kind | named)


Route = tuple[str, str, Callable[[Request], Answer]]
"""Method, pattern of the whole path, what answers."""


class Product(ABC):
    """A server on a free loopback port; `routes` say what it does."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        """Every request, oldest first."""
        self.lock = threading.RLock()
        (port,) = free_ports(1)
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @abstractmethod
    def routes(self) -> list[Route]:
        """What it answers."""

    @abstractmethod
    def admits(self, request: Request) -> Answer | None:
        """Refuse who may not come in; None lets in."""

    def answer(self, request: Request) -> Answer:
        """Answer one request."""
        with self.lock:
            self.requests.append(request)
            if (refusal := self.admits(request)) is not None:
                return refusal
            for method, pattern, act in self.routes():
                match = re.fullmatch(pattern, request.path)
                if match and method == request.method:
                    return act(_with(request, match.groups()))
        return Answer(404, b"<html><body>Not Found</body></html>")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _with(request: Request, at: tuple[str, ...]) -> Request:
    return Request(
        request.method, request.path, request.query, request.headers, request.body, at
    )


def _handler(product: Product) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _act(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            parts = urlsplit(self.path)
            query = parse_qs(parts.query, keep_blank_values=True)
            request = Request(
                self.command,
                parts.path,
                {name: values[-1] for name, values in query.items()},
                {name.lower(): value for name, value in self.headers.items()},
                self.rfile.read(length),
            )
            answer = product.answer(request)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _act  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing: `requests` has it all."""

    return Handler
