"""Reading what SP4N-LAPOR! has: new complaints, logs and follow-ups; pure."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from connectors.systems.sp4n.filing import BODY_CHARACTERS_MAX, TAG
from connectors.systems.sp4n.settings import Sp4nSettings
from connectors.systems.sp4n.wire import as_number, rows
from schemas.agency import AgencyManifest
from schemas.complaint import Category, NewComplaint, Region, ReportType
from schemas.parties import ChannelName
from schemas.updates import AgencyComplaint, AgencyUpdate, Corrupt

TIME = "%d-%m-%Y %H:%M:%S"
"""Its times have no zone; the manifest says which one it is."""
PLACE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
REPLY, REMARK = "reporter_replied", "remarked"
SAYS_WHY = frozenset({"put_on_hold", "archived", "rejected"})
"""Events whose log is read for its reason."""

NEW, LOG, FOLLOW_UP, STATUS, GONE = "new", "log", "followup", "status", "gone"
"""Kinds of record: how a page is divided into what can be read alone."""


class _Unreadable(Exception):
    """A record cannot be read; becomes a Corrupt."""

    def __init__(self, why: str, *, code: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


def case_records(
    reference: str, complaint: Mapping[str, Any], follow_ups: list[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Divide what it says of one case: a log each, a follow-up each.

    Where it has no logs, its status stands for them.
    """
    data = complaint.get("data")
    status = data if isinstance(data, dict) else {}
    logs = rows(complaint.get("data_logs"))
    for row in logs:
        yield {"kind": LOG, "complaint_id": reference, "item": row}
    if not logs and status:
        yield {"kind": STATUS, "complaint_id": reference, "item": status}
    for row in follow_ups:
        yield {"kind": FOLLOW_UP, "complaint_id": reference, "item": row}


