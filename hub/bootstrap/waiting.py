"""The ids that hints told of and that wait for a free slot, lane by lane."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from hub.domain.slots import Slots
from hub.ports import Grant

PENDING_MAX = 10_000
"""Ids remembered per lane beyond the free slots; the sweep finds what is dropped."""
LOOKED_AT = 50
"""Ids that a lane looks at when it was given nothing at its last ask."""
SPARE = 2
"""Ids that a lane looks at for each slot: some may not be due any more."""
LEASED_AT_ONCE = 100
"""Leases that are asked for in one transaction."""
BUSY_SECONDS = 0.05
"""A lane waits so long when all that it asked for was held by somebody else."""


@dataclass(frozen=True)
class Asked:
    """What one lane asks for."""

    lane: str
    by: dict[str, str]
    """Ids, and what found each."""
    numbers: list[int]
    """The slots that were taken for it."""


class WaitingLanes:
    """Remembers ids and chooses what is leased next. Its user locks."""

    def __init__(self, slots: Slots, clock: Callable[[], float]) -> None:
        self._slots = slots
        self._clock = clock
        self._ids: dict[str, dict[str, str]] = defaultdict(dict)
        self._again_at: dict[str, float] = {}
        self._unlucky: set[str] = set()

    def add(self, lane: str, ids: Iterable[str], by: str) -> None:
        """Remember what a hint told of."""
        waiting = self._ids[lane]
        for row_id in ids:
            if len(waiting) < PENDING_MAX:
                waiting.setdefault(row_id, by)

    def take(self) -> list[Asked]:
        """Take slots and ids of every lane that may begin.

        The ids are taken out before the database is asked: a hint for one of them
        that comes meanwhile tells of something newer, and stays.
        """
        now, wanted = self._clock(), {}
        for lane, ids in self._ids.items():
            if ids and self._again_at.get(lane, now) <= now:
                wanted[lane] = len(ids)
        taken = self._slots.begin_many(wanted, LEASED_AT_ONCE, now)
        return [self._ask(lane, numbers) for lane, numbers in taken.items()]

    def _ask(self, lane: str, numbers: list[int]) -> Asked:
        waiting = self._ids.pop(lane)  # and last in the order of the next round
        count = LOOKED_AT if lane in self._unlucky else SPARE * len(numbers)
        by = {row_id: waiting.pop(row_id) for row_id in list(waiting)[:count]}
        self._ids[lane] = waiting
        return Asked(lane, by, numbers)

    def given(self, asked: Asked, grant: Grant) -> None:
        """Take note of what a lane was given; what is to be asked again is kept.

        Fewer leases than asked for, and none denied: the other ids are not due.
        """
        lane, leases, wait = asked.lane, grant.leases, grant.wait_seconds
        self._note_luck(lane, is_lucky=bool(leases))
        if wait is not None:
            self._again_at[lane] = self._clock() + wait
        elif grant.busy and not leases:
            self._again_at[lane] = self._clock() + BUSY_SECONDS
        kept: Iterable[str] = grant.busy
        if wait is not None or len(leases) == len(asked.numbers):
            taken = {lease.cursor.complaint_id for lease in leases} - grant.busy
            kept = asked.by.keys() - taken
        self.keep(lane, {i: name for i, name in asked.by.items() if i in kept})

    def _note_luck(self, lane: str, *, is_lucky: bool) -> None:
        if is_lucky:
            self._unlucky.discard(lane)
        else:
            self._unlucky.add(lane)

    def keep(self, lane: str, by: dict[str, str]) -> None:
        """Put ids back before those that came meanwhile."""
        self._ids[lane] = {**by, **self._ids[lane]}

    def look_after(self, look_seconds: float) -> float | None:
        """Say when to look again; None: when something comes."""
        lanes = [lane for lane, ids in self._ids.items() if ids]
        if not lanes:
            return None
        now = self._clock()
        again = (self._again_at.get(lane, now) - now for lane in lanes)
        return min([look_seconds, *(seconds for seconds in again if seconds > 0)])


def wanted_of(asked: Sequence[Asked]) -> list[tuple[str, list[str], int]]:
    """Write it as the stage wants it."""
    return [(one.lane, list(one.by), len(one.numbers)) for one in asked]
