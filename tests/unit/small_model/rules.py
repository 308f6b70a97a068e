"""The hub's steps on one cursor. What follows from what is the hub's own pure code.

Each step is one transaction or one call. Whoever seeds a mistake overrides one rule.
"""

from collections.abc import Iterator
from dataclasses import replace

from connectors.contract import Done, Found, NotFound
from connectors.errors import OutcomeUnknown, Refused, Retryable
from hub.domain.delivery import Cursor, CursorState, Plan, PlanKind, Step, plan
from hub.domain.identity import delivery_key
from hub.domain.settlement import (
    Ground,
    Outcome,
    Settlement,
    as_it_is,
    settle,
)
from schemas.agency import Limits
from tests.unit.small_model.place import Effect, Hold, Lease, Place, Stage, require

Found_ = tuple[str, int, Place, Hold | None]
"""Label, faults that it costs, the place after it, what the worker then holds."""
LIMITS = Limits()
SECRET = b"the secret of this model's keys."


class Rules:
    """How workers treat a cursor."""

    sweeps = True
    dedupes = True
    commits_its_calls = True

    # what a seeded mistake overrides

    def may_lease(self, place: Place) -> bool:
        """Due, hinted, free, and no lost call to look into first."""
        return place.lease is not Lease.HELD and not place.is_open

    def may_begin(self, place: Place, hold: Hold) -> bool:
        """A call is committed under a lease that still holds."""
        return place.epoch == hold.epoch and place.lease is Lease.HELD

    def may_call(self, place: Place, hold: Hold) -> bool:
        """What remains of the lease covers the call's deadline."""
        return place.epoch == hold.epoch and place.lease is Lease.HELD

    def may_settle(self, place: Place, hold: Hold) -> bool:
        """Only who holds the lease is heard."""
        return place.epoch == hold.epoch

    def key(self, cursor: Cursor, chosen: Plan, seqs: tuple[int, ...]) -> str:
        """A frozen range keeps its key."""
        if chosen.frozen and cursor.sending_key:
            return cursor.sending_key
        return delivery_key(
            SECRET,
            subject=(cursor.complaint_id, cursor.party, cursor.recipient),
            assignment_no=cursor.assignment_no,
            generation=cursor.generation,
            events=(str(seqs[0]), str(seqs[-1])),
            step=chosen.kind,
        )

    def of_a_lost_call(self) -> Outcome:
        """Nobody knows what became of it."""
        return OutcomeUnknown("the lease ran out while sending")

    def settlement(self, ground: Ground, outcome: Outcome) -> Settlement:
        """Decide what follows."""
        return settle(ground, outcome)

    # what anybody may do, and what time does

    def __init__(self, *, is_fine: bool) -> None:
        self.is_fine = is_fine

    def alone(self, place: Place, *, is_held: bool) -> Iterator[Found_]:
        """Time passes, hints get lost, the sweep hints anew."""
        if self.is_fine and place.is_due and self.sweeps and not place.hinted:
            yield "the sweep hints", 0, replace(place, hinted=True), None
        if self.is_fine and place.hinted:
            yield "the hint is lost", 0, replace(place, hinted=False), None
        if place.lease is Lease.HELD:
            expired = replace(place, lease=Lease.EXPIRED)
            yield "the lease runs out", int(is_held), expired, None

    def begin_work(self, place: Place) -> Iterator[Found_]:
        """A worker with free hands takes a hint, perhaps twice, or a lost call."""
        if place.lease is Lease.EXPIRED and place.is_open:
            yield "a lost call is taken over", 0, *self._take_over(place)
        is_hinted = place.hinted or not self.is_fine
        due = place.is_due and place.cursor.state is CursorState.ACTIVE
        if is_hinted and due and self.may_lease(place):
            epoch = place.epoch + 1
            leased = replace(place, lease=Lease.HELD, epoch=epoch)
            hold = Hold(place.cursor, epoch)
            yield "it is leased", 0, replace(leased, hinted=False), hold
            if self.is_fine:
                yield "it is leased, and hinted again", 0, leased, hold

    def go_on(self, place: Place, hold: Hold) -> Iterator[Found_]:
        """The worker's next step, or its death."""
        yield "the worker dies", 1, self._left(place, hold), None
        match hold.stage:
            case Stage.LEASED:
                yield from self._begin(place, hold)
            case Stage.BEGUN:
                yield from self._call(place, hold)
            case Stage.ENDED:
                yield "it is settled", 0, self._settle(place, hold), None

    # the steps

    def _left(self, place: Place, hold: Hold) -> Place:
        """What a dead worker held is free when its time is over."""
        if self.is_fine or place.epoch != hold.epoch or place.lease is Lease.FREE:
            return place
        lease = Lease.EXPIRED if place.is_open else Lease.FREE
        return replace(place, lease=lease)

    def _take_over(self, place: Place) -> tuple[Place, Hold]:
        chosen = place.open_plan
        assert chosen is not None
        epoch = place.epoch + 1
        ended = self._decide(place, place.cursor, chosen, self.of_a_lost_call())
        hold = Hold(place.cursor, epoch, Stage.ENDED, chosen, ended=ended)
        return replace(place, lease=Lease.HELD, epoch=epoch), hold

    def _begin(self, place: Place, hold: Hold) -> Iterator[Found_]:
        if not self.may_begin(place, hold):
            yield "the lease is lost", 0, place, None
            return
        cursor = hold.cursor
        after = [s for s in place.wanted if s > cursor.delivered_seq]
        wanted = [s for s in after if s <= cursor.target_seq]
        chosen = plan(cursor, wanted, place.party.can)
        if chosen.kind is PlanKind.ADVANCE:
            ended = Settlement("advanced", chosen.to_seq)
            done = replace(hold, stage=Stage.ENDED, plan=chosen, ended=ended)
            yield "nothing is to be told", 0, place, done
            return
        seqs = tuple(s for s in place.wanted if chosen.from_seq <= s <= chosen.to_seq)
        key = self.key(cursor, chosen, seqs)
        begun = replace(hold, stage=Stage.BEGUN, plan=chosen, seqs=seqs, key=key)
        yield "the call is committed", 0, self._committed(place, chosen, begun), begun

    def _committed(self, place: Place, chosen: Plan, begun: Hold) -> Place:
        if not self.commits_its_calls:
            return place
        frozen = replace(
            place.cursor,
            sending_from_seq=chosen.from_seq,
            sending_to_seq=chosen.to_seq,
            sending_key=begun.key,
        )
        again = set(begun.seqs) & set(place.unanswered)
        asks = chosen.kind is PlanKind.FIND
        may = asks or not again or not place.party.is_blind
        require(may, f"sent again by itself: {sorted(again)}")
        told = set(place.unanswered) | (set() if asks else set(begun.seqs))
        return replace(
            place,
            cursor=frozen,
            is_open=True,
            open_plan=replace(chosen, frozen=True),
            unanswered=tuple(sorted(told)),
        )

    def _call(self, place: Place, hold: Hold) -> Iterator[Found_]:
        assert hold.plan is not None
        if not self.may_call(place, hold):
            late = as_it_is(hold.cursor, "not_called", "it was too late")
            ended = replace(hold, stage=Stage.ENDED, ended=late)
            yield "it is too late to call", 0, place, ended
            return
        answers = self._asked if hold.plan.kind is PlanKind.FIND else self._told
        for label, cost, after, outcome in answers(place, hold):
            found = self._decide(place, hold.cursor, hold.plan, outcome)
            yield label, cost, after, replace(hold, stage=Stage.ENDED, ended=found)

    def _told(
        self, place: Place, hold: Hold
    ) -> Iterator[tuple[str, int, Place, Outcome]]:
        done = self._with_effect(place, hold)
        unknown = OutcomeUnknown("timed out")
        yield "it is done", 0, done, Done(reference="REF")
        yield "it is done, the reply is lost", 1, done, unknown
        yield "the request is lost", 1, place, unknown
        yield "503", 1, place, Retryable("503")
        if not (place.party.can.honours_key and place.is_there(hold.key)):
            yield "422", 1, place, Refused("422")

    def _asked(
        self, place: Place, hold: Hold
    ) -> Iterator[tuple[str, int, Place, Outcome]]:
        there = place.is_there(hold.key)
        answer: Outcome = Found(reference="REF") if there else NotFound()
        yield "it tells", 0, place, answer
        if there and not hold.cursor.lookups:
            yield "it does not find it yet", 1, place, NotFound()
        yield "nobody answers", 1, place, Retryable("503")

    def _with_effect(self, place: Place, hold: Hold) -> Place:
        if place.party.can.honours_key and place.is_there(hold.key):
            return place
        effect = Effect(hold.key, hold.seqs)
        return replace(place, effects=(*place.effects, effect))

    def _decide(
        self, place: Place, cursor: Cursor, chosen: Plan, outcome: Outcome
    ) -> Settlement:
        ground = Ground(cursor, chosen, place.party.can, LIMITS, jitter=0.5)
        return self.settlement(ground, outcome)

    def _settle(self, place: Place, hold: Hold) -> Place:
        """Write the outcome; a loser's is kept as evidence, and changes nothing."""
        if not self.may_settle(place, hold) or place.lease is Lease.FREE:
            return place
        ended, chosen = hold.ended, hold.plan
        assert ended is not None
        assert chosen is not None
        released = replace(
            place,
            lease=Lease.FREE,
            is_open=False,
            open_plan=None,
            unanswered=_still_unanswered(place, chosen, ended),
        )
        if ended.dead is not None:
            letter = (ended.dead, chosen.from_seq, chosen.to_seq)
            released = replace(released, letters=(*released.letters, letter))
        if ended.forward_to is not None or ended.clear_sending:
            return _moved(released, ended)
        return _kept(released, ended)


