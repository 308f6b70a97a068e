"""The REST API of an agency's own system, in the dialect of its profile."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hub.simulator.cases import Case, CaseBook, UnknownCase
from hub.simulator.misbehaviour import Answer
from hub.simulator.profiles import AgencyProfile
from hub.simulator.server import RecordedRequest
from hub.simulator.tickets import Tickets

CASES = "/api/laporan"
EVENTS = "/api/peristiwa"
QUEUE = "/api/antrian/"
EVENTS_OF_CASE = re.compile(r"/api/laporan/(?P<nomor>.+)/peristiwa")

NOT_HERE = Answer.of(404, {"error": "tidak ditemukan"})


class AgencyApi:
    """Answers requests out of the case book and files what they bring."""

    def __init__(
        self,
        profile: AgencyProfile,
        book: CaseBook,
        token: str,
        *,
        tickets: Tickets,
        on_case: Callable[[Case], None],
        on_events: Callable[[str, Sequence[Mapping[str, Any]]], None],
    ) -> None:
        self._profile = profile
        self._book = book
        self._token = token
        self._tickets = tickets
        self._on_case = on_case
        self._on_events = on_events

    def answer(self, request: RecordedRequest) -> Answer:
        """Do what the request asks for."""
        if not request.bears(self._token):
            return Answer.of(401, {"error": "token tidak dikenal"})
        if request.method == "GET":
            return self._look_up(request)
        return self._take(request)

    def _look_up(self, request: RecordedRequest) -> Answer:
        if request.path.startswith(QUEUE):
            return self._ticket(request.path.removeprefix(QUEUE))
        find = {CASES: self._book.find, EVENTS: self._book.find_events}.get(
            request.path
        )
        if find is None or not self._profile.finds:
            return NOT_HERE
        # The search screen of every agency says `nomor`, whatever its dialect.
        name = self._profile.answer_reference
        found = find(request.query.get("kunci", ""))
        data = [{"nomor": nomor, name: nomor} for nomor in found]
        return Answer.of(200, {"data": data})

    def _ticket(self, ticket: str) -> Answer:
        nomor = self._tickets.ask(ticket)
        if nomor is None:
            return NOT_HERE
        data = {self._profile.answer_reference: nomor} if nomor else {}
        return Answer.of(200, {"data": data})

    def _take(self, request: RecordedRequest) -> Answer:
        kunci = request.headers.get("idempotency-key", "")
        if not kunci:
            return Answer.of(400, {"error": "Idempotency-Key wajib diisi"})
        try:
            body = request.json()
        except json.JSONDecodeError:
            body = None
        if not isinstance(body, dict):
            return Answer.of(400, {"error": "bukan objek JSON"})
        if request.path == CASES:
            return self._take_case(kunci, body)
        if match := EVENTS_OF_CASE.fullmatch(request.path):
            return self._take_events(match["nomor"], kunci, body)
        return NOT_HERE

    def _take_case(self, kunci: str, body: Mapping[str, Any]) -> Answer:
        missing = [name for name in self._profile.required if not body.get(name)]
        if missing:
            return _refused(dict.fromkeys(missing, "wajib diisi"))
        case, new = self._book.open(kunci, body)
        if new:
            self._on_case(case)
        if self._tickets.asks:
            ticket = self._tickets.give(case.nomor)
            return Answer.of(202, {"data": {"tiket": ticket}})
        data = {self._profile.answer_reference: case.nomor}
        return Answer.of(201 if new else 200, {"data": data})

    def _take_events(self, nomor: str, kunci: str, body: Mapping[str, Any]) -> Answer:
        events = body.get("peristiwa")
        if not isinstance(events, list) or not all(
            isinstance(event, dict) and event.get("jenis") and event.get("id")
            for event in events
        ):
            return _refused({"peristiwa": "daftar {jenis, id, ...} wajib diisi"})
        try:
            added = self._book.add_events(nomor, kunci, events)
        except UnknownCase:
            return NOT_HERE
        if added:
            self._on_events(nomor, added)
        return Answer.of(200, {"data": {"diterima": len(events)}})


def _refused(errors: dict[str, str]) -> Answer:
    return Answer.of(422, {"errors": errors})
