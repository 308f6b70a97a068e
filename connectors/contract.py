"""What a channel and a system promise to the hub, and what the hub hands to them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from pydantic import Field

from schemas.base import Instant, Model
from schemas.complaint import NewComplaint
from schemas.raw import JournalEntry, RawMessage
from schemas.updates import AgencyComplaint, AgencyUpdate, AgencyView, Corrupt

# --- coming in -------------------------------------------------------------


class File(Model):
    """A file that came with a message."""

    name: str
    media_type: str
    content: bytes = Field(repr=False)
    inline: bool = False


class New(Model):
    """A new complaint."""

    complaint: NewComplaint
    files: tuple[File, ...] = ()


class Reply(Model):
    """Words for a complaint that the hub knows.

    It carries a tracking code or a token, and who seems to speak; the hub
    decides whether that is the reporter.
    """

    code: str = ""
    """Tracking code, as the citizen typed it."""
    reply_to: tuple[str, ...] = ()
    """Our own Message-IDs that the mail answers, nearest first."""
    text: str = ""
    files: tuple[File, ...] = ()
    contact_kind: str
    """phone or email."""
    contact: str
    carrier: str
    """Which carrier named the complaint: code, plus_address, references, subject."""
    otherwise: NewComplaint | None = None
    """What it is when the code turns out to be none of ours."""


class Query(Model):
    """A question that is answered but is no event, such as a status by SMS."""

    kind: str
    """status, help, no_content."""
    code: str = ""
    contact_kind: str
    contact: str
    line: str = ""
    """The number or mailbox that was asked; the answer comes from there."""
    thread_id: str = ""


class Receipt(Model):
    """A gateway's word on a message that we sent."""

    client_reference: str
    external_id: str = ""
    state: str
    """sent, delivered, failed or unknown."""
    raw_state: str = ""
    permanent: bool = False
    """It failed, and so will whatever is sent there later."""


class OptOut(Model):
    """The contact wants no more messages, or wants them again."""

    contact_kind: str
    contact: str
    opted_out: bool = True
    code: str = ""
    """Tracking code, where the channel's sender alone proves nothing."""
    reply_to: tuple[str, ...] = ()
    """Our own Message-IDs that the mail answers, nearest first."""
    line: str = ""
    thread_id: str = ""


class Ignored(Model):
    """A machine's message, or nothing to act on; kept, with the rule's id."""

    rule: str
    why: str


class Waiting(Model):
    """A part of something that is not complete yet."""

    group: str
    """Key of the group it belongs to."""
    why: str


class Unreadable(Model):
    """It cannot be understood; the raw is kept and an officer looks at it."""

    why: str


Item = New | Reply | Query | Receipt | OptOut | Ignored | Waiting | Unreadable


class HttpRequest(Model):
    """What a door sees of an HTTP request."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = Field(repr=False)
    remote: str = ""


class HttpResponse(Model):
    """What a door answers."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = {}


class Receiptful(Model):
    """What accept() says of one raw message."""

    state: str
    """new, seen, revised or spooled."""
    journal_id: str
    code: str = ""
    public_number: str = ""


class Take(Model):
    """The door takes the request: commit these, then answer."""

    raws: tuple[RawMessage, ...]


@dataclass(frozen=True)
class HttpDoor:
    """An HTTP way in: `hub/web` mounts it and calls accept() in between.

    `read` looks at the request only (size, signature, shape); it never blocks.
    `answer` is called once every raw message is committed.
    `unavailable` says what the sender gets when nothing could be committed.
    """

    method: str
    path: str
    read: Callable[[HttpRequest], Take | HttpResponse]
    answer: Callable[[HttpRequest, Sequence[Receiptful]], HttpResponse]
    unavailable: Callable[[HttpRequest], HttpResponse]
    body_bytes_max: int = 1_000_000


Accept = Callable[[RawMessage], Receiptful]
"""Blocks until committed; raises `ConnectionError` when nothing could be stored."""


class Listener(Protocol):
    """A way in that is not HTTP, such as SMTP."""

    def start(self, accept: Accept) -> None:
        """Begin to listen; `address` is known afterwards."""

    def stop(self) -> None:
        """End listening; what is in flight is answered first."""

    @property
    def address(self) -> str:
        """Where it listens, `host:port`."""


# --- going out -------------------------------------------------------------


class Capabilities(Model):
    """What a party's system can do; declared, and enforced by the hub."""

    honours_key: bool = False
    """A repeated call with our key has one effect."""
    finds: bool = False
    """A case can be looked for by our key."""
    finds_events: bool | None = None
    """The same for what is sent after the hand-over; None: as `finds` says."""
    submits: bool = True
    """False where nothing is handed over, as on a reporter's channel."""
    sends: bool = True
    """False where later events cannot be taken."""
    coalesces: bool = False
    """Several events may go in one call."""
    resends_once: bool = False
    """Neither key nor look-up by nature (SMTP, SMS): one repetition is allowed."""
    takes: tuple[str, ...] | None = None
    """Event types that it can be told after the hand-over; None: every one."""
    files: Literal["upload", "link", "line"] = "line"
    """How attachments reach it: itself, as a link that ends, or as a line that says
    that there are some."""
    pushes: bool = False
    """It tells of its updates by itself: at a door, or to a listener."""
    polls: Literal["", "feed", "cases"] = ""
    """How it is asked for updates: what is new, or case by case."""
    snapshots: Literal["", "cases", "all"] = ""
    """What a reconciliation can compare: cases that we name, or all that it has."""
    originates: bool = False
    """Complaints begin in it, too."""
    deadline_seconds: float | None = Field(default=None, gt=0)
    """Total time of one call where the channel's own table says it; else the
    manifest's limits do."""

    def finds_after(self, *, hand_over: bool) -> bool:
        """Tell whether a lost call can be looked for: a hand-over, or a later event."""
        if hand_over or self.finds_events is None:
            return self.finds
        return self.finds_events


