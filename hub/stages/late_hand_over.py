"""Late hand-overs: a reporter hears once that an agency's system cannot be reached."""

from collections.abc import Callable, Iterable

from hub.ports import HandOvers, LateLeg
from schemas.events import Cause, NewEvent, new_event
from schemas.parties import Author, AuthorKind, CauseKind
from schemas.payloads import LegNotice

CLOCK = Author(kind=AuthorKind.CLOCK, id="late_hand_over")
LEGS_MAX = 200
"""Legs in one transaction."""
PAGES_MAX = 25
"""Transactions in one run; the rest is told by the next."""


class LateHandOver:
    """Appends `hand_over_delayed` to complaints whose agency cannot be reached."""

    def __init__(
        self,
        hand_overs: HandOvers,
        hint: Callable[[Iterable[tuple[str, str]]], None],
        after_seconds: float,
    ) -> None:
        self._hand_overs = hand_overs
        self._hint = hint
        self._after_seconds = after_seconds

    def __call__(self) -> int:
        """Tell what is late now; returns how many legs. Idempotent, bounded."""
        told = 0
        for _ in range(PAGES_MAX):
            legs = self._hand_overs.late(self._after_seconds, LEGS_MAX)
            appended, due = self._hand_overs.tell(legs, delayed)
            self._hint(due)
            told += appended
            if not appended or len(legs) < LEGS_MAX:
                break
        return told


def delayed(leg: LateLeg) -> NewEvent:
    """Make the event of a late leg: one of its kind for each assignment."""
    notice = LegNotice(
        agency=leg.agency, assignment_no=leg.assignment_no, since=leg.since
    )
    cause = Cause(
        kind=CauseKind.CLOCK, id=f"late:{leg.agency}"[:64], no=leg.assignment_no
    )
    return new_event(
        "hand_over_delayed",
        notice,
        CLOCK,
        cause,
        leg.now,
        leg=(leg.agency, leg.assignment_no),
    )
