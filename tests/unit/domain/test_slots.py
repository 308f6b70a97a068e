"""Which calls may begin: no party starves another, however many hang."""

import math
from collections import defaultdict, deque
from copy import deepcopy
from dataclasses import dataclass

from hypothesis import assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hub.domain.slots import (
    LANE_SHARE,
    LINGERING_SECONDS,
    REMEMBERED,
    SLOW_P95_SECONDS,
    Slots,
)

LANES = ("dinas_pupr", "dinkes", "disdukcapil")


@dataclass(frozen=True)
class Call:
    lane: str
    number: int
    began: float


class AnyPool(RuleBasedStateMachine):
    """A pool that asks before it begins a call, and calls of any length."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.calls: list[Call] = []
        self.durations: dict[str, deque[float]] = defaultdict(
            lambda: deque(maxlen=REMEMBERED)
        )

    @initialize(quick=st.integers(1, 40), lingering=st.integers(1, 12))
    def open(self, quick: int, lingering: int) -> None:
        self.slots = Slots(quick, lingering)

    @rule(seconds=st.floats(0, 8) | st.just(LINGERING_SECONDS))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(lane=st.sampled_from(LANES), wanted=st.integers(1, 10))
    def begin(self, lane: str, wanted: int) -> None:
        """Begin as many as are free, all at once, as the pool does."""
        free = self.slots.free(lane, self.now)
        for _ in range(min(wanted, free)):
            number = self.slots.begin(lane, self.now)
            self.calls.append(Call(lane, number, self.now))

    @rule(
        wanted=st.dictionaries(st.sampled_from(LANES), st.integers(0, 10)),
        room=st.integers(0, 12),
    )
    def begin_many(self, wanted: dict[str, int], room: int) -> None:
        """Begin for many lanes at once: as if one lane were asked after the other."""
        alone = deepcopy(self.slots)
        begun = self.slots.begin_many(wanted, room, self.now)
        for lane, count in wanted.items():
            expected = min(count, room, alone.free(lane, self.now))
            room -= expected
            for _ in range(expected):
                alone.begin(lane, self.now)
            numbers = begun.get(lane, [])
            assert len(numbers) == expected
            self.calls += [Call(lane, number, self.now) for number in numbers]

    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        call = self._any_call(data)
        self.slots.end(call.lane, call.number, self.now)
        self.durations[call.lane].append(self.now - call.began)

    @rule(data=st.data())
    def forget(self, data: st.DataObject) -> None:
        call = self._any_call(data)
        self.slots.forget(call.lane, call.number)

    @invariant()
    def no_more_quick_calls_than_places(self) -> None:
        assert self._shared() <= self.slots.quick

    @invariant()
    def no_more_calls_than_threads(self) -> None:
        assert self.slots.running() <= self.slots.quick + self.slots.lingering

    @invariant()
    def no_lane_has_more_than_its_share(self) -> None:
        for lane in LANES:
            share = max(1, self.slots.quick / LANE_SHARE)
            assert len(self._calls_of(lane)) <= share

    @invariant()
    def a_lane_without_a_call_may_begin_one_while_there_are_threads(self) -> None:
        if len(self.calls) < self.slots.quick + self.slots.lingering:
            for lane in LANES:
                assert self._calls_of(lane) or self.slots.free(lane, self.now)

    @invariant()
    def every_call_is_counted_until_it_ends(self) -> None:
        assert self.slots.running() == len(self.calls)
        assert len({call.number for call in self.calls}) == len(self.calls)

    @invariant()
    def what_is_free_is_what_the_rules_leave(self) -> None:
        for lane in LANES:
            assert self.slots.free(lane, self.now) == self._free(lane)

    def _free(self, lane: str) -> int:
        """The rules, once more: one place of its own, the others shared."""
        mine = self._calls_of(lane)
        share = max(1, self.slots.quick // LANE_SHARE)
        if any(map(self._lingers, mine)) or self._is_slow(lane):
            share = 1
        shared_left = self.slots.quick - self._shared()
        threads_left = self.slots.quick + self.slots.lingering - len(self.calls)
        places = shared_left if mine else 1 + shared_left
        return max(0, min(share - len(mine), places, threads_left))

    def _shared(self) -> int:
        """Count calls in shared places: the quick ones, less one where none lingers."""
        found = 0
        for lane in LANES:
            mine = self._calls_of(lane)
            quick = sum(not self._lingers(call) for call in mine)
            found += max(0, quick - (1 if quick == len(mine) else 0))
        return found

    def _calls_of(self, lane: str) -> list[Call]:
        return [call for call in self.calls if call.lane == lane]

    def _is_slow(self, lane: str) -> bool:
        """Judge by the nearest rank: at most one of twenty may be slower."""
        ordered = sorted(self.durations[lane])
        rank = math.ceil(0.95 * len(ordered))
        return bool(ordered) and ordered[rank - 1] > SLOW_P95_SECONDS

    def _lingers(self, call: Call) -> bool:
        return self.now - call.began >= LINGERING_SECONDS

    def _any_call(self, data: st.DataObject) -> Call:
        assume(self.calls)
        call = data.draw(st.sampled_from(self.calls))
        self.calls.remove(call)
        return call


TestAnyPool = AnyPool.TestCase
TestAnyPool.settings = settings(deadline=None)


def call_often(slots: Slots, lane: str, *seconds: float) -> float:
    """Let calls of a lane run one after the other; returns the time afterwards."""
    now = 0.0
    for duration in seconds:
        number = slots.begin(lane, now)
        now += duration
        slots.end(lane, number, now)
    return now


def test_a_lane_takes_an_eighth_of_the_pool_and_one_place_at_least() -> None:
    assert Slots(quick=16, lingering=8).free("dinkes", 0) == 2
    assert Slots(quick=3, lingering=8).free("dinkes", 0) == 1


def test_a_lane_that_hangs_has_one_place_until_it_answers() -> None:
    slots = Slots(quick=16, lingering=8)
    hanging = slots.begin("dinkes", 0)
    assert slots.free("dinkes", 0.9) == 1

    assert slots.free("dinkes", 1.0) == 0

    slots.end("dinkes", hanging, 2.0)
    assert slots.free("dinkes", 2.0) == 2


def test_a_slow_lane_has_one_place_until_it_is_quick_again() -> None:
    slots = Slots(quick=16, lingering=8)
    now = call_often(slots, "dinkes", 6.0)
    assert slots.free("dinkes", now) == 1

    now = call_often(slots, "dinkes", *[0.1] * REMEMBERED)

    assert slots.free("dinkes", now) == 2


def test_one_slow_call_among_twenty_makes_no_slow_lane() -> None:
    slots = Slots(quick=16, lingering=8)

    now = call_often(slots, "dinkes", *[0.1] * 10, 30.0, *[0.1] * 9)

    assert slots.free("dinkes", now) == 2


def test_a_call_that_never_began_says_nothing_of_its_lane() -> None:
    slots = Slots(quick=16, lingering=8)
    number = slots.begin("dinkes", 0)

    slots.forget("dinkes", number)

    assert slots.running() == 0
    assert slots.free("dinkes", 60) == 2


def begin_all(slots: Slots, lane: str, now: float) -> int:
    """Begin as many calls as are free; returns how many."""
    free = slots.free(lane, now)
    for _ in range(free):
        slots.begin(lane, now)
    return free


def test_forty_hanging_agencies_leave_all_places_to_the_others() -> None:
    slots = Slots(quick=16, lingering=256)
    hanging = [f"agency_{number}" for number in range(40)]
    for second in range(5):
        for lane in hanging:
            begin_all(slots, lane, second * LINGERING_SECONDS)

    now = 5 * LINGERING_SECONDS
    others = [f"other_{number}" for number in range(16)]

    assert [begin_all(slots, lane, now) for lane in others] == [2] * 16


def test_busy_agencies_leave_every_other_its_own_place() -> None:
    slots = Slots(quick=16, lingering=256)
    for number in range(40):
        begin_all(slots, f"agency_{number}", 0)

    assert slots.running() == 40 + 16
    assert slots.free("dinkes", 0) == 1


def test_when_every_thread_is_taken_nothing_more_begins() -> None:
    slots = Slots(quick=1, lingering=2)
    for number in range(3):
        begin_all(slots, f"agency_{number}", 0)

    assert slots.running() == 3
    assert [slots.free("dinkes", now) for now in (0, 60)] == [0, 0]