def _still_unanswered(place: Place, chosen: Plan, ended: Settlement) -> tuple[int, ...]:
    if ended.outcome == "unknown" or chosen.kind is PlanKind.FIND:
        return place.unanswered
    covered = range(chosen.from_seq, chosen.to_seq + 1)
    return tuple(seq for seq in place.unanswered if seq not in covered)


def _moved(place: Place, ended: Settlement) -> Place:
    cursor = place.cursor
    delivered = max(cursor.delivered_seq, ended.forward_to or 0)
    moved = replace(
        cursor,
        state=ended.state,
        delivered_seq=delivered,
        reference=ended.reference or cursor.reference,
        sending_from_seq=None,
        sending_to_seq=None,
        sending_key="",
        sending_step=ended.step,
        progress=b"",
        lookups=0,
        resends=0,
        unsure=False,
        narrow_to_seq=ended.narrow_to_seq or cursor.narrow_to_seq,
    )
    return replace(place, cursor=moved, is_due=delivered < cursor.target_seq)


def _kept(place: Place, ended: Settlement) -> Place:
    cursor = place.cursor
    unsure = cursor.unsure or ended.outcome == "unknown"
    if ended.outcome == "not_found" and ended.step is Step.CALL:
        unsure = False
    kept = replace(
        cursor,
        state=ended.state,
        sending_step=ended.step,
        progress=ended.progress,
        lookups=ended.lookups,
        resends=max(cursor.resends, ended.resends),
        unsure=unsure,
    )
    return replace(place, cursor=kept, is_due=ended.state is CursorState.ACTIVE)
