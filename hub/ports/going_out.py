"""What delivering needs: leases, what calls are built from, how they ended."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from connectors.contract import Delivery
from hub.domain.attachments import FileState
from hub.domain.delivery import Cursor, Plan
from hub.domain.lifecycle import CaseState
from hub.domain.settlement import Settlement
from schemas.events import LogEvent, NewEvent
from schemas.parties import PartyKind


@dataclass(frozen=True, slots=True)
class Lease:
    """A leased cursor or answer; worth something only while its epoch holds."""

    cursor: Cursor
    kind: PartyKind
    lane: str
    epoch: int
    owner: str
    expires_in_seconds: float
    answer_no: int | None = None
    """Set when the lease is an answer: then `cursor.complaint_id` is the journal id."""


@dataclass(frozen=True, slots=True)
class CaseFile:
    """Everything that a delivery is built from."""

    events: Sequence[LogEvent]
    """All events, sealed parts opened where their key still exists."""
    state: CaseState
    facts: Mapping[str, Any]
    """Flat clear facts: public_number, code, channel, received_at …"""
    read_at: datetime
    """When it was read, by the database's clock."""
    reporter: Mapping[str, Any] = field(repr=False, default_factory=dict)
    """Who is told, or else who wrote; opened where the key still exists."""
    code: str = ""
    """The tracking code of who is told."""
    follows: bool = False
    """Who is told wrote another complaint, that was merged into this one."""
    wants: Sequence[str] | None = None
    agency_titles: Mapping[str, str] = field(default_factory=dict)
    answer: tuple[str, Mapping[str, str]] | None = None
    """(template, params) of an answer."""
    contact_silent: str = ""
    """Why the contact is told nothing; empty for one that is told."""
    key: Any = field(default=None, repr=False, compare=False)
    """The store's own handle of the key that covers what is sent; only handed on."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a lane would work."""

    lane: str
    ids: Sequence[str]
    """Complaints and journal rows; none: whatever is due."""
    slots: int
    ttl_seconds: float
    """How long the leases hold."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a lane was given, and when it may ask for the rest."""

    leases: Sequence[Lease] = ()
    wait_seconds: float | None = None
    """Due rows were denied a permit for so long; None: none that was asked for."""
    busy: frozenset[str] = frozenset()
    """Ids of due rows that somebody else held for a moment: to be asked for again."""


@dataclass(frozen=True, slots=True)
class LostCall:
    """A call whose outcome nobody wrote: its lease ran out or its holder died."""

    lease: Lease
    plan: Plan
    attempt: str | None


@dataclass(frozen=True, slots=True)
class Sending:
    """A call that is about to be made, and is to be written before."""

    lease: Lease
    plan: Plan
    delivery: Delivery
    mapping: str
    needed_seconds: float
    """What must remain of the lease."""
    case: CaseFile


@dataclass(frozen=True, slots=True)
class KeptFile:
    """An attachment of an event; its name is opened, its content is not."""

    event_id: str
    n: int
    """Number within its event, from one."""
    seq: int
    """Of its event."""
    name: str = field(repr=False)
    media_type: str
    size_bytes: int
    inline: bool
    blob_id: str | None
    """None where its content was not kept."""
    key: Any = field(repr=False, compare=False)
    """The store's own handle of the key that it is under; only handed on."""


@dataclass(frozen=True, slots=True)
class FileSent:
    """What a party got of one attachment."""

    event_id: str
    n: int
    state: FileState
    why: str = ""
    """A code: why it got less than the file."""
    remote_ref: str = field(default="", repr=False)
    """The system's own id of the file."""
    assumed: bool = False
    """Nobody said so: what the system said in an earlier step stands against it."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How one lease ended: what is to be written of it."""

    lease: Lease
    plan: Plan
    settlement: Settlement
    attempt: str | None = None
    """None: nothing was called."""
    case: CaseFile | None = None
    """What the call was built from; spares reading what did not change since."""
    files: tuple[FileSent, ...] = ()
    """What its party got of attachments, where that is known."""


class Cursors(Protocol):
    """Who knows what."""

    def lost(self, *, sole: bool) -> list[LostCall]:
        """Take over calls whose outcome nobody wrote, with a new epoch.

        `sole` says that every other holder is an earlier life of this process.
        """

    def lease(self, asks: Sequence[Ask]) -> list[Grant]:
        """Lease due cursors and answers of lanes, as their parties permit.

        A row that is denied stays due for a caller who keeps its id and asks again.
        """

    def case_files(self, leases: Sequence[Lease]) -> list[CaseFile]:
        """Read what the deliveries are built from, in the order of the leases."""

    def files(self, lease: Lease, seqs: Iterable[int]) -> list[KeptFile]:
        """Name the attachments of events that were not erased, in their order."""

    def contents(self, files: Sequence[KeptFile]) -> list[bytes]:
        """Read the content of attachments, in their order: large.

        Raises LookupError when one is not there.
        """

    def key_secret(self) -> bytes:
        """The secret of idempotency keys; it never changes."""

    def begin(self, group: Sequence[Sending]) -> list[str | None]:
        """Commit "sending" with an attempt row each, all or none; returns their ids.

        None for each whose lease was lost, or ends before its call must.
        """

    def settle(self, group: Sequence[Ended]) -> list[bool]:
        """Write outcomes in one transaction, all or none; idempotent.

        False for each whose epoch was lost: it is kept as evidence only.
        """

    def take_hints(self) -> list[tuple[str, str]]:
        """Take the (lane, id) pairs that the last transactions made due."""


@dataclass(frozen=True, slots=True)
class LateLeg:
    """An assignment whose agency's system cannot be reached for long."""

    complaint_id: str
    agency: str
    assignment_no: int
    since: datetime
    now: datetime
    """When it was looked at, by the database's clock."""


class HandOvers(Protocol):
    """Complaints on their way to agencies."""

    def late(self, after_seconds: float, limit: int) -> list[LateLeg]:
        """Find main legs that are not handed over because of an outage so long.

        Those of which the reporter was told are left out.
        """

    def tell(
        self, legs: Sequence[LateLeg], make: Callable[[LateLeg], NewEvent]
    ) -> tuple[int, list[tuple[str, str]]]:
        """Append an event for each leg that still waits.

        Returns how many, and the (lane, id) pairs that became due.
        """
