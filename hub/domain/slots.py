"""How many calls a lane may have under way at once, so that no lane starves another.

Times are seconds of a monotonic clock. Nothing here waits or locks.
"""

import math
from collections import defaultdict, deque
from collections.abc import Mapping
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

    Every lane has one place of its own; only what it wants beyond comes out of the
    `quick` places that all share, and a call that lingers gives its place back. So
    forty agencies that hang hold forty threads and none of the places that others
    need. All together never more than `quick + lingering` calls run.
    """

    def __init__(self, quick: int, lingering: int) -> None:
        self.quick = quick
        self.lingering = lingering
        self._lanes: dict[str, _Lane] = defaultdict(_Lane)
        self._next = 0

    def free(self, lane: str, now: float) -> int:
        """How many calls of a lane may begin now."""
        return self._free(self._lanes[lane], now, *self._running(now))

    def _free(self, found: _Lane, now: float, running: int, shared: int) -> int:
        lane_max = max(1, self.quick // LANE_SHARE)
        lingers = any(now - at >= LINGERING_SECONDS for at in found.began.values())
        if lingers or self._p95(found) > SLOW_P95_SECONDS:
            lane_max = 1
        left = self.quick + self.lingering - running
        own = 0 if found.began else 1
        more = min(lane_max - len(found.began) - own, self.quick - shared)
        return max(0, min(own + max(0, more), left))

    def begin_many(
        self, wanted: Mapping[str, int], room: int, now: float
    ) -> dict[str, list[int]]:
        """Begin as many calls of each lane as it wants and may, at most `room`.

        Returns their numbers, lane by lane; a lane that gets none is left out.
        """
        running, shared = self._running(now)
        begun: dict[str, list[int]] = {}
        for lane, count in wanted.items():
            found = self._lanes[lane]
            free = min(count, room, self._free(found, now, running, shared))
            if free <= 0:
                continue
            before = _shared(found, now)
            begun[lane] = [self.begin(lane, now) for _ in range(free)]
            running, room = running + free, room - free
            shared += _shared(found, now) - before
        return begun

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
        """Count all calls, and those in shared places: quick, not a lane's first."""
        running = shared = 0
        for lane in self._lanes.values():
            running += len(lane.began)
            shared += _shared(lane, now)
        return running, shared

    def _p95(self, lane: _Lane) -> float:
        if not lane.durations:
            return 0.0
        ordered = sorted(lane.durations)
        return ordered[math.ceil(0.95 * len(ordered)) - 1]


def _shared(lane: _Lane, now: float) -> int:
    """Count a lane's calls in shared places: quick ones beyond its own place."""
    quick = sum(now - at < LINGERING_SECONDS for at in lane.began.values())
    own = 1 if quick == len(lane.began) else 0
    return max(0, quick - own)
