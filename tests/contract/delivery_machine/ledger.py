"""What an onlooker knows: events, effects, leases; it complains at once."""

from collections.abc import Iterable
from dataclasses import dataclass

from connectors.contract import Capabilities, Delivery
from hub.domain.delivery import Plan, PlanKind
from hub.domain.settlement import Settlement
from hub.ports import Lease

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Told:
    """An event that the party is to be told of."""

    complaint_id: str
    seq: int
    event_id: str


@dataclass
class Effect:
    """What a delivery did at the party."""

    key: str
    events: tuple[Told, ...]
    reference: str
    visible_at: float
    stale_lookups: int
    late: bool
    times: int = 1
    """How often it was done; more than once on a reporter's channel only."""


class Ledger:
    """Keeps the books of one run, by the run's own clock."""

    def __init__(self, can: Capabilities) -> None:
        self.now = 0.0
        self.can = can
        self.violations: list[str] = []
        self.events: dict[str, Told] = {}
        self.effects: dict[str, Effect] = {}
        self.skipped: set[Told] = set()
        self.unsure: set[Told] = set()
        """Begun, and nobody wrote how it ended."""
        self.begun_at: dict[Told, float] = {}
        """Time of the first call, without the pauses before it."""
        self.outcomes: dict[Told, str] = {}
        """What became of the last call of each."""
        self.paused_seconds = 0.0
        self.leases = 0
        """How many were granted so far."""
        self._calls: dict[str, tuple[Told, ...]] = {}
        self._bodies: dict[str, tuple[Told, ...]] = {}
        self._progress: dict[str, bytes] = {}
        self._holders: dict[Key, tuple[int, float]] = {}

    def expect(self, holds: object, what: str) -> None:
        """Write down what does not hold.

        The hub takes every exception of a call for the call's outcome, so nothing
        can be raised here.
        """
        if not holds:
            self.violations.append(what)

    @property
    def is_blind(self) -> bool:
        """True where nothing tells whether a lost call was done."""
        can = self.can
        return not (can.honours_key or can.finds or can.resends_once)

    @property
    def working_seconds(self) -> float:
        """Time so far, without pauses."""
        return self.now - self.paused_seconds

    def told(self, delivery: Delivery) -> tuple[Told, ...]:
        """Name the events of a delivery."""
        return tuple(self.events[event.event_id] for event in delivery.events)

    def wanted(self, complaint_id: str, first: int, last: int) -> list[Told]:
        """Name the events of a range, in order."""
        found = [
            event
            for event in self.events.values()
            if event.complaint_id == complaint_id and first <= event.seq <= last
        ]
        return sorted(found, key=lambda event: event.seq)

    # the party's side

    def called(self, delivery: Delivery) -> None:
        """Judge a call as it arrives."""
        told = self.told(delivery)
        self.expect(told, "a call without any event")
        body = self._bodies.setdefault(delivery.key, told)
        self.expect(body == told, "one key, two bodies")
        self._judge_progress(delivery)

    def asked(self, delivery: Delivery) -> None:
        """Judge a look-up as it arrives."""
        self.expect(self.can.finds, "who cannot be asked was asked")
        self._judge_progress(delivery)

    def _judge_progress(self, delivery: Delivery) -> None:
        expected = self._progress.get(delivery.key, b"")
        goes_on = delivery.progress == expected
        self.expect(goes_on, "it does not go on where it left off")

    def effect_of(self, key: str) -> Effect | None:
        """Find what was done under a key."""
        return self.effects.get(key)

    def look_up(self, key: str) -> Effect | None:
        """Find it as the party's own search does: late, and at first stale."""
        effect = self.effects.get(key)
        if effect is None or self.now < effect.visible_at:
            return None
        if effect.stale_lookups:
            effect.stale_lookups -= 1
            return None
        return effect

    def has(self, event: Told) -> bool:
        """Tell whether the party has an event."""
        return any(event in effect.events for effect in self.effects.values())

    def record(
        self, delivery: Delivery, *, late_seconds: float, stale_lookups: int
    ) -> Effect:
        """Write an effect down; complains about a second one and about disorder."""
        told = self.told(delivery)
        known = self.effects.get(delivery.key)
        if known is not None:
            known.times += 1
            self.expect(self.can.resends_once, "done twice under one key")
            self.expect(known.times <= 2, "a reporter was told three times")
            return known
        again = [event.seq for event in told if self.has(event)]
        self.expect(not again, f"done twice: {again}")
        late = all(event.late for event in delivery.events)
        if not late:
            self._judge_order(told)
        effect = Effect(
            key=delivery.key,
            events=told,
            reference=f"REF-{len(self.effects) + 1}",
            visible_at=self.now + late_seconds,
            stale_lookups=stale_lookups,
            late=late,
        )
        self.effects[delivery.key] = effect
        return effect

    def _judge_order(self, told: tuple[Told, ...]) -> None:
        seqs = [event.seq for event in told]
        before = [
            event.seq
            for effect in self.effects.values()
            if not effect.late
            for event in effect.events
            if event.complaint_id == told[0].complaint_id
        ]
        self.expect(seqs == sorted(set(seqs)), f"out of order in one call: {seqs}")
        self.expect(not before or seqs[0] > max(before), f"{seqs} after {before}")

    # the hub's side

    def took(self, lease: Lease) -> None:
        """Write a lease down; complains when somebody else still has it."""
        key = _key(lease)
        epoch, until = self._holders.get(key, (-1, -1.0))
        self.expect(until < self.now, f"two holders at once: {key}")
        self.expect(lease.epoch > epoch, f"an epoch was given twice: {key}")
        self._holders[key] = (lease.epoch, self.now + lease.expires_in_seconds)

    def began(self, lease: Lease, plan: Plan, delivery: Delivery, attempt: str) -> None:
        """Write down that a call is committed to be made."""
        epoch, until = self._holders[_key(lease)]
        self.expect(epoch == lease.epoch, "a call was begun without the lease")
        self.expect(until > self.now, "a call was begun after its lease ran out")
        if plan.kind is PlanKind.FIND:
            return
        told = self.told(delivery)
        again = self.unsure.intersection(told) if self.is_blind else ()
        self.expect(not again, f"sent again by itself: {again}")
        self._calls[attempt] = told
        self.unsure.update(told)
        for event in told:
            self.begun_at.setdefault(event, self.working_seconds)

    def settled(
        self,
        lease: Lease,
        delivery_key: str,
        settlement: Settlement,
        attempt: str | None,
    ) -> None:
        """Write an outcome down that counts."""
        key = _key(lease)
        if self._holders.get(key, (-1,))[0] == lease.epoch:
            self._holders[key] = (lease.epoch, -1.0)
        told = self._calls.pop(attempt, ()) if attempt else ()
        self.outcomes.update(dict.fromkeys(told, settlement.outcome))
        if settlement.outcome != "unknown":
            self.unsure.difference_update(told)
        if settlement.outcome == "skipped":
            self.skipped.update(told)
        if settlement.outcome == "pending":
            self._progress[delivery_key] = settlement.progress
        elif _is_over(settlement):
            self._progress.pop(delivery_key, None)

    def operator_knows(self, events: Iterable[Told]) -> None:
        """Somebody asked the party: nobody is unsure any more."""
        self.unsure.difference_update(events)

    def forget_holder(self, lease: Lease) -> None:
        """Who had it before has it no more, although its call may go on."""
        epoch, _ = self._holders.get(_key(lease), (-1, -1.0))
        self._holders[_key(lease)] = (epoch, -1.0)

    def everybody_died(self) -> None:
        """No holder of a lease lives any more."""
        self._holders = {key: (e, -1.0) for key, (e, _) in self._holders.items()}


def _key(lease: Lease) -> Key:
    cursor = lease.cursor
    return (cursor.complaint_id, cursor.party, cursor.recipient)


def _is_over(settlement: Settlement) -> bool:
    """Tell whether a delivery is not tried again by itself."""
    ended = settlement.forward_to is not None or settlement.clear_sending
    return ended or settlement.dead is not None
