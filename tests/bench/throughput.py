"""The interleaved run: every contender once per round, in turn."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tests.bench.contender import Cost
from tests.bench.machine import Meter
from tests.bench.options import Size

Say = Callable[[str], object]
Measure = Callable[[], float | tuple[float, ...]]


class Entrant(Protocol):
    """Who does the main job; see `contender.Contender`."""

    name: str

    def play(self, meter: Meter) -> Cost:
        """Run one round."""
        ...


@dataclass
class Results:
    """What the rounds gave, in their order; None where one failed."""

    costs: dict[str, list[Cost | None]] = field(
        default_factory=lambda: defaultdict(list)
    )
    values: dict[str, list[float | None]] = field(
        default_factory=lambda: defaultdict(list)
    )
    failures: list[str] = field(default_factory=list)
    rounds: int = 0
    """Rounds that were run."""

    def rates(self, name: str) -> list[float | None]:
        """Complaints a second of one contender, per round."""
        return [cost.per_second if cost else None for cost in self.costs.get(name, [])]


@dataclass(frozen=True)
class Plan:
    """What is measured in every round."""

    entrants: Sequence[Entrant]
    measures: Mapping[tuple[str, ...], Measure]
    """Names of the values -> what measures them."""


def run(
    plan: Plan, size: Size, meter: Meter, left: Callable[[], float], say: Say
) -> Results:
    """Run all rounds for which seconds are left.

    What fails is said, noted, and tried again in the next round.
    Each round begins with another contender, so that nobody always follows the same.
    """
    results, longest = Results(), 0.0
    while results.rounds < size.rounds:
        number, before = results.rounds, left()
        if number and before < longest:
            say(f"no time for round {number + 1}")
            break
        first = number % max(1, len(plan.entrants))
        for entrant in (*plan.entrants[first:], *plan.entrants[:first]):
            _play(entrant, number, meter, results, say)
        for names, measure in plan.measures.items():
            _measure(names, measure, number, results, say)
        results.rounds += 1
        longest = max(longest, before - left())
    return results


def _play(
    entrant: Entrant,
    number: int,
    meter: Meter,
    results: Results,
    say: Say,
) -> None:
    cost = None
    try:
        cost = entrant.play(meter)
        say(f"round {number + 1}: {entrant.name}: {cost.per_second:.0f}/s")
    except Exception as error:  # noqa: BLE001 - the others are measured all the same
        _note(f"round {number + 1}: {entrant.name}", error, results, say)
    results.costs[entrant.name].append(cost)


def _measure(
    names: tuple[str, ...],
    measure: Measure,
    number: int,
    results: Results,
    say: Say,
) -> None:
    found: tuple[float | None, ...] = (None,) * len(names)
    try:
        value = measure()
        found = value if isinstance(value, tuple) else (value,)
        shown = ", ".join(
            f"{name} {one:.4g}" for name, one in zip(names, found, strict=True)
        )
        say(f"round {number + 1}: {shown}")
    except Exception as error:  # noqa: BLE001 - the others are measured all the same
        _note(f"round {number + 1}: {names[0]}", error, results, say)
    for name, one in zip(names, found, strict=True):
        results.values[name].append(one)


def _note(what: str, error: Exception, results: Results, say: Say) -> None:
    text = f"{what}: {type(error).__name__}: {error}"
    results.failures.append(text)
    say(f"FAILED {text}")
