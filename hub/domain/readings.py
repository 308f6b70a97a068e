"""What a message is to the hub: what it became, and what a reader makes of it now."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any

from connectors.contract import (
    File,
    Ignored,
    Item,
    New,
    OptOut,
    Query,
    Receipt,
    Reply,
    Unreadable,
    Waiting,
)
from hub.domain.registration import received_facts, received_words
from schemas.status import Status

_NOT_COMPARED = frozenset({"channel", "reporter_id", "attachments", "truncated"})
"""Facts of the way, or that others follow from."""
REPORTER = ("name", "email", "phone", "address", "nik", "thread_id", "line")
"""What is compared of a person; the thread's subject is compared as the title."""


class Became(StrEnum):
    """What a message is to the hub."""

    QUARANTINED = "quarantined"
    IGNORED = "ignored"
    COMPLAINT = "complaint"
    REPEATED = "repeated"
    """The same words of the same person."""
    REPLY = "reply"
    """The reporter's, to a known complaint."""
    COMMENT = "comment"
    """Somebody else's, to a known complaint."""
    ANSWERED = "answered"
    """A question that got its answer."""
    OPT_OUT = "opt_out"
    RECEIPT = "receipt"
    INCOMPLETE = "incomplete"
    """A part that waits for others."""


@dataclass(frozen=True, slots=True)
class FileMark:
    """What tells one file from another."""

    digest: bytes = field(repr=False)
    """SHA-256 of its content; empty where the content is not there."""
    name: str = field(repr=False)
    media_type: str

    @classmethod
    def of(cls, file: File) -> "FileMark":
        """Mark a file as it was read."""
        digest = sha256(file.content).digest()
        return cls(digest, file.name[:255], file.media_type[:127])


@dataclass(frozen=True, slots=True)
class Kept:
    """What a complaint keeps of one message, as it reads by now."""

    complaint_id: str
    public_number: str
    status: Status
    merged_into: str
    seq: int
    """Of the event that has the message."""
    corrected_seq: int
    """Of the last event that put it right; 0: none did."""
    values: Mapping[str, Any] = field(repr=False)
    original: Mapping[str, Any] = field(repr=False, default_factory=dict)
    """The same, as it was read first."""
    decided: frozenset[str] = frozenset()
    """Fields that a person set afterwards."""
    reporter: Mapping[str, str] = field(repr=False, default_factory=dict)
    files: tuple[FileMark, ...] = ()
    is_followers: bool = False
    """Words of the reporter of another complaint, that was merged into this one."""


@dataclass(frozen=True, slots=True)
class Was:
    """What a message became."""

    what: Became
    rule: str = ""
    """Which rule set it aside."""
    kept: Kept | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """The complaint that words are for, as the store knows it."""

    complaint_ids: tuple[str, ...]
    """Itself, then those that it follows since they were merged."""
    public_number: str
    by_reporter: bool


@dataclass(frozen=True, slots=True)
class Now:
    """What the message would become."""

    what: Became
    rule: str = ""
    values: Mapping[str, Any] = field(repr=False, default_factory=dict)
    reporter: Mapping[str, str] = field(repr=False, default_factory=dict)
    files: tuple[FileMark, ...] = ()
    named: Named | None = None


def meaning(item: Item, named: Named | None) -> Now:  # noqa: PLR0911 - a row each
    """Say what a reading makes of a message; `named` is whom its words are for."""
    match item:
        case New():
            return _complaint(item)
        case Reply():
            return _reply(item, named)
        case Query(kind=kind):
            return Now(Became.ANSWERED, kind)
        case OptOut():
            return Now(Became.OPT_OUT)
        case Receipt():
            return Now(Became.RECEIPT)
        case Ignored(rule=rule):
            return Now(Became.IGNORED, rule)
        case Waiting():
            return Now(Became.INCOMPLETE)
        case Unreadable():
            return Now(Became.QUARANTINED)


def _reply(item: Reply, named: Named | None) -> Now:
    if named is not None:
        what = Became.REPLY if named.by_reporter else Became.COMMENT
        values = canonical({}, {"text": item.text})
        return Now(what, item.carrier, values, {}, _marks(item), named)
    if item.otherwise is None:
        return Now(Became.ANSWERED)
    new = New(complaint=item.otherwise, files=item.files, review=item.review)
    return _complaint(new)


def _complaint(item: New) -> Now:
    person = item.complaint.reporter
    return Now(
        Became.COMPLAINT,
        item.review,
        canonical(received_facts(item, ""), received_words(item)),
        reporter_values(person.model_dump()),
        _marks(item),
    )


def _marks(item: New | Reply) -> tuple[FileMark, ...]:
    return tuple(FileMark.of(file) for file in item.files)


def canonical(facts: Mapping[str, Any], words: Mapping[str, Any]) -> dict[str, Any]:
    """Choose what is compared of a complaint; what is empty is left out."""
    both = {**facts, **words}
    return {k: v for k, v in both.items() if k not in _NOT_COMPARED and v}


def reporter_values(person: Mapping[str, Any]) -> dict[str, str]:
    """Choose what is compared of a person."""
    return {k: str(person[k]) for k in REPORTER if person.get(k)}