class EventView(Model):
    """One event as this party may see it."""

    event_id: str
    type: str
    occurred_at: Instant
    status: str
    """The complaint's status after it."""
    by: str = ""
    """Agency or role that spoke; never a person's name."""
    facts: Mapping[str, Any] = {}
    words: Mapping[str, Any] = Field(default={}, repr=False)
    """Texts that this party may read."""
    notice: tuple[str, str] = ("", "")
    """What a citizen reads: Indonesian, English."""
    late: bool = False
    """Sent after younger events, because it was held back by a failure."""


class Contact(Model):
    """Where a reporter is told, and in which conversation."""

    address: str = Field(repr=False)
    name: str = Field(default="", repr=False)
    line: str = Field(default="", repr=False)
    thread_id: str = Field(default="", repr=False)
    thread_subject: str = Field(default="", repr=False)
    language: Literal["id", "en"] = "id"
    """The reporter's; a channel that has room says everything in both."""


class Delivery(Model):
    """Everything a connector needs for one call, and nothing it may not see."""

    party: str
    key: str
    """Idempotency key: the same for every repetition of this delivery."""
    complaint: Mapping[str, Any] = Field(repr=False)
    """The allow-listed view of the complaint."""
    events: tuple[EventView, ...]
    files: tuple[File, ...] = ()
    reference: str = ""
    """The agency's id of the case; empty before the hand-over."""
    contact: Contact | None = None
    code: str = Field(default="", repr=False)
    """Tracking code; given to the reporter's own channel only."""
    progress: bytes = b""
    """Where an earlier Pending left off."""


class Done(Model):
    """It was done; a submit has the agency's reference."""

    reference: str = ""
    response: bytes = Field(default=b"", repr=False)


class Pending(Model):
    """It goes on later from `progress`."""

    progress: bytes
    poll_after_seconds: float
    response: bytes = Field(default=b"", repr=False)


class Skipped(Model):
    """The system cannot take this kind of event."""

    why: str


class Found(Model):
    """The system has it, under this reference."""

    reference: str


class NotFound(Model):
    """The system says that it does not have it."""


class CannotTell(Model):
    """The system did not give a clear answer; ask again later."""

    why: str


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


class Target(Protocol):
    """Where deliveries go: an agency's system or a reporter's channel.

    Calls block for at most the declared total deadline and raise the errors of
    `connectors.errors`; anything else counts as an unknown outcome.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""

    def submit(self, delivery: Delivery) -> Done | Pending | Skipped:
        """Hand a complaint over; Done carries the reference."""

    def send(self, delivery: Delivery) -> Done | Pending | Skipped:
        """Tell it of later events."""

    def find(self, delivery: Delivery) -> Found | NotFound | CannotTell:
        """Ask whether the delivery with this key was done."""


class System(Target, Protocol):
    """An agency's own system: also a source of updates.

    Whoever inherits from it has nothing of what is not overridden: no door, no
    listener, nothing to ask. `capabilities` must say the same.
    """

    def doors(self) -> Sequence[HttpDoor]:
        """Ways in for pushed updates."""
        return ()

    def listeners(self) -> Sequence[Listener]:
        """Connections on which updates come; several processes may listen at once."""
        return ()

    def split(self, entry: JournalEntry) -> Sequence[bytes]:
        """Divide one message into bodies of single records, each readable alone.

        Pure; one body (or none) when there is nothing to divide.
        """
        del entry
        return ()

    def read(
        self, entry: JournalEntry
    ) -> Sequence[AgencyUpdate | AgencyComplaint | Corrupt]:
        """Map one raw message to updates; pure; never raises for bad content."""

    def poll(self, ask: PollAsk) -> Page:
        """Ask for one page of updates; blocks like any call.

        Reads only, so that it may be repeated. Raises the errors of
        `connectors.errors`; then the checkpoint stays where it was.
        """
        msg = "the system is not asked for updates"
        raise NotImplementedError(msg)

    def snapshot(self, references: Sequence[str]) -> Iterable[AgencyView]:
        """Say how these cases stand in the system, and all others that it has.

        Others only where `capabilities.snapshots` is `all`. A case that it does not
        have comes back with `present` false; one it did not tell of is left out.
        Reads only. Raises the errors of `connectors.errors`.
        """
        msg = "the system cannot say how its cases stand"
        raise NotImplementedError(msg)


class Channel(Protocol):
    """A citizen's channel: in, and back."""

    @property
    def name(self) -> str:
        """email, sms or web."""

    @property
    def isolated(self) -> bool:
        """True where normalising is costly enough to run in a child process."""

    def doors(self) -> Sequence[HttpDoor]:
        """HTTP ways in."""

    def listeners(self) -> Sequence[Listener]:
        """Other ways in."""

    def normalise(self, entry: JournalEntry) -> Sequence[Item]:
        """Read one raw message; pure; bounded by the caller in time and bytes."""

    def way_back(self) -> Target | None:
        """How a reporter is told; None where the channel has no way back."""


@dataclass(frozen=True)
class AgencyConnector:
    """One agency, ready to use."""

    name: str
    system: System
    mapping_version: str
    """Changes with every change of the manifest."""
    extra: Mapping[str, Any] = field(default_factory=dict)
