"""How many calls a lane may have under way at once, so that no lane starves another.

Times are seconds of a monotonic clock. Nothing here waits or locks.
"""

from collections import defaultdict, deque
from dataclasses import dataclass, field

LANE_SHARE = 8
"""A lane takes at most this part of the pool: an eighth."""
SLOW_P95_SECONDS = 5.0
"""A lane whose calls take longer has one slot."""
LINGERING_SECONDS = 1.0
"""A call that runs longer gives its place among the quick ones to the next."""
REMEMBERED = 20
"""Durations that a lane's pace is judged by."""


@dataclass
class _Lane:
    began: dict[int, float] = field(default_factory=dict)
    durations: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))


class Slots:
    """Counts running calls of all lanes.

    `quick` calls may run at once, and `lingering` more that have been running for a
    second or longer: so forty agencies that hang hold forty threads, and none of
    the places that the others need.
    """

    def __init__(self, quick: int, lingering: int) -> None:
        self.quick = quick
        self.lingering = lingering
        self._lanes: dict[str, _Lane] = defaultdict(_Lane)
        self._next = 0

    def free(self, lane: str, now: float) -> int:
        """How many calls of a lane may begin now."""
        lane_max = max(1, self.quick // LANE_SHARE)
        found = self._lanes[lane]
        lingers = any(now - at >= LINGERING_SECONDS for at in found.began.values())
        if lingers or self._p95(found) > SLOW_P95_SECONDS:
            lane_max = 1
        quick, lingering = self._running(now)
        if lingering >= self.lingering:
            return 0
        return max(0, min(lane_max - len(found.began), self.quick - quick))

    def begin(self, lane: str, now: float) -> int:
        """Note a call that begins; returns its number."""
        self._next += 1
        self._lanes[lane].began[self._next] = now
        return self._next

    def end(self, lane: str, number: int, now: float) -> None:
        """Note a call that ended."""
        began = self._lanes[lane].began.pop(number)
        self._lanes[lane].durations.append(now - began)

    def forget(self, lane: str, number: int) -> None:
        """Take a call back that never began."""
        self._lanes[lane].began.pop(number)

    def running(self) -> int:
        """Count all calls under way."""
        return sum(len(lane.began) for lane in self._lanes.values())

    def _running(self, now: float) -> tuple[int, int]:
        ages = [now - at for lane in self._lanes.values() for at in lane.began.values()]
        lingering = sum(age >= LINGERING_SECONDS for age in ages)
        return len(ages) - lingering, lingering

    def _p95(self, lane: _Lane) -> float:
        if not lane.durations:
            return 0.0
        ordered = sorted(lane.durations)
        return ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
