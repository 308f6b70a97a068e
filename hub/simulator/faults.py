"""The ways in which a simulated system breaks, and the plan that decides when."""

import random
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """One way to misbehave."""

    NONE = "none"
    """Nothing is wrong."""
    SLOW = "slow"
    """Answers properly after `slow_seconds`."""
    HANG = "hang"
    """Reads the request, does nothing, and closes after `hang_seconds`."""
    DRIP = "drip"
    """Does the work and sends the answer one byte per `drip_seconds`."""
    DOWN = "down"
    """Nobody listens: connections are refused."""
    ERROR_500 = "error_500"
    """Does nothing and answers 500."""
    THROTTLED_429 = "throttled_429"
    """Does nothing and answers 429 with Retry-After."""
    TOO_LARGE_413 = "too_large_413"
    """Does nothing and answers 413."""
    UNAVAILABLE_503 = "unavailable_503"
    """Does nothing and answers 503 with Retry-After."""
    TIMEOUT_AFTER_COMMIT = "timeout_after_commit"
    """Does the work and never answers."""
    RESET_AFTER_COMMIT = "reset_after_commit"
    """Does the work and resets the connection."""
    HTML_PAGE = "html_page"
    """Does nothing and answers 200 with a login page."""
    GARBAGE = "garbage"
    """Does the work and answers with JSON that breaks off."""

    DUPLICATE_UPDATES = "duplicate_updates"
    """Tells the hub twice, under two webhook ids."""
    OUT_OF_ORDER_UPDATES = "out_of_order_updates"
    """Holds an update back until the next one of the case was sent."""
    CLOCK_WRONG = "clock_wrong"
    """States times that are seven hours ahead."""
    UNMAPPED_STATUS = "unmapped_status"
    """Goes through a status that nobody mapped before the proper one."""
    CORRUPT_ITEM = "corrupt_item"
    """Sends a batch in which one item cannot be read."""


UPDATE_FAULTS = frozenset(
    {
        Fault.DUPLICATE_UPDATES,
        Fault.OUT_OF_ORDER_UPDATES,
        Fault.CLOCK_WRONG,
        Fault.UNMAPPED_STATUS,
        Fault.CORRUPT_ITEM,
    }
)
"""Faults of what an agency tells the hub; all others concern what it is asked."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How long the faults that take time take."""

    slow_seconds: float = 2
    hang_seconds: float = 60
    drip_seconds: float = 0.5
    retry_after_seconds: int = 1


class _Lane:
    """The plan for one kind of fault: the next few, else a steady one, else a mix."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)
        self._next: deque[tuple[Fault, str]] = deque()
        self._mix: dict[Fault, float] = {}
        self.steady = Fault.NONE

    def clear(self) -> None:
        self._next.clear()
        self._mix = {}
        self.steady = Fault.NONE

    def mix(self, shares: dict[Fault, float], seed: str) -> None:
        self._mix = shares
        self._random = random.Random(seed)

    def queue(self, times: int, fault: Fault, method: str) -> None:
        self._next.extend([(fault, method)] * times)

    def decide(self, method: str = "") -> Fault:
        for index, (fault, wanted) in enumerate(self._next):
            if wanted in ("", method):
                del self._next[index]
                return fault
        if self.steady is not Fault.NONE or not self._mix:
            return self.steady
        return self._draw()

    def _draw(self) -> Fault:
        drawn = self._random.random()
        for fault, share in self._mix.items():
            drawn -= share
            if drawn < 0:
                return fault
        return Fault.NONE


class FaultPlan:
    """Decides for every request and every update whether and how it goes wrong.

    The n-th decision depends on the seed and n alone. Safe for many threads.
    """

    def __init__(self, *, seed: int = 0, timing: Timing | None = None) -> None:
        self.timing = timing or Timing()
        self.played: Counter[Fault] = Counter()
        """How often each fault was played."""
        self._lock = threading.Lock()
        self._requests = _Lane(f"requests:{seed}")
        self._updates = _Lane(f"updates:{seed}")
        self._watcher: Callable[[], None] | None = None

    @property
    def down(self) -> bool:
        """Tell whether nobody is to listen."""
        return self._requests.steady is Fault.DOWN

    def set(self, fault: Fault) -> None:
        """Let everything of its kind go wrong this way until it is cleared."""
        if fault is Fault.NONE:
            self.clear()
            return
        with self._lock:
            self._lane(fault).steady = fault
        self._tell()

    def clear(self) -> None:
        """Mend everything, also what `mix` and `for_next` ordered."""
        with self._lock:
            self._requests.clear()
            self._updates.clear()
        self._tell()

    def mix(self, shares: Mapping[Fault, float], seed: int) -> None:
        """Let each fault happen with its probability; the rest goes well.

        Raises ValueError when the shares of one kind exceed 1, or for `down`, which
        cannot be had for one request alone.
        """
        requests = {f: s for f, s in shares.items() if f not in UPDATE_FAULTS}
        updates = {f: s for f, s in shares.items() if f in UPDATE_FAULTS}
        _refuse_down(requests)
        if max(sum(requests.values()), sum(updates.values())) > 1:
            msg = "the shares of one kind of fault add up to more than 1"
            raise ValueError(msg)
        with self._lock:
            self._requests.mix(requests, f"requests:{seed}")
            self._updates.mix(updates, f"updates:{seed}")

    def for_next(self, times: int, fault: Fault, *, method: str = "") -> None:
        """Let the next requests (of one HTTP method) or updates go wrong this way.

        Raises ValueError for `down`.
        """
        _refuse_down([fault])
        with self._lock:
            self._lane(fault).queue(times, fault, method)

    def for_request(self, method: str) -> Fault:
        """Decide about one request that came in."""
        with self._lock:
            return self._count(self._requests.decide(method))

    def for_update(self) -> Fault:
        """Decide about one update that goes out."""
        with self._lock:
            return self._count(self._updates.decide())

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call `watcher` after every change of what is steady."""
        self._watcher = watcher

    def _count(self, fault: Fault) -> Fault:
        if fault is not Fault.NONE:
            self.played[fault] += 1
        return fault

    def _lane(self, fault: Fault) -> _Lane:
        return self._updates if fault in UPDATE_FAULTS else self._requests

    def _tell(self) -> None:
        if self._watcher is not None:
            self._watcher()


def _refuse_down(faults: Mapping[Fault, float] | list[Fault]) -> None:
    if Fault.DOWN in faults:
        msg = "down concerns a whole system: use set(Fault.DOWN) and clear()"
        raise ValueError(msg)
