"""Where a sandbox's updates arrive: the system's own doors, listeners and questions."""

import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self, cast
from urllib.parse import parse_qsl, urlsplit

from connectors.contract import (
    HttpDoor,
    HttpRequest,
    HttpResponse,
    OpenCase,
    PollAsk,
    Receiptful,
    System,
)
from connectors.errors import ConnectorError
from schemas.raw import JournalEntry, RawMessage
from schemas.updates import AgencyComplaint, AgencyUpdate, Corrupt

POLL_SECONDS = 0.3
REQUEST_SECONDS = 30
CLOSING_SECONDS = 0.02
"""How often it looks whether it is to close."""
Record = AgencyUpdate | AgencyComplaint | Corrupt


class Receiver:
    """Takes what a system's sandbox tells, by every way that the system declares."""

    def __init__(self, system: System, *, host: str, port: int) -> None:
        self._system = system
        self._raws: list[RawMessage] = []
        self._seen: set[tuple[str, bytes]] = set()
        self._came = threading.Condition()
        self._checkpoint: bytes | None = None
        self._doors = {(d.method, d.path): d for d in system.doors()}
        self._listeners = list(system.listeners())
        self.refused: list[str] = []
        """What was turned away at a door, and why."""
        self._server = _Server((host, port), _Handler)
        self._server.owner = self

    @property
    def url(self) -> str:
        """Address of the doors, without a slash at the end."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    @property
    def raws(self) -> list[RawMessage]:
        """What came so far, oldest first."""
        with self._came:
            return list(self._raws)

    def __enter__(self) -> Self:
        serving = partial(self._server.serve_forever, poll_interval=CLOSING_SECONDS)
        threading.Thread(target=serving, daemon=True).start()
        for listener in self._listeners:
            listener.start(self.accept)
        return self

    def __exit__(self, *_: object) -> None:
        for listener in self._listeners:
            listener.stop()
        self._server.shutdown()
        self._server.server_close()

    def accept(self, raw: RawMessage) -> Receiptful:
        """Keep one message; what came before is seen."""
        with self._came:
            known = (raw.source_key, raw.body) in self._seen
            self._seen.add((raw.source_key, raw.body))
            if not known:
                self._raws.append(raw)
            self._came.notify_all()
            return Receiptful(
                state="seen" if known else "new", journal_id=str(len(self._raws))
            )

    def knock(self, request: HttpRequest) -> HttpResponse:
        """Go through a door, as the hub's web process does."""
        door: HttpDoor | None = self._doors.get((request.method, request.path))
        if door is None:
            return HttpResponse(status=HTTPStatus.NOT_FOUND)
        taken = door.read(request)
        if isinstance(taken, HttpResponse):
            self.refused.append(f"{request.method} {request.path}: {taken.status}")
            return taken
        return door.answer(request, [self.accept(raw) for raw in taken.raws])

    def ask(self, references: Sequence[str]) -> str:
        """Poll once, page after page; returns why it could not."""

        def cases(after: str, count: int) -> list[OpenCase]:
            found = [
                OpenCase(position=one, reference=one) for one in sorted(references)
            ]
            return [one for one in found if one.position > after][:count]

        more = True
        while more:
            try:
                page = self._system.poll(
                    PollAsk(self._checkpoint, datetime.now(UTC), cases)
                )
            except ConnectorError as error:
                return error.why
            for raw in page.raws:
                self.accept(raw)
            self._checkpoint, more = page.checkpoint, page.more
        return ""

    def wait_for(
        self,
        enough: Callable[[Sequence[Record]], bool],
        *,
        since: int,
        seconds: float,
        references: Sequence[str] = (),
    ) -> list[Record]:
        """Wait for records that are enough; returns what came in that time.

        `since` is how many messages were there before.
        """
        end = time.monotonic() + seconds
        while True:
            before = len(self.raws)
            found = self.records(since)
            if enough(found) or time.monotonic() > end:
                return found
            if self._system.capabilities.polls:
                self.ask(references)
            self._wait_for_more_than(before)

    def _wait_for_more_than(self, before: int) -> None:
        with self._came:
            self._came.wait_for(lambda: len(self._raws) > before, POLL_SECONDS)

    def records(self, since: int) -> list[Record]:
        """Read what came after so many messages, as the hub does.

        Whoever is asked about a case says all of it each time: a record that an
        earlier answer to the same question held is not read again.
        """
        found: list[Record] = []
        known: set[tuple[str, bytes]] = set()
        for raw in self.raws[since:]:
            divided = parts(self._system, raw)
            for entry in divided:
                if (raw.source_key, entry.raw.body) not in known:
                    found += self._system.read(entry)
            known.update((raw.source_key, entry.raw.body) for entry in divided)
        return found


def read_all(system: System, raw: RawMessage) -> list[Record]:
    """Divide and read one message as the hub does."""
    return [record for part in parts(system, raw) for record in system.read(part)]


def parts(system: System, raw: RawMessage) -> Sequence[JournalEntry]:
    """Divide one message into what can be read alone."""
    whole = _entry(raw)
    bodies = system.split(whole)
    return [_entry(raw.model_copy(update={"body": body})) for body in bodies] or [whole]


def _entry(raw: RawMessage) -> JournalEntry:
    return JournalEntry(journal_id="bench", received_at=datetime.now(UTC), raw=raw)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    owner: Receiver


class _Handler(BaseHTTPRequestHandler):
    timeout = REQUEST_SECONDS

    def handle_call(self) -> None:
        target = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        request = HttpRequest(
            method=self.command,
            path=target.path,
            query=dict(parse_qsl(target.query)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
        )
        answer = cast("_Server", self.server).owner.knock(request)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = handle_call  # noqa: N815
    do_POST = handle_call  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay silent."""
