"""An Open311 GeoReport v2 server over a case book, in the mySociety dialect."""

import re
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from hub.simulator.cases import Case, CaseBook, UnknownCase
from hub.simulator.misbehaviour import Answer
from hub.simulator.open311_form import (
    CASE_FIELDS,
    DATE,
    KEY,
    UPDATE_FIELDS,
    Form,
    attribute,
    first,
    place_faults,
    read_form,
    strange,
)
from hub.simulator.open311_listings import Listings, RefusalError
from hub.simulator.open311_profile import Open311Profile
from hub.simulator.open311_wire import ERROR_PAGE
from hub.simulator.server import RecordedRequest

BASE = "/open311/v2/"
ROUTE = re.compile(
    BASE + r"(?P<what>[a-z]+)(/(?P<name>[^/]+))?\.(?P<form>xml|json)", re.ASCII
)
UPDATE_WORDS = frozenset(
    {
        *("OPEN", "CLOSED", "FIXED", "IN_PROGRESS", "INVESTIGATING", "PLANNED"),
        *("ACTION_SCHEDULED", "DUPLICATE", "NOT_COUNCILS_RESPONSIBILITY", "REOPEN"),
        *("NO_FURTHER_ACTION", "INTERNAL_REFERRAL", "FOR_TRIAGE", "CANCELLED"),
        "UNCHANGED",
    }
)


class Open311Api:
    """Answers requests out of the case book and files what they bring."""

    def __init__(
        self,
        profile: Open311Profile,
        book: CaseBook,
        api_key: str,
        *,
        on_case: Callable[[Case], None],
        on_update: Callable[[Case, str], None],
        now: Callable[[], datetime],
    ) -> None:
        self._profile = profile
        self._book = book
        self._api_key = api_key
        self._on_case = on_case
        self._on_update = on_update
        self._lock = threading.Lock()
        self._asked_tokens: set[str] = set()
        self.listings = Listings(profile, book, now)

    def answer(self, request: RecordedRequest) -> Answer:
        """Do what the request asks for."""
        match = ROUTE.fullmatch(request.path)
        if match is None:
            return self._refuse("xml", RefusalError(404, "nothing is here"))
        try:
            name = match["name"] or ""
            if request.method == "POST":
                return self._post(request, match["what"], name, match["form"])
            return self._get(request.query, match["what"], name, match["form"])
        except RefusalError as refusal:
            return self._refuse(match["form"], refusal)

    def _refuse(self, form: str, refusal: RefusalError) -> Answer:
        if self._profile.html_errors:
            return Answer(refusal.status, ERROR_PAGE, "text/html; charset=utf-8")
        errors = [{"code": refusal.status, "description": w} for w in refusal.why]
        return self.listings.answer(form, "errors", "error", errors, refusal.status)

    def _get(self, query: Mapping[str, str], what: str, name: str, form: str) -> Answer:
        self._check_jurisdiction(query.get("jurisdiction_id", ""))
        match (what, name):
            case ("services", ""):
                return self.listings.services(form)
            case ("services", code):
                return self.listings.definition(form, code)
            case ("tokens", token):
                return self._token(form, token)
            case ("requests", nomor):
                named = {"service_request_id": nomor} if nomor else {}
                return self.listings.requests(form, {**query, **named})
            case ("servicerequestupdates", ""):
                self._check_key(query.get("api_key", ""))
                return self.listings.updates(form, query)
            case _:
                raise RefusalError(404, "nothing is here")

    def _post(
        self, request: RecordedRequest, what: str, name: str, form: str
    ) -> Answer:
        posted = read_form(request)
        self._check_jurisdiction(first(posted, "jurisdiction_id"))
        self._check_key(first(posted, "api_key"))
        if (what, name) == ("requests", ""):
            return self._file(form, posted)
        if (what, name) == ("servicerequestupdates", "") and self._takes_updates:
            return self._take_update(form, posted)
        raise RefusalError(404, "nothing is here")

    @property
    def _takes_updates(self) -> bool:
        return self._profile.takes_updates

    def _file(self, form: str, posted: Form) -> Answer:
        faults = [f"unknown field {name}" for name in strange(posted, CASE_FIELDS)]
        faults += [f"{n} is required" for n in self._required if not first(posted, n)]
        faults += place_faults(posted)
        kunci = attribute(posted, KEY)
        if self._profile.declares_key and not kunci:
            faults.append(f"attribute[{KEY}] is required")
        if faults:
            raise RefusalError(400, *faults)
        if first(posted, "service_code") not in self._profile.services:
            raise RefusalError(404, "unknown service")
        if self._profile.zero_id:
            return self._filed(form, {"service_request_id": 0})
        body = {name: list(values) for name, values in posted.items()}
        body.pop("api_key", None)
        with self._lock:
            unkeyed = f"unkeyed-{len(self._book.cases)}"
            case, new = self._book.open(kunci or unkeyed, body)
        if new:
            self._on_case(case)
        if self._profile.gives_tokens:
            return self._filed(form, {"token": f"tk-{case.nomor}"})
        return self._filed(form, {"service_request_id": case.nomor})

    @property
    def _required(self) -> tuple[str, ...]:
        return self._profile.required

    def _filed(self, form: str, record: Mapping[str, Any]) -> Answer:
        return self.listings.answer(form, "service_requests", "request", [record], 201)

    def _token(self, form: str, token: str) -> Answer:
        nomor = token.removeprefix("tk-")
        self._case(nomor)
        ready = token in self._asked_tokens
        self._asked_tokens.add(token)
        record = {"token": token, "service_request_id": nomor if ready else ""}
        return self.listings.answer(form, "service_requests", "request", [record])

    def _take_update(self, form: str, posted: Form) -> Answer:
        faults = [f"unknown field {name}" for name in strange(posted, UPDATE_FIELDS)]
        needed = ("service_request_id", "update_id", "status", "updated_datetime")
        faults += [
            f"{n} is required" for n in (*needed, "description") if not first(posted, n)
        ]
        if first(posted, "status") not in UPDATE_WORDS:
            faults.append("status is not one of ours")
        if not DATE.fullmatch(first(posted, "updated_datetime")):
            faults.append("updated_datetime is no date of W3C in whole seconds")
        if faults:
            raise RefusalError(400, *faults)
        update_id, status = first(posted, "update_id"), first(posted, "status")
        event = {
            "id": update_id,
            "jenis": "update",
            "status": status,
            "waktu": first(posted, "updated_datetime"),
            "isi": first(posted, "description"),
        }
        nomor = first(posted, "service_request_id")
        try:
            added = self._book.add_events(nomor, update_id, [event])
        except UnknownCase:
            raise RefusalError(404, "service_request_id not found") from None
        if not added:
            raise RefusalError(400, "Bad request: already exists")
        self._on_update(self._case(nomor), status)
        return self.listings.answer(
            form,
            "service_request_updates",
            "request_update",
            [{"update_id": update_id}],
            201,
        )

    def _case(self, nomor: str) -> Case:
        for case in self._book.cases:
            if case.nomor == nomor:
                return case
        raise RefusalError(404, "not found")

    def _check_jurisdiction(self, said: str) -> None:
        if not said:
            raise RefusalError(400, "jurisdiction_id is required")
        if said != self._profile.jurisdiction:
            raise RefusalError(404, "unknown jurisdiction_id")

    def _check_key(self, said: str) -> None:
        if said != self._api_key:
            raise RefusalError(403, "api_key is missing or unknown")
