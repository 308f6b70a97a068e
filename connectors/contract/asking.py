"""How a system is asked for its updates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from schemas.base import Model
from schemas.raw import RawMessage


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case of the agency that is not closed."""

    position: str
    """Orders the cases; means nothing else."""
    reference: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PollAsk:
    """What a system is told when it is asked for updates."""

    checkpoint: bytes | None
    """Where the last page ended; None at the very first."""
    now: datetime
    """The hub's clock, in UTC."""
    cases: Callable[[str, int], Sequence[OpenCase]]
    """At most so many open cases after a position, in order; "" is before the first."""


class Page(Model):
    """One page of a system's updates; stored together with its checkpoint."""

    raws: tuple[RawMessage, ...]
    checkpoint: bytes | None
    """Where the next page begins; overlapping what was read, by a margin."""
    more: bool = False
    """Another page is there already."""
    skew_seconds: float | None = None
    """The system's clock minus ours, where its answer told it."""
