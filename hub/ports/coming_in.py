"""What accepting, intake and updates need: the journal and its work."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from connectors.contract import Decision, File, Item, Receiptful
from hub.domain.lifecycle import CaseState
from schemas.complaint import NewComplaint
from schemas.events import LogEvent, NewEvent
from schemas.parties import IdentityLevel
from schemas.raw import JournalEntry, RawMessage
from schemas.status import Status

Result = TypeVar("Result")


class StoreUnavailableError(ConnectionError):
    """Nothing could be stored: the sender is told to come back."""


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
    """None when its key was destroyed, or `closed` says what else."""
    closed: str = ""
    """Why it cannot be opened, although it was not erased."""
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
class Origin:
    """The platform or the agency whose system had a complaint first."""

    party: str
    reference: str = field(repr=False)
    """Its own id of the case."""


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
    level: IdentityLevel = IdentityLevel.CLAIMED
    """What shows that the reporter is who they say."""
    origin: Origin | None = None
    """Where it began, if not on a channel of ours: that party's cursor is born with
    the reference, and is never asked to take it."""


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
    trace: tuple[Decision, ...] = field(default=(), repr=False)
    """Every decision about it, in the order in which they fell."""


@dataclass(frozen=True, slots=True)
class Answered:
    """How often an address was answered of late."""

    in_day: int
    """Within the last 24 hours, in whatever conversation."""
    in_conversation: int
    """Of these, in one conversation."""


@dataclass(frozen=True, slots=True)
class NewAnswer:
    """An answer that is no event."""

    party: str
    template: str
    params: Mapping[str, str]
    """`id` and `en`: the words; `language`: which of them first, where it is known."""
    contact: Mapping[str, str] = field(repr=False, default_factory=dict)
    number: int = 1
    """Of the message's answers."""
    once: bool = False
    """It may have been given before, and is not given again."""
    conversation: str = field(default="", repr=False)
    """Of the mail that it answers; empty: it is counted for its address only."""


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

    def case_by_number(self, public_number: str) -> str:
        """Find a complaint by the number that agencies see; empty: there is none."""

    def foresee_references(self, references: Sequence[tuple[str, str]]) -> None:
        """Look (agency, reference) pairs up at once; `case_by_reference` has them."""

    def case_of_number(
        self, public_number: str, contact: tuple[str, str]
    ) -> KnownCase | None:
        """Find a complaint by its public number and compare (kind, contact)."""

    def complaints_of(self, kind: str, contact: str) -> int:
        """Count the complaints of a contact in the last 24 hours."""

    def answers_to(self, address: str, conversation: str) -> Answered:
        """Count the answers by mail to an address in the last 24 hours."""

    def cause_before(self, row: JournalRow) -> str:
        """Name why a row was quarantined before somebody replayed it."""

    def same_words(self, complaint: NewComplaint) -> KnownCase | None:
        """Find a recent complaint of the same contact with the same words."""

    def allot(self, row: JournalRow) -> JournalRow:
        """Give a row the names of a complaint, which no sender was told at accept."""

    def create(self, case: NewCase) -> None:
        """Write a new complaint with its events, legs and cursors.

        What waits for the reference of one with an origin is due at once.
        """

    def append(
        self,
        complaint_id: str,
        events: Sequence[NewEvent],
        files: Sequence[File] = (),
        adopt: JournalRow | None = None,
        owner: str = "",
    ) -> list[LogEvent]:
        """Append to an existing complaint; what is repeated is left out.

        `owner` is the complaint whose erasure takes the words along, where it is
        another one that was merged into this. `adopt` hands the row's data key to
        it, so that erasure reaches the raw message.
        """

    def adopt(self, row: JournalRow, complaint_id: str) -> None:
        """Let the complaint own the row's key, so that erasure reaches the raw."""

    def answer(self, row: JournalRow, answer: NewAnswer) -> None:
        """Store an answer, due at once."""

    def answers_since(self, complaint_id: str, lane: str, since: datetime) -> int:
        """Count the answers that a complaint's messages of one lane were given.

        Those of this transaction are not among them.
        """

    def opt_out(self, kind: str, contact: str, *, opted_out: bool) -> bool:
        """Remember that a contact wants no messages, or wants them again.

        False when it was so before.
        """

    def unreachable(self, key: str, why: str) -> str:
        """Remember that the contact of a delivery with this key is gone.

        Returns the complaint whose data it is; empty when there is no such contact.
        """

    def blind(self, kind: str, value: str) -> bytes:
        """Index a value without storing it."""

    def settle(self, row: JournalRow, settled: Settled) -> None:
        """Write what became of the row."""

    def split(self, row: JournalRow, bodies: Sequence[bytes]) -> list[JournalRow]:
        """Make a child row of each record; each has its own key and its own raw."""

    def code_is_waiting(self, code: str) -> bool:
        """Tell whether the code's own message is accepted but not yet worked."""

    def last_of_leg(self, complaint_id: str, leg: tuple[str, int]) -> str:
        """Name the type of a leg's last event; empty when there is none."""

    def last_number(self, complaint_id: str, leg: tuple[str, int]) -> str:
        """Name the order key of a leg's highest numbered update; empty: none."""

    def last_word(self, complaint_id: str, leg: tuple[str, int]) -> str:
        """Name the occurrence key of a leg's last update that came; empty: none."""

    def leader(self, complaint_id: str) -> str:
        """Name the complaint that it follows since they were merged, else itself."""

    def has_occurrence(self, complaint_id: str, event: NewEvent) -> bool:
        """Tell whether an update is in the complaint's log, or was relayed from it."""

    def status_of(self, known: KnownCase) -> Status:
        """Tell its status, or that of the complaint that it follows."""

    def why_unmoved(self, complaint_id: str, seq: int) -> str:
        """Say why an event moves nothing where it stands; empty when it may."""


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
