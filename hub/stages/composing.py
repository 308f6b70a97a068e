"""What a delivery shows to its party: built of a case file, and nothing is called."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.contract import Contact, Delivery, EventView, Target
from hub.domain.concern import concerned_with
from hub.domain.deadlines import Deadlines
from hub.domain.delivery import Cursor, Plan, PlanKind, is_handed_over
from hub.domain.identity import delivery_key
from hub.domain.local_time import clock_of
from hub.domain.notices import STANDARD, Wording, speaker
from hub.domain.pacing import PROMPT, Pace, Turn, rest_seconds
from hub.domain.privacy import event_facts, event_words, interested, view
from hub.ports import CaseFile, Cursors, Lease
from schemas.agency import Limits
from schemas.deadlines import ClockKind
from schemas.events import LogEvent
from schemas.parties import ChannelName, PartyKind, reporter_party

OFFICERS = frozenset({ClockKind.FIRST_FOLLOW_UP, ClockKind.SETTLE})
"""Clocks of what an agency has to do; the others are the centre's."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SHORT_WORDS = reporter_party(ChannelName.SMS)
"""The channel where every character counts."""


@dataclass(frozen=True)
class Way:
    """How one party is reached."""

    party: str
    kind: PartyKind
    target: Target
    limits: Limits
    allow: tuple[str, ...]
    mapping_version: str
    pace: Pace = PROMPT
    """When a reporter is told; agencies are told at once."""
    wording: Wording = STANDARD
    """In which words a reporter is told."""

    @property
    def can_say_files(self) -> bool:
        """True where the party can be told of files that do not go along."""
        return self.target.capabilities.shows_files or "body" in self.allow

    @property
    def needs_files_in_text(self) -> bool:
        """True where the text is the one place that can say it."""
        return not self.target.capabilities.shows_files


class Composer:
    """Builds deliveries."""

    def __init__(self, cursors: Cursors, deadlines: Deadlines | None = None) -> None:
        """Without `deadlines` nobody is told when something is due."""
        self._cursors = cursors
        self._deadlines = deadlines

    def delivery(
        self, lease: Lease, way: Way, case: CaseFile, chosen: Plan
    ) -> Delivery:
        """Build what a plan needs, but its files; a frozen range keeps its key."""
        cursor = lease.cursor
        events = covered(cursor, way, case, chosen)
        late = chosen.kind is PlanKind.DEAD_LETTER
        key = cursor.sending_key if chosen.frozen and cursor.sending_key else ""
        return Delivery(
            party=way.party,
            key=key or self._key(cursor, chosen, events),
            complaint=_complaint(case, way),
            events=tuple(_event_view(e, case, way, late=late) for e in events),
            reference=cursor.reference,
            due_at=self._due_at(cursor, way, case),
            contact=_contact(way, case),
            code=case.code if way.kind is PartyKind.REPORTER else "",
            progress=cursor.progress,
        )

    def _due_at(self, cursor: Cursor, way: Way, case: CaseFile) -> datetime | None:
        """Say when the nearest open limit of a party's own leg is over."""
        if self._deadlines is None or not way.target.capabilities.shows_due:
            return None
        leg = (way.party, cursor.assignment_no)
        clocks = self._deadlines.clocks([(e.seq, e) for e in case.events])
        open_ones = (c for c in clocks if c.run.leg == leg and not c.run.stopped_at)
        return min(
            (c.due_at for c in open_ones if c.kind in OFFICERS and c.due_at),
            default=None,
        )

    def _key(self, cursor: Cursor, chosen: Plan, events: Sequence[LogEvent]) -> str:
        first = events[0].event_id if events else str(chosen.from_seq)
        last = events[-1].event_id if events else str(chosen.to_seq)
        return delivery_key(
            self._cursors.key_secret(),
            subject=(cursor.complaint_id, cursor.party, cursor.recipient),
            assignment_no=cursor.assignment_no,
            generation=cursor.generation,
            events=(first, last),
            step=chosen.kind,
        )


def answer_delivery(lease: Lease, way: Way, case: CaseFile) -> Delivery:
    """Build the delivery of an answer."""
    params = case.answer[1] if case.answer else {}
    shown = EventView(
        event_id=lease.cursor.sending_key,
        type="answer",
        occurred_at=_EPOCH,
        status="",
        notice=(params.get("id", ""), params.get("en", "")),
    )
    return Delivery(
        party=way.party,
        key=lease.cursor.sending_key,
        complaint={},
        events=(shown,),
        contact=_contact(way, case),
    )


