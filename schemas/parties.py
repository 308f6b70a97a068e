"""Who takes part: parties that are told, and authors that act."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.base import SEALED, Model


class PartyKind(StrEnum):
    """What sort of party a cursor belongs to."""

    AGENCY = "agency"
    """An agency with its own system and its own `agency.toml`."""
    UPSTREAM = "upstream"
    """A platform that complaints come from and that is kept in step."""
    SUBSCRIBER = "subscriber"
    """A program that asked for events."""
    REPORTER = "reporter"
    """The channel a reporter is told on, for example `reporter:sms`."""


class AuthorKind(StrEnum):
    """Who caused a change; a channel is never an author."""

    REPORTER = "reporter"
    THIRD_PARTY = "third_party"
    AGENCY = "agency"
    OFFICER = "officer"
    UPSTREAM = "upstream"
    OPERATOR = "operator"
    RULE = "rule"
    CLOCK = "clock"


class Author(Model):
    """The author of one event."""

    kind: AuthorKind
    id: str = Field(max_length=100)
    """Reporter id, agency name, account name, rule id or clock name."""


class CauseKind(StrEnum):
    """What made the hub append an event."""

    JOURNAL = "journal"
    ACTION = "action"
    CLOCK = "clock"
    DELIVERY = "delivery"


class ChannelName(StrEnum):
    """The channel a citizen used."""

    EMAIL = "email"
    SMS = "sms"
    WEB = "web"
    PARTNER = "partner"
    """Another platform, or an agency's own system: it tells its citizens itself."""


class Role(StrEnum):
    """An assigned agency's part."""

    MAIN = "main"
    """Must act; counts for the complaint's status."""
    CC = "cc"
    """Is informed only ("tembusan")."""


class IdentityLevel(StrEnum):
    """What shows that a message is from the contact that it names."""

    VERIFIED_EMAIL = "verified_email"
    """Our own mail server found that the From domain vouches for it (DMARC)."""
    PHONE_SEEN = "phone_seen"
    """The operator's network named the number."""
    CLAIMED = "claimed"
    """Somebody wrote it: anybody can."""
    NONE = "none"
    """There is no contact."""
    ANONYMOUS = "anonymous"
    """The reporter asked that no agency learns who they are."""


class Reporter(Model):
    """The person who complains; kept under the complaint's data key only."""

    name: Annotated[str, SEALED] = Field(default="", max_length=200)
    email: Annotated[str, SEALED] = Field(default="", max_length=254)
    phone: Annotated[str, SEALED] = Field(default="", max_length=32)
    """E.164 where it could be read as a number."""
    address: Annotated[str, SEALED] = Field(default="", max_length=500)
    nik: Annotated[str, SEALED] = Field(default="", max_length=32)
    """National identity number, as given."""
    thread_id: Annotated[str, SEALED] = Field(default="", max_length=998)
    """Message-ID of the mail that began the conversation (RFC 5322)."""
    thread_subject: Annotated[str, SEALED] = Field(default="", max_length=998)
    """Subject of that mail."""
    on_behalf_of: Annotated[str, SEALED] = Field(default="", max_length=500)
    """Whose mail the reporter forwarded, as it stands in it: nobody checked it."""
    line: Annotated[str, SEALED] = Field(default="", max_length=100)
    """The number or mailbox the reporter wrote to; answers come from there."""


def reporter_party(channel: ChannelName) -> str:
    """Name the party of a reporter's channel, for example `reporter:sms`."""
    return f"reporter:{channel}"
