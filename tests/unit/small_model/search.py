"""Explicit-state search: every state that can be reached, each once, breadth first."""

from array import array
from dataclasses import dataclass

from tests.unit.small_model.place import BrokenError
from tests.unit.small_model.world import State, World


@dataclass(frozen=True)
class Found:
    """What the search saw."""

    states: int
    steps: int
    ends: int


def search(world: World) -> Found:
    """Visit all states; raises BrokenError with the shortest way to a broken one.

    Whatever happened, everything can still come to its end.
    """
    start = world.start()
    numbers: dict[State, int] = {start: 0}
    states = [start]
    came_by: list[tuple[int, str]] = [(-1, "start")]
    sources, targets = array("l"), array("l")
    ends: list[int] = []
    at = 0
    while at < len(states):
        state = states[at]
        try:
            if world.is_over(state):
                world.judge_end(state)
                ends.append(at)
            for label, after in world.steps(state):
                number = numbers.get(after)
                if number is None:
                    number = numbers[after] = len(states)
                    states.append(after)
                    came_by.append((at, label))
                sources.append(at)
                targets.append(number)
        except BrokenError as error:
            way = _way(came_by, at)
            msg = f"{error}\n" + "\n".join(way)
            raise BrokenError(msg) from error
        at += 1
    stuck = _stuck(len(states), sources, targets, ends)
    if stuck is not None:
        msg = "it never comes to an end after\n" + "\n".join(_way(came_by, stuck))
        raise BrokenError(msg)
    return Found(len(states), len(sources), len(ends))


def _way(came_by: list[tuple[int, str]], at: int) -> list[str]:
    labels: list[str] = []
    while at >= 0:
        at, label = came_by[at]
        labels.append(label)
    return labels[::-1]


def _stuck(
    count: int, sources: "array[int]", targets: "array[int]", ends: list[int]
) -> int | None:
    """Find a state from which no end can be reached; None: there is none."""
    before: list[list[int]] = [[] for _ in range(count)]
    for source, target in zip(sources, targets, strict=True):
        before[target].append(source)
    good = bytearray(count)
    for end in ends:
        good[end] = 1
    open_ = list(ends)
    while open_:
        for source in before[open_.pop()]:
            if not good[source]:
                good[source] = 1
                open_.append(source)
    return next((n for n in range(count) if not good[n]), None)
