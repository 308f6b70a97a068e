"""What comes in: messages as items, the doors and listeners they come through."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pydantic import Field

from connectors.contract.deciding import Decision
from schemas.base import Model
from schemas.complaint import NewComplaint
from schemas.parties import IdentityLevel
from schemas.raw import RawMessage


class Heard(Model):
    """What every item may say of how it was read."""

    trace: tuple[Decision, ...] = Field(default=(), repr=False)
    """The channel's decisions about the message, in the order in which they fell."""


class Spoken(Heard):
    """What somebody said."""

    level: IdentityLevel = IdentityLevel.CLAIMED
    """What shows that the contact is who speaks; only the channel can know."""
    conversation: str = Field(default="", repr=False)
    """Key of the conversation, for counting answers in it; empty: each is its own."""


class Written(Spoken):
    """Words that may become events."""

    written_at: datetime | None = None
    """The sender's own time, where it is believed; None: when it arrived."""
    review: str = ""
    """`spam`: an officer looks at it before it becomes a complaint. Empty: no."""


class File(Model):
    """A file that came with a message."""

    name: str
    media_type: str
    content: bytes = Field(repr=False)
    inline: bool = False


class New(Written):
    """A new complaint."""

    complaint: NewComplaint
    files: tuple[File, ...] = ()


class Reply(Written):
    """Words for a complaint that the hub knows.

    It carries a tracking code or a token, and who seems to speak; the hub
    decides whether that is the reporter.
    """

    code: str = ""
    """Tracking code, as the citizen typed it."""
    number: str = ""
    """Public number: no secret, so it counts only with a verified sender."""
    reply_to: tuple[str, ...] = ()
    """Our own Message-IDs that the mail answers, nearest first."""
    text: str = ""
    files: tuple[File, ...] = ()
    contact_kind: str
    """phone or email."""
    contact: str
    carrier: str
    """What named the complaint: code, plus_address, references, body, subject, or
    sender (a public number, with the sender's verified address)."""
    otherwise: NewComplaint | None = None
    """What it is when the code turns out to be none of ours."""


class Query(Spoken):
    """A question that is answered but is no event, such as a status by SMS."""

    kind: str
    """status, help, no_content, encrypted."""
    code: str = ""
    contact_kind: str
    contact: str
    line: str = ""
    """The number or mailbox that was asked; the answer comes from there."""
    thread_id: str = ""
    thread_subject: str = Field(default="", repr=False)


class Receipt(Heard):
    """A gateway's word on a message that we sent."""

    client_reference: str
    external_id: str = ""
    state: str
    """sent, delivered, failed or unknown."""
    raw_state: str = ""
    permanent: bool = False
    """It failed, and so will whatever is sent there later."""


class OptOut(Spoken):
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
    thread_subject: str = Field(default="", repr=False)


class Ignored(Heard):
    """A machine's message, or nothing to act on; kept, with the rule's id."""

    rule: str
    why: str


class Waiting(Heard):
    """A part of something that is not complete yet."""

    group: str
    """Key of the group it belongs to."""
    why: str


class Unreadable(Heard):
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
