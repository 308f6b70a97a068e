"""Delivering: a due cursor's party is told what it may see and wants, in order."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import starmap

from connectors.contract import Delivery
from connectors.errors import OutcomeUnknown, Retryable
from hub import telemetry
from hub.domain.deadlines import Deadlines
from hub.domain.delivery import Cursor, Plan, PlanKind, plan
from hub.domain.settlement import (
    Ground,
    Outcome,
    PartySignal,
    Settlement,
    as_it_is,
    as_outcome,
    rest,
    settle,
)
from hub.ports import (
    Ask,
    CaseFile,
    Clock,
    Cursors,
    Ended,
    Grant,
    Lease,
    LostCall,
    Sending,
)
from hub.stages.attaching import Attacher, Links, sent_of
from hub.stages.composing import Composer, Way, answer_delivery, rest_of, wanted
from hub.stages.halves import in_halves
from schemas.parties import PartyKind

__all__ = ["Call", "Deliver", "Way", "lane_of"]

MARGIN_SECONDS = 0.1
"""What a lease must outlast a call's deadline by."""


OlderWays = Callable[[Way, str], Way | None]
"""Finds the way of an older mapping version of a party."""


def _none_older(current: Way, mapping: str) -> Way | None:
    """Go on with the way that there is."""
    del mapping
    return current


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is written as begun, and is to be made."""

    way: Way
    sending: Sending
    attempt: str
    until: float
    """When its lease ends, by the stage's clock."""


