"""What another routing table would change: pairs with their counts and some numbers."""

from dataclasses import dataclass, field

from hub.domain.routing import Router, RoutingDecision
from schemas.complaint import NewComplaint
from schemas.parties import Role

TRIAGE = "triage"


@dataclass(slots=True)
class Change:
    """Complaints that go from the same agencies to the same other ones."""

    came: str
    """Whom the present table gives them to."""
    goes: str
    """Whom the other one does."""
    count: int = 0
    as_now: int = 0
    """Of these, how many those agencies have by now, whoever gave it to them."""
    rules: set[tuple[str, str]] = field(default_factory=set)
    """The rules that decide, before and after."""
    public_numbers: list[str] = field(default_factory=list)
    """The first of them; never all."""


class Rehearsal:
    """Asks two tables about the same complaints; keeps counts, never words."""

    def __init__(self, present: Router, other: Router, numbers_max: int) -> None:
        self._present, self._other = present, other
        self._numbers_max = numbers_max
        self._changes: dict[tuple[str, str], Change] = {}
        self.asked = 0

    def take(
        self, complaint: NewComplaint, public_number: str, main: tuple[str, ...]
    ) -> None:
        """Ask about one complaint; `main` are the agencies that have it by now."""
        self.asked += 1
        came, goes = self._present(complaint), self._other(complaint)
        if set(came.agencies) == set(goes.agencies):
            return
        names = (listed(came), listed(goes))
        change = self._changes.setdefault(names, Change(*names))
        change.count += 1
        change.as_now += set(goes.main) == set(main)
        change.rules.add((came.rule_id, goes.rule_id))
        if len(change.public_numbers) < self._numbers_max:
            change.public_numbers.append(public_number)

    @property
    def changes(self) -> list[Change]:
        """What would change, the most frequent first."""
        return sorted(
            self._changes.values(), key=lambda one: (-one.count, one.came, one.goes)
        )


def listed(decision: RoutingDecision) -> str:
    """Name whom a decision gives a complaint to; copies in brackets."""
    names = [
        name if role is Role.MAIN else f"({name})" for name, role in decision.agencies
    ]
    return ", ".join(sorted(names, key=lambda name: name.startswith("("))) or TRIAGE
