"""Asking SP4N-LAPOR! what is new: it tells nothing by itself."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from connectors.contract import Page, PollAsk
from connectors.errors import Refused
from connectors.protocols.http.answer import HttpAnswer
from connectors.systems.sp4n.reading import GONE, NEW, TIME, Reader, case_records
from connectors.systems.sp4n.settings import Sp4nSettings
from connectors.systems.sp4n.wire import Wire, as_number, results, rows
from schemas.base import Model
from schemas.raw import RawMessage
from schemas.updates import AgencyView

LIST = "/complaints"
GONE_STATUS = "http 404 "


class Checkpoint(Model):
    """Where the next page begins: first the list of what is new, then our cases."""

    phase: Literal["list", "cases"] = "list"
    since: datetime
    """Listed is what was changed from then on."""
    began: datetime
    """When this round began: the next one lists from then, less the overlap."""
    page: int = 1
    after: str = ""
    """Position of the last case that was asked for."""


@dataclass(frozen=True)
class Asker:
    """Asks one deployment's questions; reads only."""

    party: str
    wire: Wire
    settings: Sp4nSettings
    reader: Reader
    zone: ZoneInfo

    def page(self, ask: PollAsk) -> Page:
        """Ask for the next page; raises the errors of `connectors.errors`.

        A case that the platform has no more is told as such, and stops no other.
        """
        place = self._place(ask)
        if place.phase == "list":
            return self._listed(place)
        return self._cases(place, ask)

    def _place(self, ask: PollAsk) -> Checkpoint:
        if ask.checkpoint is not None:
            return Checkpoint.model_validate_json(ask.checkpoint)
        since = ask.now - timedelta(days=self.settings.first_days)
        return Checkpoint(since=since, began=ask.now)

    def _listed(self, place: Checkpoint) -> Page:
        size = self.settings.page_size
        answer, raw = self.wire.get(
            "list",
            LIST,
            disposition_id=self.settings.institution_id,
            page=place.page,
            page_size=size,
            updated_from=place.since.astimezone(self.zone).strftime(TIME),
        )
        found = rows(results(answer, "data"))
        raws = tuple(self._raw(f"new:{_id(row)}", [_new(row)]) for row in found)
        update: dict[str, Any] = {"page": place.page + 1}
        if len(found) < size:
            update = {"phase": "cases", "page": 1, "after": ""}
        return _page(raws, place.model_copy(update=update), raw, more=True)

    def _cases(self, place: Checkpoint, ask: PollAsk) -> Page:
        limit = self.settings.cases_per_page
        cases = ask.cases(place.after, limit)
        raws, last = [], None
        for case in cases:
            records, last = self._case(case.reference)
            if records:
                raws.append(self._raw(f"case:{case.reference}", records))
        more = len(cases) == limit
        update: dict[str, Any] = {"after": cases[-1].position} if more else {}
        if not more:
            since = place.began - timedelta(seconds=self.settings.overlap_seconds)
            update = {"phase": "list", "since": since, "began": ask.now, "after": ""}
        return _page(tuple(raws), place.model_copy(update=update), last, more=more)

    def _case(self, reference: str) -> tuple[list[dict[str, Any]], HttpAnswer | None]:
        try:
            complaint, raw = self._complaint(reference)
            answer, _ = self.wire.get("followups", f"/complaints/{reference}/followups")
        except Refused as error:
            if not error.fingerprint.startswith(GONE_STATUS):
                raise
            return [{"kind": GONE, "complaint_id": reference, "item": {}}], None
        found = rows(results(answer, "data"))
        follow_ups = [row for row in found if not self.reader.is_own(row)]
        return list(case_records(reference, complaint, follow_ups)), raw

    def _complaint(self, reference: str) -> tuple[dict[str, Any], HttpAnswer]:
        answer, raw = self.wire.get("complaint", f"/complaints/{reference}/complaint")
        found = results(answer)
        return found if isinstance(found, dict) else {}, raw

    def _raw(self, key: str, records: list[dict[str, Any]]) -> RawMessage:
        """Make a message that is the same as long as nothing of it changes."""
        return RawMessage(
            source=f"agency:{self.party}",
            lane=f"updates.{self.party}",
            source_key=key,
            body=json.dumps(records, sort_keys=True).encode(),
            content_type="application/json",
            expects_complaint=False,
        )

    def views(self, references: Sequence[str]) -> Iterator[AgencyView]:
        """Say how cases stand, one call each; raises as `page` does."""
        for reference in references:
            try:
                complaint, _ = self._complaint(reference)
            except Refused as error:
                if not error.fingerprint.startswith(GONE_STATUS):
                    raise
                yield AgencyView(reference=reference, present=False)
                continue
            data = complaint.get("data")
            word, event = self.reader.event_of(data if isinstance(data, dict) else {})
            yield AgencyView(reference=reference, raw_status=word, event_type=event)


def _new(row: dict[str, Any]) -> dict[str, Any]:
    return {"kind": NEW, "complaint_id": _id(row), "item": row}


def _id(row: dict[str, Any]) -> str:
    return as_number(row.get("complaint_id")) or as_number(row.get("id"))


def _page(
    raws: Iterable[RawMessage],
    checkpoint: Checkpoint,
    answer: HttpAnswer | None,
    *,
    more: bool,
) -> Page:
    return Page(
        raws=tuple(raws),
        checkpoint=checkpoint.model_dump_json().encode(),
        more=more,
        skew_seconds=_skew(answer),
    )


def _skew(answer: HttpAnswer | None) -> float | None:
    """Compare its clock, where the answer states it, with ours."""
    if answer is None:
        return None
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", ""))
    except (ValueError, TypeError):
        return None
    if theirs.tzinfo is None:
        return None
    return (theirs - datetime.now(theirs.tzinfo)).total_seconds()
