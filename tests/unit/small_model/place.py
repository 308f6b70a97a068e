"""What the database has of one cursor, what its party did, and what a worker holds."""

from dataclasses import dataclass
from enum import StrEnum

from connectors.contract import Capabilities
from hub.domain.delivery import Cursor, CursorState, DeadKind, Plan
from hub.domain.settlement import Settlement
from schemas.parties import PartyKind


class Lease(StrEnum):
    """Whether somebody has the cursor."""

    FREE = "free"
    HELD = "held"
    EXPIRED = "expired"


class Stage(StrEnum):
    """How far a worker is with its lease; between two of them it may die."""

    LEASED = "leased"
    BEGUN = "begun"
    ENDED = "ended"


@dataclass(frozen=True)
class Party:
    """Who is told."""

    name: str
    can: Capabilities
    kind: PartyKind = PartyKind.AGENCY

    @property
    def is_blind(self) -> bool:
        """True where nothing tells whether a lost call was done."""
        return not (self.can.honours_key or self.can.finds or self.can.resends_once)


@dataclass(frozen=True)
class Effect:
    """What one call did at the party."""

    key: str
    seqs: tuple[int, ...]


@dataclass(frozen=True)
class Place:
    """One cursor row with its letters, and the party's own memory of the complaint."""

    party: Party
    cursor: Cursor
    wanted: tuple[int, ...]
    """Every seq so far that the party is to be told of."""
    is_due: bool = True
    """Sooner or later; how long is left out: sooner only adds to what may follow."""
    hinted: bool = False
    lease: Lease = Lease.FREE
    epoch: int = 0
    is_open: bool = False
    """A call is committed to be made, and nobody wrote how it ended."""
    open_plan: Plan | None = None
    letters: tuple[tuple[DeadKind, int, int], ...] = ()
    unanswered: tuple[int, ...] = ()
    """Seqs of calls that were begun, and whose answer nobody wrote."""
    effects: tuple[Effect, ...] = ()

    @property
    def told(self) -> list[int]:
        """Seqs in the order in which the party heard of them."""
        return [seq for effect in self.effects for seq in effect.seqs]

    def is_there(self, key: str) -> bool:
        """Tell whether the party did something under a key."""
        return any(effect.key == key for effect in self.effects)

    @property
    def is_at_rest(self) -> bool:
        """True where nothing is to be done, unless a person decides."""
        idle = self.lease is Lease.FREE and not self.is_open
        stopped = self.cursor.state in {CursorState.HELD, CursorState.PARKED}
        return idle and (stopped or not self.is_due)


@dataclass(frozen=True)
class Hold:
    """What a worker has in memory: gone when it dies."""

    cursor: Cursor
    """As it was leased."""
    epoch: int
    stage: Stage = Stage.LEASED
    plan: Plan | None = None
    seqs: tuple[int, ...] = ()
    key: str = ""
    ended: Settlement | None = None


class BrokenError(AssertionError):
    """An invariant does not hold."""


def require(holds: object, what: str) -> None:
    """Raise BrokenError where something does not hold."""
    if not holds:
        raise BrokenError(what)