def covered(cursor: Cursor, way: Way, case: CaseFile, chosen: Plan) -> list[LogEvent]:
    """Name the events of a plan that its party is told of."""
    return _told(cursor, way, case, chosen.from_seq, chosen.to_seq)


def wanted(cursor: Cursor, case: CaseFile, way: Way) -> list[LogEvent]:
    """Name the events that a cursor's party is told of next, in order."""
    return _told(cursor, way, case, cursor.delivered_seq + 1, cursor.target_seq)


def _told(
    cursor: Cursor, way: Way, case: CaseFile, first: int, last: int
) -> list[LogEvent]:
    """Name the events of a range that a party wants, and that concern it."""
    found = [
        e
        for e in case.events
        if first <= e.seq <= last and _is_told(e, cursor, way, case)
    ]
    if way.kind is not PartyKind.AGENCY or not found:
        return found
    concerned = concerned_with(case.events, way.party)
    return [e for e in found if e.seq in concerned]


def rest_of(cursor: Cursor, case: CaseFile, way: Way, chosen: Plan) -> float:
    """Count the seconds that a reporter is not yet told; zero: now."""
    if way.kind is not PartyKind.REPORTER or way.pace == PROMPT:
        return 0.0
    told, waiting = covered(cursor, way, case, chosen), wanted(cursor, case, way)
    turn = Turn(chosen.kind, chosen.frozen, told, waiting)
    zone = clock_of(case.state.facts.get("region"))
    return rest_seconds(way.pace, turn, case.read_at, zone)


def _is_told(event: LogEvent, cursor: Cursor, way: Way, case: CaseFile) -> bool:
    """Tell whether a party is told; of what is confidential, nobody who follows.

    What an agency or a platform wants to be told, and what its system can take, is
    asked once it has the complaint.
    """
    if case.follows and case.state.facts.get("confidential"):
        return False
    wants, can = case.wants, way.target.capabilities
    takes_over = way.kind in {PartyKind.AGENCY, PartyKind.UPSTREAM}
    if takes_over and not is_handed_over(cursor, can):
        wants = None
    elif can.takes is not None and event.type not in can.takes:
        return False
    return interested(event, way.kind, way.party, wants, follows=case.follows)


def _complaint(case: CaseFile, way: Way) -> dict[str, Any]:
    first = next((e for e in case.events if e.type == "received"), None)
    words = dict(first.sealed) if first is not None else {}
    for event in case.events:
        words |= event.sealed if event.type == "corrected" else {}
    facts = dict(case.facts) | dict(case.state.facts)
    facts["type"] = facts.get("report_type", facts.get("type"))
    if way.kind is PartyKind.REPORTER:
        return {k: v for k, v in {**facts, **words}.items() if k in {"title", "status"}}
    found = view(facts, words, case.reporter, way.allow)
    if "attachments" in found:
        # What does not go along as a file is told in the same place.
        found["attachments"] = {"count": found["attachments"]}
    return found


def _event_view(event: LogEvent, case: CaseFile, way: Way, *, late: bool) -> EventView:
    words = event_words(event, way.kind, way.party, way.allow)
    facts = event_facts(event)
    agency = speaker(event)
    title = case.agency_titles.get(agency, agency)
    shown = ("", "")
    if way.kind is PartyKind.REPORTER:
        shown = way.wording.notice(
            event.type,
            {**facts, "code": case.code},
            words,
            title,
            short=way.party == SHORT_WORDS,
            zone=clock_of(case.state.facts.get("region")),
        )
    return EventView(
        event_id=event.event_id,
        type=event.type,
        occurred_at=event.occurred_at,
        status=event.status_after,
        by=agency or event.author.kind,
        facts=facts,
        words=words,
        notice=shown,
        late=late,
    )


def _contact(way: Way, case: CaseFile) -> Contact | None:
    if way.kind is not PartyKind.REPORTER:
        return None
    reporter = case.reporter
    known = case.answer[1] if case.answer is not None else case.state.facts
    language = str(known.get("language", "")).lower().partition("-")[0]
    field = "email" if way.party == "reporter:email" else "phone"
    return Contact(
        address=str(reporter.get(field, "")),
        name=str(reporter.get("name", "")),
        line=str(reporter.get("line", "")),
        thread_id=str(reporter.get("thread_id", "")),
        thread_subject=str(reporter.get("thread_subject", "")),
        reply_to=str(reporter.get("reply_to", "")),
        language="en" if language == "en" else "id",
    )