class Deliver:
    """Leases due cursors, begins their calls, makes each, settles them in groups."""

    def __init__(
        self,
        cursors: Cursors,
        ways: Mapping[str, Way],
        clock: Clock,
        lease_slack_seconds: float,
        links: Links = Links(),  # noqa: B008 - frozen
        older: OlderWays = _none_older,
        deadlines: Deadlines | None = None,
    ) -> None:
        self._cursors = cursors
        self._clock = clock
        self._slack = lease_slack_seconds
        self._older = older
        self._composer = Composer(cursors, deadlines)
        self._attacher = Attacher(cursors, links)
        self._ways: Mapping[str, Way] = {}
        self._deadlines: Mapping[str, float] = {}
        self.use(ways)

    def use(self, ways: Mapping[str, Way]) -> None:
        """Go on with these ways; calls that are prepared already keep theirs."""
        deadlines: dict[str, float] = {}
        for way in ways.values():
            lane, seconds = lane_of(way.party), way.limits.deadline_seconds
            deadlines[lane] = max(deadlines.get(lane, 0.0), seconds)
        self._deadlines = deadlines
        self._ways = dict(ways)

    # leasing

    def lease(self, lane: str, ids: Sequence[str], slots: int) -> Grant:
        """Lease due rows of one lane; as `lease_many`."""
        (grant,) = self.lease_many([(lane, ids, slots)])
        return grant

    def lease_many(
        self, wanted_: Sequence[tuple[str, Sequence[str], int]]
    ) -> list[Grant]:
        """Lease due rows of lanes: (lane, ids, slots) each.

        A lease outlives two total deadlines.
        """
        return self._cursors.lease(list(starmap(self._ask, wanted_)))

    def _ask(self, lane: str, ids: Sequence[str], slots: int) -> Ask:
        deadline = self._deadlines.get(lane, 30.0)
        return Ask(lane, ids, slots, 2 * deadline + self._slack)

    def recover(self, *, sole: bool) -> int:
        """Settle calls whose outcome nobody wrote as unknown; returns how many."""
        calls, ways = self._cursors.lost(sole=sole), self._ways
        group = [
            _unknown(call, ways[call.lease.cursor.party])
            for call in calls
            if call.lease.cursor.party in ways
        ]
        kept = in_halves(self._cursors.settle, group, _not_settled)
        for ended, holds in zip(group, kept, strict=True):
            if holds is not None:
                party = ended.lease.cursor.party
                telemetry.attempts.labels(party=party, outcome="unknown").inc()
        return len(calls)

    def __call__(self, lease: Lease) -> str:
        """Carry out one lease; returns the outcome's name; never fails for a call."""
        (begun,) = self.begin([lease], self._clock())
        if begun is None:
            return "lease_lost"
        ended = self.call(begun) if isinstance(begun, Call) else begun
        self.settle([ended])
        return ended.settlement.outcome

    # beginning

    def begin(
        self, leases: Sequence[Lease], leased_at: float
    ) -> list[Call | Ended | None]:
        """Commit the calls of leases that were asked for at `leased_at`.

        For each lease, in order: its call; how it ended, where nothing is to be
        called; or None where it was lost or cannot be prepared. Raises
        ConnectionError: then the leases run out, and what was begun is unknown.
        """
        cases = in_halves(self._cursors.case_files, leases, _not_prepared)
        found: list[Call | Ended | None] = []
        sendings: dict[int, tuple[Way, Sending]] = {}
        for n, (lease, case) in enumerate(zip(leases, cases, strict=True)):
            prepared = None if case is None else self._prepare(lease, case)
            if isinstance(prepared, tuple):
                sendings[n] = prepared
            found.append(prepared if isinstance(prepared, Ended) else None)
        group = [sending for _, sending in sendings.values()]
        attempts = in_halves(self._cursors.begin, group, _not_begun)
        for (n, (way, sending)), attempt in zip(
            sendings.items(), attempts, strict=True
        ):
            if attempt is not None:
                until = leased_at + sending.lease.expires_in_seconds
                found[n] = Call(way, sending, attempt, until)
        return found

    def _prepare(
        self, lease: Lease, case: CaseFile
    ) -> tuple[Way, Sending] | Ended | None:
        """Plan one lease, and build its delivery; None when that fails."""
        try:
            way = self._way(lease.cursor)
            if isinstance(way, str):
                return Ended(lease, _advance(lease.cursor), _waits(lease.cursor, way))
            if lease.answer_no is not None:
                prepared = _prepare_answer(lease, case, way)
            else:
                prepared = self._prepare_cursor(lease, case, way)
        except Exception as error:  # noqa: BLE001 - its neighbours go on
            _not_prepared(lease, error)
            return None
        return prepared if isinstance(prepared, Ended) else (way, prepared)

    def _way(self, cursor: Cursor) -> Way | str:
        """Find the way of a cursor, or say why there is none.

        A range that was begun keeps the mapping that it was begun with: its key is
        never sent with another body.
        """
        way = self._ways.get(cursor.party)
        if way is None:
            return "the party is not configured"
        is_begun = cursor.sending_to_seq is not None or cursor.dead_letter_id
        begun = cursor.sending_mapping if is_begun else ""
        if not begun or begun == way.mapping_version:
            return way
        if way.kind is PartyKind.REPORTER:
            return way
        older = self._older(way, begun)
        return older or f"the mapping {begun} that it was begun with is gone"

    def _prepare_cursor(
        self, lease: Lease, case: CaseFile, way: Way
    ) -> Sending | Ended:
        seqs = [event.seq for event in wanted(lease.cursor, case, way)]
        chosen = plan(lease.cursor, seqs, way.target.capabilities)
        if chosen.kind is PlanKind.ADVANCE:
            return Ended(lease, chosen, Settlement("advanced", chosen.to_seq))
        if _is_too_late(way, chosen, case):
            void = Plan(chosen.kind, chosen.from_seq, lease.cursor.target_seq)
            return _skipped(lease, void, "nothing is left to do for this agency")
        if way.kind is PartyKind.REPORTER and case.contact_silent:
            return _skipped(lease, chosen, case.contact_silent, case)
        if seconds := rest_of(lease.cursor, case, way, chosen):
            return Ended(lease, chosen, rest(lease.cursor, seconds))
        delivery = self._composer.delivery(lease, way, case, chosen)
        if why := _nothing_to_call(way, chosen, delivery):
            return _skipped(lease, chosen, why)
        return _sending(lease, way, chosen, delivery, case)

    # one call

    def call(self, call: Call) -> Ended:
        """Make one call that was begun; blocks; never fails for what comes of it.

        It is not made when what remains of its lease does not cover its deadline.
        """
        way, sending = call.way, call.sending
        lease, chosen = sending.lease, sending.plan
        telemetry.point("deliver.begun")
        try:
            attached = self._attacher.attach(sending, way)
        except Exception as error:  # noqa: BLE001 - nothing was sent
            telemetry.log.error("files_not_read", lane=lease.lane, error=error)
            return _without_files(call)
        began = self._clock()
        if began + sending.needed_seconds > call.until:
            return self.take_back(call)
        outcome = _carry_out(way, chosen, attached.delivery)
        seconds = self._clock() - began
        telemetry.point("deliver.called")
        telemetry.delivery_seconds.labels(party=way.party).observe(seconds)
        ground = _ground(lease, chosen, way, events=len(sending.delivery.events))
        found = settle(ground, outcome)
        files = sent_of(attached, outcome, found)
        return Ended(lease, chosen, found, call.attempt, sending.case, files)

    @staticmethod
    def take_back(call: Call) -> Ended:
        """End a call that is not made: it is due again, as it was."""
        lease = call.sending.lease
        late = as_it_is(lease.cursor, "not_called", "it was too late for the call")
        return Ended(lease, call.sending.plan, late, call.attempt)

    # settling

    def settle(self, group: Sequence[Ended]) -> None:
        """Write how leases ended; one that cannot be written harms no other.

        Idempotent. Raises ConnectionError when the database is away: then all of
        them are to be settled again.
        """
        kept = in_halves(self._cursors.settle, group, _not_settled)
        for ended, holds in zip(group, kept, strict=True):
            if ended.attempt is not None and holds is not None:
                _tell(ended, kept=holds)


