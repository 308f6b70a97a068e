"""An HTTP server that stays on its port and misbehaves on demand."""

import json
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, Self, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from hub.simulator.faults import FaultPlan
from hub.simulator.misbehaviour import Answer, Wire, play
from hub.simulator.ports import LOOPBACK, open_on_free_port

REQUESTS_KEPT = 100_000
IDLE_SECONDS = 30
"""How long a client may take to send its request."""
REOPEN_SECONDS = 5
END_SECONDS = 5
POLL_SECONDS = 0.02

_Connection = socket.socket | tuple[bytes, socket.socket]
"""What socketserver may hand over; with TCP it is always a socket."""


@dataclass(frozen=True)
class RecordedRequest:
    """One request as it came in."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """Return the parsed body; raises ValueError when it is not JSON."""
        return json.loads(self.body)

    def bears(self, token: str) -> bool:
        """Tell whether the request is authorised by this bearer token."""
        return self.headers.get("authorization") == f"Bearer {token}"


class FaultyServer:
    """Answers requests by `work`, in the way that the fault plan decides.

    It comes back on the same port after `stop`, and after the fault `down`.
    """

    def __init__(
        self,
        work: Callable[[RecordedRequest], Answer],
        faults: FaultPlan,
        *,
        port: int = 0,
    ) -> None:
        self.port = port
        self.faults = faults
        self._work = work
        self._requests: deque[RecordedRequest] = deque(maxlen=REQUESTS_KEPT)
        self._switch = threading.RLock()
        self._running = False
        self._listener: _Listener | None = None
        faults.watch(self._follow_plan)

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def requests(self) -> list[RecordedRequest]:
        """What came in so far (the last 100,000), oldest first."""
        return list(self._requests)

    def start(self) -> None:
        """Begin to listen, unless the plan says that it is down."""
        with self._switch:
            self._running = True
            if not self.port:
                self._listener = open_on_free_port(self._listen)
                self.port = self._listener.port
            self._follow_plan()

    def stop(self) -> None:
        """Stop listening, end all exchanges at once and wait for their threads.

        Raises TimeoutError when an exchange does not end.
        """
        with self._switch:
            self._running = False
            if self._listener is not None:
                self._listener.end()
            self._listener = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def converse(self, connection: socket.socket, request: RecordedRequest) -> None:
        """Go through one exchange; called by the thread of the connection."""
        self._requests.append(request)
        fault = self.faults.for_request(request.method)
        play(fault, Wire(connection), lambda: self._work(request), self.faults.timing)

    def _follow_plan(self) -> None:
        with self._switch:
            wanted = self._running and not self.faults.down
            if wanted and self._listener is None:
                self._listener = self._reopen()
            elif not wanted and self._listener is not None:
                self._listener.end()
                self._listener = None

    def _reopen(self) -> "_Listener":
        end = time.monotonic() + REOPEN_SECONDS
        while True:
            try:
                return self._listen(self.port)
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def _listen(self, port: int) -> "_Listener":
        return _Listener(self, port)


class _Listener(ThreadingMixIn, TCPServer):
    """One listening socket with the threads of its connections."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, owner: FaultyServer, port: int) -> None:
        super().__init__((LOOPBACK, port), _Handler)
        self.owner = owner
        self.port = port
        self._open: set[_Connection] = set()
        self._all_closed = threading.Condition()
        self._thread = threading.Thread(
            target=self.serve_forever,
            kwargs={"poll_interval": POLL_SECONDS},
            name=f"simulator:{port}",
            daemon=True,
        )
        self._thread.start()

    def end(self) -> None:
        """Close everything; raises TimeoutError when a connection does not end."""
        self.shutdown()
        self.server_close()
        self._thread.join()
        with self._all_closed:
            for connection in self._open:
                with suppress(OSError):
                    cast("socket.socket", connection).shutdown(socket.SHUT_RDWR)
            if not self._all_closed.wait_for(lambda: not self._open, END_SECONDS):
                msg = f"{len(self._open)} connections of port {self.port} do not end"
                raise TimeoutError(msg)

    def process_request(self, request: _Connection, client_address: object) -> None:
        with self._all_closed:
            self._open.add(request)
        super().process_request(request, client_address)

    def process_request_thread(
        self, request: _Connection, client_address: object
    ) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._all_closed:
                self._open.discard(request)
                self._all_closed.notify_all()

    def handle_error(self, request: _Connection, client_address: object) -> None:
        # A client that was killed in mid-sentence is no error of ours.
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Reads one request and hands it to the owner of the listener."""

    server: _Listener
    timeout = IDLE_SECONDS

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay silent: requests are recorded, not printed."""

    def _serve(self) -> None:
        self.close_connection = True
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            Wire(self.connection).send(Answer.of(411, {"error": "Content-Length?"}))
            return
        target = urlsplit(self.path)
        request = RecordedRequest(
            method=self.command,
            path=unquote(target.path),
            query=dict(parse_qsl(target.query)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(length)),
        )
        if len(request.body) == int(length):
            self.server.owner.converse(self.connection, request)
