"""How a system is asked for its updates, and a mailbox for its mails."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

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
    notes: tuple[str, ...] = ()
    """What an operator should hear of, as codes such as `renumbered`."""


@dataclass(frozen=True, slots=True)
class Held:
    """One message as a source has it: what a ledger compares with the journal."""

    place: str
    """Where it is, as the source names it; for people, and for `fetch`."""
    source: str
    source_key: str = field(repr=False)
    """Both as the message's raw has them."""
    noted_key: str = field(repr=False)
    """Under which it is noted where it could not be had."""
    is_read: bool
    """The source's checkpoint is past it: it must be in the journal."""


class Source(Protocol):
    """A way in of a channel that is asked: a mailbox, or a gateway's list."""

    @property
    def name(self) -> str:
        """How operators call it; unique within its channel."""

    @property
    def every_seconds(self) -> float:
        """From one turn to the next, where nothing wakes it."""

    @property
    def deadline_seconds(self) -> float:
        """Longest time of one page."""

    @property
    def version(self) -> str:
        """Changes with every change of its settings."""

    def poll(self, ask: PollAsk) -> Page:
        """Ask for one page; as `System.poll`."""

    def watch(self, wake: Callable[[], None], stopping: threading.Event) -> None:
        """Call `wake` whenever there may be something new, until `stopping` is set.

        Blocks. What fails is tried again by itself: polling goes on meanwhile.
        """

    def held(self, checkpoint: bytes | None) -> Iterator[Held]:
        """Give all messages that it has; reads only.

        Raises the errors of `connectors.errors`.
        """

    def fetch(self, place: str) -> RawMessage:
        """Read one message again; raises the errors of `connectors.errors`."""
