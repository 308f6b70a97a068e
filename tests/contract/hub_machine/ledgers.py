"""The books of all parties, each in a ledger of its own."""

from collections.abc import Iterable
from typing import Any

from connectors.contract import Capabilities, Delivery
from hub.domain.delivery import Plan
from hub.domain.settlement import Settlement
from hub.ports import Lease
from tests.contract.delivery_machine.ledger import Ledger, Told


class Events(dict[str, Told]):
    """Events by id. What is in no log is an answer to a question, told by its key."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[str] = []

    def __missing__(self, event_id: str) -> Told:
        self.answers.append(event_id)
        found = self[event_id] = Told(f"answer {event_id}", 1, event_id)
        return found


class Letters(Ledger):
    """The books of a reporter's channel: each recipient is told for itself.

    A complaint is named with its recipient, since reporters of others may follow it.
    """

    def __init__(self, can: Capabilities) -> None:
        super().__init__(can)
        self._recipients: dict[str, str] = {}

    def began(self, lease: Lease, plan: Plan, delivery: Delivery, attempt: str) -> None:
        """Write down that a call is committed to be made, and to whom."""
        self._recipients[delivery.key] = lease.cursor.recipient
        super().began(lease, plan, delivery, attempt)

    def told(self, delivery: Delivery) -> tuple[Told, ...]:
        """Name the events of a delivery."""
        recipient = self._recipients.get(delivery.key, "")
        return tuple(_to(recipient, one) for one in super().told(delivery))

    def wanted(self, complaint_id: str, first: int, last: int) -> list[Told]:
        """Name the events of a range, in order, for one recipient."""
        bare, _, recipient = complaint_id.partition("/")
        return [_to(recipient, one) for one in super().wanted(bare, first, last)]


def _to(recipient: str, told: Told) -> Told:
    named = f"{told.complaint_id}/{recipient}" if recipient else told.complaint_id
    return Told(named, told.seq, told.event_id)


def named(row: Any) -> str:
    """Name what a cursor or a letter is about: its complaint, and its recipient."""
    whole = f"{row.complaint_id}/{row.recipient}"
    return whole if row.recipient else str(row.complaint_id)


class Books(Ledger):
    """Hands everything on to the ledger of the party that it is about."""

    def __init__(self, parties: dict[str, Capabilities]) -> None:
        self.of = {
            party: Letters(can) if can.resends_once else Ledger(can)
            for party, can in parties.items()
        }
        super().__init__(Capabilities())
        self._assigned: dict[tuple[str, str], int] = {}
        for ledger in self.of.values():
            ledger.events = Events()

    def took(self, lease: Lease) -> None:
        """Write a lease down; with a new assignment, nobody waits for the old call."""
        cursor = lease.cursor
        ledger = self.of[cursor.party]
        place = (cursor.complaint_id, cursor.party)
        if self._assigned.get(place, cursor.assignment_no) != cursor.assignment_no:
            ledger.forget_holder(lease)
        self._assigned[place] = cursor.assignment_no
        ledger.took(lease)

    def began(self, lease: Lease, plan: Plan, delivery: Delivery, attempt: str) -> None:
        """Write down that a call is committed to be made."""
        self.of[lease.cursor.party].began(lease, plan, delivery, attempt)

    def settled(
        self,
        lease: Lease,
        delivery_key: str,
        settlement: Settlement,
        attempt: str | None,
    ) -> None:
        """Write an outcome down that counts."""
        ledger = self.of[lease.cursor.party]
        ledger.settled(lease, delivery_key, settlement, attempt)

    def everybody_died(self) -> None:
        """No holder of a lease lives any more."""
        for ledger in self.of.values():
            ledger.everybody_died()

    def pass_time(self, seconds: float) -> None:
        """Move the clock of all."""
        for ledger in self.of.values():
            ledger.now += seconds

    def note(self, party: str, events: Iterable[Told]) -> None:
        """Learn which events a party may be told of."""
        self.of[party].events |= {event.event_id: event for event in events}

    @property
    def broken(self) -> list[str]:
        """Say what did not hold, party by party."""
        return [
            f"{party}: {what}"
            for party, ledger in self.of.items()
            for what in ledger.violations
        ]