def lane_of(party: str) -> str:
    """Name the delivery lane of a party."""
    return f"deliver.{party}"


def _ground(lease: Lease, chosen: Plan, way: Way, events: int = 1) -> Ground:
    return Ground(
        cursor=lease.cursor,
        plan=chosen,
        can=way.target.capabilities,
        limits=way.limits,
        jitter=random.random(),  # noqa: S311 - spreads retries, guards nothing
        events=events,
    )


def _unknown(call: LostCall, way: Way) -> Ended:
    error = OutcomeUnknown("the lease ran out while sending", fingerprint="lease lost")
    found = settle(_ground(call.lease, call.plan, way), error)
    settlement = replace(found, party=PartySignal.NONE)
    return Ended(call.lease, call.plan, settlement, call.attempt)


def _sending(
    lease: Lease, way: Way, chosen: Plan, delivery: Delivery, case: CaseFile
) -> Sending:
    needed = way.limits.deadline_seconds + MARGIN_SECONDS
    return Sending(lease, chosen, delivery, way.mapping_version, needed, case)


def _without_files(call: Call) -> Ended:
    """Try again later what was not sent for want of its files; the party is well."""
    lease, chosen = call.sending.lease, call.sending.plan
    error = Retryable("its files could not be read", fingerprint="files")
    found = settle(_ground(lease, chosen, call.way), error)
    found = replace(found, party=PartySignal.NONE)
    return Ended(lease, chosen, found, call.attempt, call.sending.case)


def _prepare_answer(lease: Lease, case: CaseFile, way: Way) -> Sending | Ended:
    chosen = Plan(PlanKind.SEND, 1, 1, frozen=True)
    if case.answer is None or case.contact_silent:
        silent = Settlement("skipped", 1, why="the answer was erased")
        return Ended(lease, chosen, silent)
    delivery = answer_delivery(lease, way, case)
    return _sending(lease, way, chosen, delivery, case)


def _skipped(
    lease: Lease, chosen: Plan, why: str, case: CaseFile | None = None
) -> Ended:
    """Pass over a range; with its case it is recorded like a call."""
    skipped = Settlement("skipped", chosen.to_seq, why=why)
    return Ended(lease, chosen, skipped, case=case)


def _is_too_late(way: Way, chosen: Plan, case: CaseFile) -> bool:
    """Tell whether a first hand-over has become void before it was tried."""
    if way.kind is not PartyKind.AGENCY or chosen.kind is not PlanKind.SUBMIT:
        return False
    return not chosen.frozen and not case.state.expects(way.party)


def _nothing_to_call(way: Way, chosen: Plan, delivery: Delivery) -> str:
    """Say why no call is made; empty when one is."""
    if chosen.kind not in {PlanKind.SEND, PlanKind.DEAD_LETTER}:
        return ""
    if not way.target.capabilities.sends:
        return "the system takes no later events"
    return "" if delivery.events else "nothing in it concerns the party any more"


def _carry_out(way: Way, chosen: Plan, delivery: Delivery) -> Outcome:
    target = way.target
    try:
        match chosen.kind:
            case PlanKind.SUBMIT:
                return target.submit(delivery)
            case PlanKind.FIND:
                return target.find(delivery)
            case _:
                return target.send(delivery)
    except Exception as error:  # noqa: BLE001 - every exception is an outcome
        telemetry.log.debug("call_failed", party=way.party, error=error)
        return as_outcome(error, sent=True)


def _advance(cursor: Cursor) -> Plan:
    return Plan(PlanKind.ADVANCE, cursor.delivered_seq + 1, cursor.target_seq)


def _waits(cursor: Cursor, why: str) -> Settlement:
    """Wait for the party's configuration."""
    return as_it_is(cursor, "misconfigured", why, due_in_seconds=60)


def _tell(ended: Ended, *, kept: bool) -> None:
    cursor, settlement = ended.lease.cursor, ended.settlement
    telemetry.attempts.labels(party=cursor.party, outcome=settlement.outcome).inc()
    telemetry.log.info(
        "delivery_settled",
        complaint_id=cursor.complaint_id,
        party=cursor.party,
        step=ended.plan.kind,
        outcome=settlement.outcome,
        why=settlement.why,
        evidence_only=not kept,
    )


# What fails here is not called, or not settled: its lease runs out, and it is found.


def _not_prepared(lease: Lease, error: Exception) -> None:
    telemetry.log.error("delivery_failed", lane=lease.lane, error=error)


def _not_begun(sending: Sending, error: Exception) -> None:
    _not_prepared(sending.lease, error)


def _not_settled(ended: Ended, error: Exception) -> None:
    _not_prepared(ended.lease, error)
