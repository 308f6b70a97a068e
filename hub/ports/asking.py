"""What asking agencies needs: sources and their turns, drift and how it is healed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from connectors.contract import OpenCase, Page
from hub.domain.drift import Drift, OurCase
from schemas.events import LogEvent
from schemas.raw import RawMessage


@dataclass(frozen=True, slots=True)
class Turn:
    """A leased source; worth something only while its epoch holds."""

    id: str
    party: str
    epoch: int
    every_seconds: float
    failures: int
    """In a row, so far."""
    now: datetime
    """The database's clock when it was leased."""
    checkpoint: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a page."""

    turn: Turn | None
    """To go on with; None where the turn is over."""
    is_stored: bool
    """False: the lease was lost, and somebody else asks now."""
    new: int = 0
    """Messages that were not known."""
    jumped_back: bool = False
    """The system's clock was set back."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A call that ended with an error; the checkpoint stays."""

    why: str
    wait_seconds: float
    """Until the next turn."""
    is_misconfigured: bool = False
    throttled_seconds: float | None = None
    """The agency asked for it: then the whole party waits."""
    unreadable: RawMessage | None = field(default=None, repr=False)
    """A page that nobody can read, for an operator to look at."""


class Sources(Protocol):
    """Systems that are asked. A turn is one lease, over one or more pages."""

    def lease(self, source_id: str, ttl_seconds: float) -> Turn | None:
        """Take a due source, and one permit of its party; None where either lacks."""

    def keep(
        self, turn: Turn, page: Page, wait_seconds: float | None, ttl_seconds: float
    ) -> Kept:
        """Store a page and its checkpoint in one transaction.

        Messages that are known are left as they are. `wait_seconds` ends the turn; None
        goes on with it, as far as its party permits one more call. 0 ends it and makes
        the source due at once. A failed transaction stores neither.
        """

    def fail(self, turn: Turn, failure: Failure) -> bool:
        """End a turn that failed; True where the reason is another one than before."""

    def wake(self, source_id: str) -> bool:
        """Let a source be asked now, since it has news; False while somebody asks."""

    def open_cases(self, agency: str, after: str, limit: int) -> list[OpenCase]:
        """Read an agency's open cases behind a position, in order; reads only."""


class Drifts(Protocol):
    """Where an agency's view and ours differ."""

    def cases(self, agency: str, after: str, limit: int) -> list[OurCase]:
        """Read cases that the agency has: open, or closed of late, by complaint."""

    def known(self, agency: str, references: Iterable[str]) -> set[str]:
        """Tell which references are ours, in use or kept beside."""

    def handed_over(self, agency: str, keys: Sequence[str]) -> dict[str, str]:
        """Name the complaints that were handed over under these keys."""

    def events(self, complaint_ids: Sequence[str]) -> Mapping[str, Sequence[LogEvent]]:
        """Read the clear facts of these logs."""

    def tempered(self, agency: str, found: Sequence[Drift]) -> list[Drift]:
        """Leave to an operator what was healed once already and differs still."""

    def record(
        self,
        agency: str,
        compared: Iterable[tuple[str, int]],
        found: Sequence[Drift],
        *,
        is_whole: bool,
    ) -> None:
        """Note what was found; what was compared and agrees by now is forgotten.

        `compared` are (complaint, assignment number).

        `is_whole` says that all that the agency has was compared.
        """

    def heal(
        self, agency: str, items: Sequence[Drift], by: str, reason: str
    ) -> list[dict[str, Any]]:
        """Do what each item says, with an audit row each; returns what was done.

        Idempotent: what was done already, or cannot be done now, says so.
        """

    def listed(self, agency: str = "") -> list[dict[str, Any]]:
        """List what was found last, of one agency or all."""
