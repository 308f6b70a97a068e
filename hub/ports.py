"""What the stages need from the outside world."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

from connectors.contract import Delivery, File, Item, Receiptful
from hub.domain.delivery import Cursor, Plan
from hub.domain.lifecycle import CaseState
from hub.domain.settlement import Settlement
from schemas.complaint import NewComplaint
from schemas.events import LogEvent, NewEvent
from schemas.parties import PartyKind
from schemas.raw import JournalEntry, RawMessage
from schemas.status import Status

Result = TypeVar("Result")


class StoreUnavailableError(ConnectionError):
    """Nothing could be stored: the sender is told to come back."""


# --- coming in -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One row of the journal, opened."""

    id: str
    lane: str
    source: str
    received_at: datetime
    crashes: int
    waits: int
    revised: bool
    parent_id: str
    item_no: int
    complaint_id: str
    """The id that the complaint will have, allotted at accept."""
    code: str
    public_number: str
    content_hash: bytes
    raw: RawMessage | None
    """None when its key was destroyed."""
    key: object = field(default=None, repr=False, compare=False)
    """The store's own handle of the row's key; stages only hand it on."""

    @property
    def entry(self) -> JournalEntry:
        """The row as connectors read it; raises ValueError without its raw."""
        if self.raw is None:
            msg = f"journal row {self.id} was erased"
            raise ValueError(msg)
        return JournalEntry(
            journal_id=self.id, received_at=self.received_at, raw=self.raw
        )


@dataclass(frozen=True, slots=True)
class NewCase:
    """A complaint that one journal row becomes."""

    row: JournalRow
    complaint: NewComplaint
    files: Sequence[File]
    events: Sequence[NewEvent]
    reporter_id: str
    party: str
    """The reporter's channel, for example `reporter:sms`; empty: no way back."""


@dataclass(frozen=True, slots=True)
class KnownCase:
    """An existing complaint that a message may belong to."""

    complaint_id: str
    code: str
    state: CaseState
    erased: bool
    reporter_id: str
    channel: str
    contact_matches: bool
    """True when the message's contact is the reporter's."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a journal row."""

    state: str
    """done, duplicate, ignored, waiting, quarantined or split."""
    why: str = ""
    result_kind: str = ""
    """event, link, answer, part or nothing."""
    result_id: str = ""
    due_in_seconds: float | None = None
    waiting_for: bytes | None = None


@dataclass(frozen=True, slots=True)
class NewAnswer:
    """An answer that is no event."""

    party: str
    template: str
    params: Mapping[str, str]
    contact: Mapping[str, str] = field(repr=False, default_factory=dict)


class Work(Protocol):
    """Claimed journal rows inside one transaction; nothing counts before its end."""

    @property
    def ids(self) -> Sequence[str]:
        """The rows that are still to be worked, locked."""

    @property
    def rows(self) -> Sequence[JournalRow]:
        """The same, read again."""

    @property
    def now(self) -> datetime:
        """The database's clock."""

    def case_by_code(self, code: str, contact: tuple[str, str]) -> KnownCase | None:
        """Find a complaint by tracking code and compare (kind, contact)."""

    def case_by_key(
        self, keys: Sequence[str], contact: tuple[str, str]
    ) -> KnownCase | None:
        """Find a complaint by the delivery keys in our own Message-IDs."""

    def case_by_reference(self, agency: str, reference: str) -> tuple[str, int] | None:
        """Find (complaint_id, assignment_no) by the agency's reference."""

    def foresee_references(self, references: Sequence[tuple[str, str]]) -> None:
        """Look (agency, reference) pairs up at once; `case_by_reference` has them."""

    def same_words(self, complaint: NewComplaint) -> KnownCase | None:
        """Find a recent complaint of the same contact with the same words."""

    def create(self, case: NewCase) -> None:
        """Write a new complaint with its events, legs and cursors."""

    def append(
        self,
        complaint_id: str,
        events: Sequence[NewEvent],
        files: Sequence[File] = (),
        adopt: JournalRow | None = None,
    ) -> list[LogEvent]:
        """Append to an existing complaint; what is repeated is left out.

        `adopt` hands the row's data key to the complaint, so erasure reaches it.
        """

    def adopt(self, row: JournalRow, complaint_id: str) -> None:
        """Let the complaint own the row's key, so that erasure reaches the raw."""

    def answer(self, row: JournalRow, answer: NewAnswer) -> None:
        """Store an answer, due at once."""

    def opt_out(self, kind: str, contact: str, *, opted_out: bool) -> None:
        """Remember that a contact wants no messages, or wants them again."""

    def blind(self, kind: str, value: str) -> bytes:
        """Index a value without storing it."""

    def settle(self, row: JournalRow, settled: Settled) -> None:
        """Write what became of the row."""

    def split(self, row: JournalRow, bodies: Sequence[bytes]) -> list[JournalRow]:
        """Make a child row of each record; each has its own key and its own raw."""

    def code_is_waiting(self, code: str) -> bool:
        """Tell whether the code's own message is accepted but not yet worked."""

    def illegal_seqs(self, complaint_id: str) -> frozenset[int]:
        """Name the events that are not legal where they stand."""


