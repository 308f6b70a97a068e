"""The books of all parties, each in a ledger of its own."""

from collections.abc import Iterable

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


class Books(Ledger):
    """Hands everything on to the ledger of the party that it is about."""

    def __init__(self, parties: dict[str, Capabilities]) -> None:
        self.of = {party: Ledger(can) for party, can in parties.items()}
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
