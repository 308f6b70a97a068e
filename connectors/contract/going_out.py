"""What goes out: deliveries, what a party can do, how a call may end."""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from pydantic import Field

from connectors.contract.coming_in import File
from schemas.base import Instant, Model

FilesWay = Literal["upload", "link", "line"]


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
    files: FilesWay = "line"
    """How attachments reach it: itself, as a link that ends, or as a line that says
    that there are some."""
    files_events: FilesWay | None = None
    """The same for files that come with later events; None: as `files` says."""
    shows_files: bool = False
    """It passes `attachments` of a complaint and of an event on by itself; where it
    does not, the hub writes the same below the text."""
    shows_due: bool = False
    """It passes `due_at` on; where it does not, nobody computes it."""
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

    def files_after(self, *, hand_over: bool) -> FilesWay:
        """Say how files reach it: with a hand-over, or with a later event."""
        if hand_over or self.files_events is None:
            return self.files
        return self.files_events


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
    attachments: Mapping[str, Any] = Field(default={}, repr=False)
    """Files of this event that do not go along: `note` (a text, in both languages)
    and `links` (as in `Delivery.links`, times as text); empty when all of them do."""
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
    reply_to: str = Field(default="", repr=False)
    """Where an answer to this goes, where that is not the channel's own mailbox."""
    language: Literal["id", "en"] = "id"
    """The reporter's; a channel that has room says everything in both."""


class FileLink(Model):
    """Where a party fetches one attachment by itself, without a login."""

    name: str = Field(repr=False)
    media_type: str
    size_bytes: int
    url: str = Field(repr=False)
    """Secret: whoever has it reads the file."""
    expires_at: Instant


class FileOutcome(Model):
    """What became of one uploaded file."""

    file: int = Field(ge=0)
    """Its place in `Delivery.files`, counted from zero."""
    ok: bool = True
    remote_ref: str = ""
    """The system's own id of the file, where it gives one."""
    why: str = Field(default="", max_length=40, pattern=r"^[a-z0-9_]*$")
    """Why the system does not take it, as a code such as `too_large`: it is kept in
    the clear, so never words."""


class Delivery(Model):
    """Everything a connector needs for one call, and nothing it may not see."""

    party: str
    key: str
    """Idempotency key: the same for every repetition of this delivery."""
    complaint: Mapping[str, Any] = Field(repr=False)
    """The allow-listed view of the complaint. `attachments` in it has the `count` of
    files that came with it, and says what does not go along with this call, as in
    `EventView.attachments`."""
    events: tuple[EventView, ...]
    files: tuple[File, ...] = ()
    """What is uploaded; only where `Capabilities.files` is `upload`."""
    links: tuple[FileLink, ...] = ()
    """What the party may fetch instead."""
    files_note: tuple[str, str] = ("", "")
    """Says that there are attachments which do not go along, and where an officer
    gets them: Indonesian, English. Empty when every file goes along."""
    reference: str = ""
    """The agency's id of the case; empty before the hand-over."""
    due_at: Instant | None = None
    """When the limit of what the agency has to do next is over, where one runs."""
    contact: Contact | None = None
    code: str = Field(default="", repr=False)
    """Tracking code; given to the reporter's own channel only."""
    progress: bytes = b""
    """Where an earlier Pending left off."""


class Done(Model):
    """It was done; a submit has the agency's reference."""

    reference: str = ""
    response: bytes = Field(default=b"", repr=False)
    files: tuple[FileOutcome, ...] = ()
    """What became of files, where the system says so; the others were taken."""


class Pending(Model):
    """It goes on later from `progress`."""

    progress: bytes
    poll_after_seconds: float
    response: bytes = Field(default=b"", repr=False)
    files: tuple[FileOutcome, ...] = ()
    """What became of files until now."""


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

    def find(self, delivery: Delivery) -> Found | NotFound | CannotTell | Pending:
        """Ask whether the delivery with this key was done.

        Pending: it is there, and its call goes on from `progress` with what follows.
        """