class Journal(Protocol):
    """What came in."""

    def accept(self, raw: RawMessage) -> Receiptful:
        """Commit one raw message; blocks; raises StoreUnavailableError."""

    def accept_soon(self, raw: RawMessage) -> "Future[Receiptful]":
        """Have one raw message committed; the future raises StoreUnavailableError.

        Raises it at once when too many wait. A future that is cancelled before its
        group is begun takes its message back.
        """

    def read(self, ids: Sequence[str]) -> list[JournalRow]:
        """Read rows that are still to be worked, without locks."""

    def work(
        self,
        ids: Sequence[str],
        do: Callable[[Work], Result],
        contacts: Sequence[tuple[str, str]] = (),
        complaints: Sequence[NewComplaint] = (),
    ) -> Result:
        """Lock those rows that are still to be worked; `do` works them at once.

        All in one transaction, that is tried again, and `do` with it, when a neighbour
        was in the way. `contacts` and the persons of `complaints` are locked too, so
        that two messages of one person are worked one after the other; repetitions of
        `complaints` are looked up together.
        """

    def claim(
        self, ids: Sequence[str], contacts: Sequence[tuple[str, str]] = ()
    ) -> AbstractContextManager[Work]:
        """Lock those rows that are still to be worked, for one transaction.

        As `work`, but tried once.
        """

    def mark_crash(self, row_id: str) -> int:
        """Count one more crash before the row is run alone; returns the count."""

    def take_hints(self) -> list[tuple[str, str]]:
        """Take the (lane, id) pairs that the last transactions made due."""


class Normaliser(Protocol):
    """Runs a channel's reading within limits of time and memory."""

    def run(self, channel: str, entry: JournalEntry) -> Sequence[Item]:
        """Normalise one message; raises NormaliseError beyond the limits."""


class NormaliseError(Exception):
    """A message could not be read within its limits; the text is for operators."""

    def __init__(self, why: str, *, crashed: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.crashed = crashed


# --- going out -------------------------------------------------------------


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
    reporter: Mapping[str, Any] = field(repr=False, default_factory=dict)
    wants: Sequence[str] | None = None
    agency_titles: Mapping[str, str] = field(default_factory=dict)
    answer: tuple[str, Mapping[str, str]] | None = None
    """(template, params) of an answer."""
    contact_silent: bool = False
    """The contact opted out or is unreachable."""
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
class Ended:
    """How one lease ended: what is to be written of it."""

    lease: Lease
    plan: Plan
    settlement: Settlement
    attempt: str | None = None
    """None: nothing was called."""
    case: CaseFile | None = None
    """What the call was built from; spares reading what did not change since."""


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

    def files(self, lease: Lease, seqs: Iterable[int]) -> tuple[File, ...]:
        """Read the attachments of the events."""

    def key_secret(self) -> bytes:
        """The secret of idempotency keys."""

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


class Due(Protocol):
    """The sweep: due work that no hint told of."""

    def sweep(self, rehint_seconds: float) -> list[tuple[str, str, str]]:
        """Find due rows as (lane, id, by): by is sweep or timer; marks them hinted."""

    def woken_by(self, journal_ids: Sequence[str]) -> list[tuple[str, str]]:
        """Name as (lane, id) what settled journal rows made due and is due still."""


class Hints(Protocol):
    """Tells workers what is due; losing a hint is harmless."""

    def publish(self, lane: str, ids: Sequence[str]) -> None:
        """Publish without blocking; what does not fit is dropped and counted."""


class Upkeep(Protocol):
    """Background duties, each idempotent and bounded."""

    def drain_spool(self) -> int:
        """Bring spooled messages into the journal; returns how many."""

    def seal(self) -> int:
        """Number and seal committed rows; returns how many."""

    def erase_due(self, grace_seconds: float) -> int:
        """Destroy the keys of complaints whose erasure is due; returns how many."""

    def trim_edge(self) -> None:
        """Remove edge copies that are older than they are kept."""


@dataclass(frozen=True, slots=True)
class PublicCase:
    """What the holder of a tracking code sees."""

    code: str
    public_number: str
    status: Status
    agencies: list[dict[str, str]]
    timeline: list[LogEvent]
    titles: dict[str, str]


class CaseReader(Protocol):
    """What the public pages read."""

    def case_by_code(self, code: str) -> PublicCase | None:
        """Find what the holder of a code sees; None when nobody has that code."""

    def ping(self) -> None:
        """Touch the database; raises ConnectionError when it is away."""


Clock = Callable[[], float]
"""Monotonic seconds; injected, so that stages read no clock of their own."""
