"""What an Open311 server tells: services, cases, updates."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.simulator.cases import Case, CaseBook, StatusChange
from hub.simulator.faults import Fault
from hub.simulator.misbehaviour import Answer
from hub.simulator.open311_form import DATE, KEY
from hub.simulator.open311_profile import Open311Profile
from hub.simulator.open311_wire import Records, listing, single
from hub.simulator.profiles import WIB
from hub.simulator.updates import CLOCK_ERROR

LONGEST = timedelta(days=90)
CORRUPT = {"status": "fixed", "update_id": "0", "updated_datetime": "kemarin sore"}


class RefusalError(Exception):
    """The request is answered with an error."""

    def __init__(self, status: int, *why: str) -> None:
        super().__init__(status, why)
        self.status = status
        self.why = why


class Listings:
    """Answers what is asked, in the way of the profile."""

    def __init__(
        self, profile: Open311Profile, book: CaseBook, now: Callable[[], datetime]
    ) -> None:
        self._profile = profile
        self._book = book
        self._now = now
        self.listed: set[str] = set()
        """Ids of the changes that a client was told of."""
        self.marks: dict[str, Fault] = {}
        """Change -> how telling of it goes wrong."""

    def services(self, form: str) -> Answer:
        """Name every service."""
        records = [
            {
                "service_code": code,
                "service_name": name,
                "description": name,
                "metadata": "true" if self._profile.declares_key else "false",
                "type": "realtime",
                "keywords": "",
                "group": "Air minum",
            }
            for code, name in self._profile.services.items()
        ]
        return self.answer(form, "services", "service", records)

    def definition(self, form: str, code: str) -> Answer:
        """Describe a service's attributes."""
        if code not in self._profile.services:
            raise RefusalError(404, "unknown service")
        key = {
            "variable": "false",
            "code": KEY,
            "datatype": "string",
            "required": "true",
            "datatype_description": "",
            "order": 1,
            "description": "external system ID",
            "automated": "server_set",
        }
        attributes = [key] if self._profile.declares_key else []
        record = {"service_code": code, "attributes": attributes}
        return single(form, "service_definition", record)

    def requests(self, form: str, query: Mapping[str, str]) -> Answer:
        """List cases: those that are named, or those of a window."""
        cases = self._chosen(query)
        cases.sort(key=lambda case: case.number, reverse=self._profile.newest_first)
        size = min(int(query.get("page_size", "1000")), self._profile.page_cap)
        pages = max(1, -(-len(cases) // size))
        page = 1 if self._profile.ignores_pages else int(query.get("page", "1"))
        if page > pages and self._profile.repeats_last_page:
            page = pages
        records = [self._case_record(c) for c in cases[(page - 1) * size : page * size]]
        return self.answer(form, "service_requests", "request", records)

    def _chosen(self, query: Mapping[str, str]) -> list[Case]:
        if ids := query.get("service_request_id", ""):
            return self._named(ids.split(","))
        start, end = self._window(query, LONGEST)
        codes = set(filter(None, query.get("service_code", "").split(",")))
        return [
            case
            for case in self._book.cases
            if start <= case.created_at <= end
            and (not codes or case.body["service_code"][0] in codes)
        ]

    def _named(self, ids: list[str]) -> list[Case]:
        known = {case.nomor: case for case in self._book.cases}
        unknown = [nomor for nomor in ids if nomor not in known]
        if unknown and self._profile.fails_on_unknown_ids:
            raise RefusalError(500, "internal error")
        if len(unknown) == len(ids):
            raise RefusalError(404, "service_request_id not found")
        return [known[nomor] for nomor in ids if nomor in known]

    def _case_record(self, case: Case) -> dict[str, Any]:
        for change in case.history:
            self.listed.add(change.event_id)
        last = case.history[-1] if case.history else None
        record: dict[str, Any] = {
            "service_request_id": case.nomor,
            "status": last.word if last else "open",
            "status_notes": last.note if last else "",
            "service_code": case.body["service_code"][0],
            "description": case.body["description"][0],
            "agency_responsible": self._profile.title,
            "media_url": self._media(case.body.get("media_url", [])),
        }
        if self._profile.declares_key:
            record[KEY] = case.kunci
        if not self._profile.hides_datetimes:
            record["requested_datetime"] = _write(case.created_at)
            record["updated_datetime"] = _write(
                self._time(last) if last else case.created_at
            )
        return record

    def _media(self, urls: list[str]) -> Any:
        if self._profile.media_as_objects:
            return [{"url": url} for url in urls]
        return urls if len(urls) > 1 else "".join(urls)

    def updates(self, form: str, query: Mapping[str, str]) -> Answer:
        """List what happened in a window, the oldest first."""
        start, end = self._window(query, timedelta(days=1))
        told: list[tuple[datetime, bool, str, StatusChange]] = []
        for case in self._book.cases:
            for change in case.history:
                at = self._time(change).replace(microsecond=0)
                late = self.marks.get(change.event_id) is Fault.OUT_OF_ORDER_UPDATES
                if start <= at <= end:
                    told.append((at, late, case.nomor, change))
        told.sort(key=lambda row: (row[1], row[0], row[3].urutan))
        records: list[dict[str, Any]] = []
        for at, _, nomor, change in told[: self._profile.page_cap]:
            self.listed.add(change.event_id)
            record = {
                "update_id": change.event_id,
                "service_request_id": nomor,
                "status": change.word,
                "updated_datetime": _write(at),
                "description": change.note,
                "media_url": "",
            }
            mark = self.marks.get(change.event_id)
            records += [dict(CORRUPT)] if mark is Fault.CORRUPT_ITEM else []
            records += [record] * (2 if mark is Fault.DUPLICATE_UPDATES else 1)
        return self.answer(form, "service_request_updates", "request_update", records)

    def answer(
        self, form: str, root: str, item: str, records: Records, status: int = 200
    ) -> Answer:
        """Answer records, in the form and the wrapping of the profile."""
        wrapped = self._profile.wraps_json
        return listing(form, root, item, records, wrapped=wrapped, status=status)

    def _time(self, change: StatusChange) -> datetime:
        wrong = self.marks.get(change.event_id) is Fault.CLOCK_WRONG
        return change.waktu + CLOCK_ERROR if wrong else change.waktu

    def _window(
        self, query: Mapping[str, str], longest: timedelta
    ) -> tuple[datetime, datetime]:
        end = self._date(query.get("end_date", "")) or self._now()
        start = self._date(query.get("start_date", "")) or end - longest
        return start, end

    def _date(self, text: str) -> datetime | None:
        if not text:
            return None
        if not DATE.fullmatch(text):
            status = 500 if self._profile.fails_on_fractions else 400
            raise RefusalError(
                status, "a date is not as W3C writes it, in whole seconds"
            )
        return datetime.fromisoformat(text)


def _write(at: datetime) -> str:
    return at.astimezone(UTC).astimezone(WIB).isoformat(timespec="seconds")
