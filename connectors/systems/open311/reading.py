"""Cases and updates as the server tells them become updates of ours."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from connectors.protocols.open311.records import (
    RequestUpdate,
    ServiceRequest,
    read_request,
    read_update,
    request_records,
    update_records,
)
from connectors.protocols.open311.tree import NotOpen311Error, Tree, parse
from connectors.systems.open311.statuses import StatusTable
from schemas.agency import AgencyManifest
from schemas.raw import JournalEntry
from schemas.updates import AgencyUpdate, AgencyView, Corrupt

CASES, FEED = "cases", "feed"
WRAPPERS = {CASES: "request", FEED: "request_update"}
"""What a record of a page is wrapped in when it stands alone: always as JSON."""
KIND = "open311"
"""In a message's meta: whether it is a page of cases or of the feed."""
NOTICED = "noticed"
"""In a message's meta: when each case without a time of its own was seen to change."""
TEXT_CHARACTERS_MAX = 10_000
WORD_CHARACTERS_MAX = 200


class Reader:
    """Maps one agency's pages; pure."""

    def __init__(self, manifest: AgencyManifest, kind: str) -> None:
        self._zone: tzinfo = ZoneInfo(manifest.zone)
        self._table = StatusTable(manifest.statuses)
        self._kind = kind or CASES

    def split(self, entry: JournalEntry) -> list[bytes]:
        """Divide a page into bodies of one record each; [] when it cannot be."""
        kind = self._kind_of(entry)
        try:
            records = _records(parse(entry.raw.body), kind)
        except NotOpen311Error:
            return []
        return [json.dumps({WRAPPERS[kind]: [record]}).encode() for record in records]

    def read(self, entry: JournalEntry) -> list[AgencyUpdate | Corrupt]:
        """Map every record, in order; never raises for bad content."""
        kind = self._kind_of(entry)
        try:
            records = _records(parse(entry.raw.body), kind)
        except NotOpen311Error as error:
            return [Corrupt(code="malformed", why=str(error))]
        noticed = _noticed(entry.raw.meta.get(NOTICED, ""))
        if kind == FEED:
            return [self._told(read_update(one, self._zone), one) for one in records]
        cases = [read_request(one, self._zone) for one in records]
        return [self._case(case, noticed.get(case.id, "")) for case in cases]

    def views(self, tree: Tree) -> dict[str, AgencyView]:
        """Say how the cases of an answer stand, by reference."""
        cases = [read_request(one, self._zone) for one in request_records(tree)]
        return {case.id: self._view(case) for case in cases if case.id}

    def cases(self, tree: Tree) -> list[ServiceRequest]:
        """Read the cases of an answer."""
        return [read_request(one, self._zone) for one in request_records(tree)]

    def updates(self, tree: Tree) -> list[RequestUpdate]:
        """Read the updates of an answer."""
        return [read_update(one, self._zone) for one in update_records(tree)]

    def _kind_of(self, entry: JournalEntry) -> str:
        kind = entry.raw.meta.get(KIND, "")
        return kind if kind in WRAPPERS else self._kind

    def _case(self, case: ServiceRequest, noticed: str) -> AgencyUpdate | Corrupt:
        if not case.id:
            return _missing("service_request_id", "the agency's id of the case")
        # A time of its own tells one occurrence from the next; else when we saw it.
        happened = f"{case.status}@{noticed}" if noticed and not case.updated_at else ""
        return self._update(
            case.id,
            (case.status_code, case.status),
            text=case.notes,
            unit=case.agency,
            event_id=happened,
            at=case.updated_at,
        )

    def _told(
        self, update: RequestUpdate, record: Mapping[str, Any]
    ) -> AgencyUpdate | Corrupt:
        if not update.request_id:
            return _missing("service_request_id", "the agency's id of the case")
        if record.get("updated_datetime") and update.updated_at is None:
            why = "the field updated_datetime holds no time (W3C date with offset)"
            return Corrupt(code="bad_time", why=why, reference=update.request_id)
        return self._update(
            update.request_id,
            (update.status_code, update.status),
            text=update.description,
            event_id=update.update_id,
            at=update.updated_at,
            stands=False,
        )

    def _update(
        self,
        reference: str,
        words: tuple[str, str],
        *,
        text: str,
        event_id: str,
        at: datetime | None,
        unit: str = "",
        stands: bool = True,
    ) -> AgencyUpdate | Corrupt:
        told = [word for word in map(_short, words) if word]
        if not told:
            return _missing("status", "the status", reference)
        event_type = self._table.event_type(*told)
        if not event_type:
            why = (
                "the status is none of Open311 and not in [statuses] of agency.toml: "
                "add it there and replay"
            )
            return Corrupt(code="unmapped_status", why=why, reference=reference)
        try:
            return AgencyUpdate(
                reference=reference,
                event_type=event_type,
                raw_status=told[0],
                text=text[:TEXT_CHARACTERS_MAX],
                unit=_short(unit) if event_type == "unit_assigned" else "",
                event_id=event_id,
                occurred_at=at,
                stands=stands,
            )
        except ValidationError:
            why = "a field holds what no field of its kind can"
            return Corrupt(code="malformed", why=why, reference=reference)

    def _view(self, case: ServiceRequest) -> AgencyView:
        told = [word for word in map(_short, (case.status_code, case.status)) if word]
        return AgencyView(
            reference=case.id,
            raw_status=told[0] if told else "",
            event_type=self._table.event_type(*told),
            updated_at=case.updated_at,
        )


def _records(tree: Tree, kind: str) -> list[Mapping[str, Any]]:
    return update_records(tree) if kind == FEED else request_records(tree)


def _noticed(text: str) -> Mapping[str, str]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _short(word: str) -> str:
    return " ".join(word.split())[:WORD_CHARACTERS_MAX]


def _missing(field: str, what: str, reference: str = "") -> Corrupt:
    why = f"the field {field} is missing: {what}"
    return Corrupt(code="missing_field", why=why, reference=reference)


def stamp(moment: datetime) -> str:
    """Write a moment of ours; sorts as text."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
