"""Delivering: a due cursor's party is told what it may see and wants, in order."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from connectors.contract import Contact, Delivery, EventView, Target
from connectors.errors import OutcomeUnknown
from hub import telemetry
from hub.domain.delivery import Cursor, Plan, PlanKind, plan
from hub.domain.identity import delivery_key
from hub.domain.notices import notice
from hub.domain.privacy import event_facts, event_words, interested, view
from hub.domain.settlement import (
    Ground,
    Outcome,
    PartySignal,
    Settlement,
    as_outcome,
    settle,
)
from hub.ports import CaseFile, Clock, Cursors, Ended, Grant, Lease, LostCall
from schemas.agency import Limits
from schemas.events import LogEvent
from schemas.parties import PartyKind

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Way:
    """How one party is reached."""

    party: str
    kind: PartyKind
    target: Target
    limits: Limits
    allow: tuple[str, ...]
    mapping_version: str


class Deliver:
    """Leases the due cursors of a lane, and settles one lease at a time."""

    def __init__(
        self,
        cursors: Cursors,
        ways: Mapping[str, Way],
        clock: Clock,
        lease_slack_seconds: float,
    ) -> None:
        self._cursors = cursors
        self._ways = ways
        self._clock = clock
        self._slack = lease_slack_seconds

    def lease(self, lane: str, ids: Sequence[str], slots: int) -> Grant:
        """Lease up to `slots` due rows; the lease outlives two total deadlines."""
        deadline = max(
            (
                w.limits.deadline_seconds
                for w in self._ways.values()
                if lane_of(w.party) == lane
            ),
            default=30.0,
        )
        return self._cursors.lease(lane, ids, slots, 2 * deadline + self._slack)

    def recover(self, *, sole: bool) -> int:
        """Settle calls whose outcome nobody wrote as unknown; returns how many."""
        calls = self._cursors.lost(sole=sole)
        for call in calls:
            self._settle_lost(call)
        return len(calls)

    def _settle_lost(self, call: LostCall) -> None:
        way = self._ways.get(call.lease.cursor.party)
        if way is None:
            return
        ground = Ground(
            call.lease.cursor,
            call.plan,
            way.target.capabilities,
            way.limits,
            random.random(),  # noqa: S311
        )
        error = OutcomeUnknown(
            "the lease ran out while sending", fingerprint="lease lost"
        )
        settlement = replace(settle(ground, error), party=PartySignal.NONE)
        self._cursors.settle([Ended(call.lease, call.plan, settlement, call.attempt)])
        telemetry.attempts.labels(party=way.party, outcome="unknown").inc()

    def __call__(self, lease: Lease) -> str:
        """Carry out one lease; returns the outcome's name; never fails for a call."""
        way = self._ways.get(lease.cursor.party)
        if way is None:
            cursor = lease.cursor
            return self._write(lease, _advance(cursor), _nobody(cursor), None)
        case = self._cursors.case_file(lease)
        if lease.answer_no is not None:
            return self._answer(lease, way, case)
        wanted = _wanted(lease.cursor, case, way)
        chosen = plan(lease.cursor, [e.seq for e in wanted], way.target.capabilities)
        if chosen.kind is PlanKind.ADVANCE:
            return self._write(
                lease, chosen, Settlement("advanced", chosen.to_seq), None
            )
        if way.kind is PartyKind.REPORTER and case.contact_silent:
            silent = Settlement(
                "skipped", chosen.to_seq, why="the contact takes no messages"
            )
            return self._write(lease, chosen, silent, None)
        delivery = self._delivery(lease, way, case, chosen)
        if why := _nothing_to_call(way, chosen, delivery):
            skipped = Settlement("skipped", chosen.to_seq, why=why)
            return self._write(lease, chosen, skipped, None)
        return self._call(lease, way, chosen, delivery)

    # one call

    def _call(self, lease: Lease, way: Way, chosen: Plan, delivery: Delivery) -> str:
        needed = way.limits.deadline_seconds + 0.1
        attempt = self._cursors.begin(
            lease, chosen, delivery, way.mapping_version, needed
        )
        if attempt is None:
            return "lease_lost"
        telemetry.point("deliver.begun")
        began = self._clock()
        outcome = _carry_out(way.target, chosen, lease, delivery)
        seconds = self._clock() - began
        telemetry.point("deliver.called")
        telemetry.delivery_seconds.labels(party=way.party).observe(seconds)
        ground = Ground(
            cursor=lease.cursor,
            plan=chosen,
            can=way.target.capabilities,
            limits=way.limits,
            jitter=random.random(),  # noqa: S311 - spreads retries, guards nothing
            events=len(delivery.events),
        )
        return self._write(lease, chosen, settle(ground, outcome), attempt)

    def _write(
        self, lease: Lease, chosen: Plan, settlement: Settlement, attempt: str | None
    ) -> str:
        (kept,) = self._cursors.settle([Ended(lease, chosen, settlement, attempt)])
        if attempt is not None:
            telemetry.attempts.labels(
                party=lease.cursor.party, outcome=settlement.outcome
            ).inc()
            telemetry.log.info(
                "delivery_settled",
                complaint_id=lease.cursor.complaint_id,
                party=lease.cursor.party,
                step=chosen.kind,
                outcome=settlement.outcome,
                why=settlement.why,
                evidence_only=not kept,
            )
        return settlement.outcome

    # what is shown

    def _delivery(
        self, lease: Lease, way: Way, case: CaseFile, chosen: Plan
    ) -> Delivery:
        cursor = lease.cursor
        events = [
            e
            for e in case.events
            if chosen.from_seq <= e.seq <= chosen.to_seq
            and interested(e, way.kind, way.party, case.wants)
        ]
        late = chosen.kind is PlanKind.DEAD_LETTER
        key = cursor.sending_key if chosen.frozen and cursor.sending_key else ""
        return Delivery(
            party=way.party,
            key=key or self._key(cursor, chosen, events),
            complaint=_complaint(case, way),
            events=tuple(_event_view(e, case, way, late=late) for e in events),
            files=self._files(lease, way, case, chosen, events),
            reference=cursor.reference,
            contact=_contact(way, case.reporter),
            code=str(case.facts["code"]) if way.kind is PartyKind.REPORTER else "",
            progress=cursor.progress,
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

    def _files(
        self,
        lease: Lease,
        way: Way,
        case: CaseFile,
        chosen: Plan,
        events: Sequence[LogEvent],
    ) -> tuple[Any, ...]:
        if way.kind is PartyKind.REPORTER or "attachments" not in way.allow:
            return ()
        seqs = [e.seq for e in events if e.facts.get("attachments")]
        if chosen.kind is PlanKind.SUBMIT:
            seqs += [e.seq for e in case.events if e.type == "received"]
        return self._cursors.files(lease, seqs) if seqs else ()

    # answers

    def _answer(self, lease: Lease, way: Way, case: CaseFile) -> str:
        chosen = Plan(PlanKind.SEND, 1, 1, frozen=True)
        if case.answer is None or case.contact_silent:
            silent = Settlement("skipped", 1, why="the answer was erased")
            return self._write(lease, chosen, silent, None)
        params = case.answer[1]
        shown = EventView(
            event_id=lease.cursor.sending_key,
            type="answer",
            occurred_at=_EPOCH,
            status="",
            notice=(params.get("id", ""), params.get("en", "")),
        )
        delivery = Delivery(
            party=way.party,
            key=lease.cursor.sending_key,
            complaint={},
            events=(shown,),
            contact=_contact(way, case.reporter),
        )
        return self._call(lease, way, chosen, delivery)


def lane_of(party: str) -> str:
    """Name the delivery lane of a party."""
    return f"deliver.{party}"


def _nothing_to_call(way: Way, chosen: Plan, delivery: Delivery) -> str:
    """Say why no call is made; empty when one is."""
    if chosen.kind not in {PlanKind.SEND, PlanKind.DEAD_LETTER}:
        return ""
    if not way.target.capabilities.sends:
        return "the system takes no later events"
    return "" if delivery.events else "nothing in it concerns the party any more"


def _carry_out(
    target: Target, chosen: Plan, lease: Lease, delivery: Delivery
) -> Outcome:
    try:
        match chosen.kind:
            case PlanKind.SUBMIT:
                return target.submit(delivery)
            case PlanKind.FIND:
                return target.find(delivery)
            case _:
                return target.send(delivery)
    except Exception as error:  # noqa: BLE001 - every exception is an outcome
        telemetry.log.debug("call_failed", party=lease.cursor.party, error=error)
        return as_outcome(error, sent=True)


def _wanted(cursor: Cursor, case: CaseFile, way: Way) -> list[LogEvent]:
    return [
        e
        for e in case.events
        if cursor.delivered_seq < e.seq <= cursor.target_seq
        and interested(e, way.kind, way.party, case.wants)
    ]


def _complaint(case: CaseFile, way: Way) -> dict[str, Any]:
    first = next((e for e in case.events if e.type == "received"), None)
    words = dict(first.sealed) if first is not None else {}
    facts = dict(case.facts) | dict(case.state.facts)
    facts["type"] = facts.get("report_type", facts.get("type"))
    if way.kind is PartyKind.REPORTER:
        return {k: v for k, v in {**facts, **words}.items() if k in {"title", "status"}}
    return view(facts, words, case.reporter, way.allow)


def _event_view(event: LogEvent, case: CaseFile, way: Way, *, late: bool) -> EventView:
    words = event_words(event, way.kind, way.party, way.allow)
    facts = event_facts(event)
    agency = event.leg[0] if event.leg else ""
    title = case.agency_titles.get(agency, agency)
    shown = ("", "")
    if way.kind is PartyKind.REPORTER:
        shown = notice(event.type, {**facts, "code": case.facts["code"]}, words, title)
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


def _contact(way: Way, reporter: Mapping[str, Any]) -> Contact | None:
    if way.kind is not PartyKind.REPORTER:
        return None
    field = "email" if way.party == "reporter:email" else "phone"
    return Contact(
        address=str(reporter.get(field, "")),
        name=str(reporter.get("name", "")),
        line=str(reporter.get("line", "")),
        thread_id=str(reporter.get("thread_id", "")),
        thread_subject=str(reporter.get("thread_subject", "")),
    )


def _advance(cursor: Cursor) -> Plan:
    return Plan(PlanKind.ADVANCE, cursor.delivered_seq + 1, cursor.target_seq)


def _nobody(cursor: Cursor) -> Settlement:
    """Wait for the party's configuration; what is known of the range is kept."""
    return Settlement(
        "misconfigured",
        step=cursor.sending_step,
        due_in_seconds=60,
        progress=cursor.progress,
        lookups=cursor.lookups,
        resends=cursor.resends,
        why="the party is not configured",
    )