class Reader:
    """Maps records by one deployment's tables."""

    def __init__(self, manifest: AgencyManifest, settings: Sp4nSettings) -> None:
        self._zone = ZoneInfo(manifest.zone)
        self._events = {_word(k): v for k, v in manifest.statuses.items()}
        self._ours = str(settings.institution_id)
        self._types = {v: k for k, v in settings.classifications.items()}
        self._categories = _turned(settings.categories)
        self._locations = _turned(settings.locations)

    def split(self, body: bytes) -> list[bytes]:
        """Divide a message into records."""
        return [json.dumps([one]).encode() for one in _records(body)]

    def read(self, body: bytes) -> list[AgencyComplaint | AgencyUpdate | Corrupt]:
        """Map every record, in order; never raises for bad content."""
        found = _records(body)
        if not found:
            return [Corrupt(code="malformed", why="it holds no records")]
        return [self._read(one) for one in found]

    def is_own(self, row: Mapping[str, Any]) -> bool:
        """Tell what our own institution did there: we know of it."""
        return as_number(row.get("institution_from_id")) == self._ours

    def event_of(self, status: Mapping[str, Any]) -> tuple[str, str]:
        """Name (status word, event type) of a case; empty where no table maps it."""
        code, name = as_number(status.get("status_code")), _text(status, "status_name")
        event = self._events.get(_word(code)) or self._events.get(_word(name), "")
        return name or code, event

    def time_of(self, row: Mapping[str, Any], name: str) -> datetime | None:
        """Read a time; None where there is none. Raises _Unreadable."""
        text = _text(row, name)
        if not text:
            return None
        try:
            moment = datetime.strptime(text, TIME).replace(tzinfo=self._zone)
            return moment.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            why = f"the field {name} holds no time ({TIME})"
            raise _Unreadable(why, code="bad_time") from error

    def _read(
        self, record: Mapping[str, Any]
    ) -> AgencyComplaint | AgencyUpdate | Corrupt:
        reference = as_number(record.get("complaint_id"))
        item = record.get("item")
        row = item if isinstance(item, dict) else {}
        try:
            return self._map(str(record.get("kind")), reference, row)
        except _Unreadable as error:
            return Corrupt(code=error.code, why=error.why, reference=reference)
        except ValidationError as error:
            fields = sorted({str(one["loc"][0]) for one in error.errors()})
            why = f"unusable values: {', '.join(fields)}"
            return Corrupt(code="malformed", why=why, reference=reference)

    def _map(
        self, kind: str, reference: str, row: dict[str, Any]
    ) -> AgencyComplaint | AgencyUpdate:
        if not reference:
            why = "the field complaint_id is missing"
            raise _Unreadable(why, code="missing_field")
        match kind:
            case "new":
                return self._new(reference, row)
            case "log" | "status":
                return self._status(kind, reference, row)
            case "followup":
                return self._follow_up(reference, row)
            case "gone":
                why = "the platform no longer has this complaint"
                raise _Unreadable(why, code="missing_case")
            case _:
                why = "this kind of record is not known"
                raise _Unreadable(why, code="malformed")

    def _new(self, reference: str, row: dict[str, Any]) -> AgencyComplaint:
        """Map a complaint; how it stands is told by its logs, each at its own time."""
        body, tags = _text(row, "content"), _text(row, "tags_raw")
        tag = TAG.search(tags) or TAG.search(body)
        kind = self._types.get(_int(row, "classification_id"), "complaint")
        anonymous = row.get("is_anonymous") not in (False, 0, "0")
        secret = row.get("is_secret") not in (False, 0, "0")
        return AgencyComplaint(
            reference=reference,
            complaint=NewComplaint(
                type=ReportType(kind),
                title=_text(row, "title")[:255],
                body=body[:BODY_CHARACTERS_MAX],
                truncated=len(body) > BODY_CHARACTERS_MAX,
                category=self._category(row),
                region=self._region(row),
                anonymous=anonymous,
                confidential=secret,
                channel=ChannelName.PARTNER,
            ),
            raw_status=self.event_of(row)[0],
            occurred_at=self.time_of(row, "created_at"),
            public_number=next(filter(None, tag.groups()), "") if tag else "",
        )

    def _category(self, row: dict[str, Any]) -> Category | None:
        code = self._categories.get(_int(row, "category_id"))
        return Category(code=code) if code else None

    def _region(self, row: dict[str, Any]) -> Region | None:
        code = self._locations.get(_int(row, "location_id"))
        return Region(code=code) if code else None

    def _status(self, kind: str, reference: str, row: dict[str, Any]) -> AgencyUpdate:
        word, event = self.event_of(row)
        if not event:
            why = (
                "neither status_code nor status_name is in [statuses] of agency.toml: "
                "add it there and replay"
            )
            raise _Unreadable(why, code="unmapped_status")
        number = as_number(row.get("id")) if kind == LOG else ""
        # Its logs are its machine's words; they are told where they may say why.
        text = filled(row) if event in SAYS_WHY else ""
        when = "created_at" if kind == LOG else "updated_at"
        return AgencyUpdate(
            reference=reference,
            event_type=event,
            raw_status=word,
            text=text,
            event_id=f"log:{number}" if number else "",
            occurred_at=self.time_of(row, when),
        )

    def _follow_up(self, reference: str, row: dict[str, Any]) -> AgencyUpdate:
        """Map a follow-up: without an institution its reporter wrote it."""
        number = as_number(row.get("id"))
        if not number:
            why = "the field id of the follow-up is missing"
            raise _Unreadable(why, code="missing_field")
        institution = as_number(row.get("institution_from_id"))
        by_reporter = institution in {"", "0"}
        return AgencyUpdate(
            reference=reference,
            event_type=REPLY if by_reporter else REMARK,
            raw_status=_text(row, "template_code"),
            text=_text(row, "content")[:BODY_CHARACTERS_MAX],
            event_id=f"followup:{number}",
            occurred_at=self.time_of(row, "created_at"),
        )


def filled(row: Mapping[str, Any]) -> str:
    """Fill a log's template: {{institution_from}}, {{status_new}} and so on.

    A place of which the log says nothing is left out, never shown.
    """
    text = PLACE.sub(lambda place: _text(row, place[1]), _text(row, "template"))
    return " ".join(text.split())


def _records(body: bytes) -> list[dict[str, Any]]:
    try:
        return rows(json.loads(body))
    except (ValueError, RecursionError):
        return []


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return value.replace("\x00", "").strip() if isinstance(value, str) else ""


def _int(row: Mapping[str, Any], name: str) -> int:
    return int(as_number(row.get(name)) or -1)


def _word(text: str) -> str:
    return "".join(text.casefold().split())


def _turned(numbers: Mapping[str, int]) -> dict[int, str]:
    """Turn a table round; the first code of a number is the one that is read."""
    found: dict[int, str] = {}
    for code, number in numbers.items():
        if code != "*":
            found.setdefault(number, code)
    return found
