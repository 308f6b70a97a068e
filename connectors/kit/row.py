"""One row of the conformance suite, and what it can come to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from connectors.kit.bench import Bench, Tried


class Verdict(StrEnum):
    """What a row came to."""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    NOT_SUPPORTED = "not_supported"
    """The agency's file says that the system has no such thing."""
    NOT_TRIED = "not_tried"
    """It could not be tried here; the evidence says why."""


@dataclass(frozen=True)
class Words:
    """One sentence in the two languages of every report."""

    id: str
    en: str


@dataclass
class Outcome:
    """What a row came to, and what shows it."""

    verdict: Verdict
    evidence: list[str] = field(default_factory=list)
    exchanges: list[dict[str, Any]] = field(default_factory=list)
    """Calls as they were, secrets masked."""
    seconds: float = 0


@dataclass(frozen=True)
class Row:
    """One question that the suite asks."""

    id: str
    level: int
    """The level of integration that it is needed for: 1 to 3."""
    title: Words
    means: Words
    """What follows for the agency if it is not so."""
    run: Callable[[Bench], Outcome]


def outcome(verdict: Verdict, evidence: str, *tried: Tried) -> Outcome:
    """Make an outcome of calls and what was seen of them."""
    said = [*filter(None, [evidence]), *(one.says for one in tried)]
    return Outcome(
        verdict,
        said,
        [exchange for one in tried for exchange in one.exchanges],
        sum(one.seconds for one in tried),
    )


def judged(good: bool, evidence: str, *tried: Tried) -> Outcome:  # noqa: FBT001
    """Make an outcome of a yes or a no."""
    return outcome(Verdict.PASS if good else Verdict.FAIL, evidence, *tried)


def unsupported(why: str) -> Outcome:
    """Say that the agency's file declares no such thing."""
    return outcome(Verdict.NOT_SUPPORTED, why)


def untried(why: str) -> Outcome:
    """Say why it could not be tried here."""
    return outcome(Verdict.NOT_TRIED, why)
