"""How what was read is compared with what was expected."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LOSS = LEAK = 0.1
"""More than this share of words too few, or too many."""


@dataclass
class Score:
    """Counts of what is right, by the name of what was compared."""

    right: Counter[str] = field(default_factory=Counter)
    total: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    """What is not right: name and file."""

    def add(self, name: str, where: str, *, right: bool) -> None:
        """Count one comparison."""
        self.total[name] += 1
        self.right[name] += right
        if not right:
            self.wrong.append(f"{name}: {where}")

    def lines(self) -> Iterator[str]:
        """Say how many are right, one line a name."""
        for name, total in self.total.items():
            share = 100 * self.right[name] / total
            yield f"  {name:<28}{self.right[name]:>5} of {total:<5}{share:6.1f} %"


def rows_of(path: Path) -> list[dict[str, Any]]:
    """Read a file of one JSON object a line."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def squashed(text: str | None) -> str:
    """Make all white space one space."""
    return " ".join((text or "").split())


def missing(expected: str, found: str) -> int:
    """Count expected words that are not there."""
    return (words(expected) - words(found)).total()


def words(text: str) -> Counter[str]:
    """Count words."""
    return Counter(text.split())


def lost(expected: str, found: str) -> bool:
    """Tell whether more than a tenth of the expected words is missing."""
    return missing(expected, found) > LOSS * words(expected).total()


def leaked(expected: str, found: str) -> bool:
    """Tell whether more than a tenth is there that was not expected."""
    return missing(found, expected) > LEAK * max(1, words(expected).total())


def multiset(rows: Iterable[tuple[Any, ...]]) -> Counter[tuple[Any, ...]]:
    """Count rows, order aside."""
    return Counter(rows)
