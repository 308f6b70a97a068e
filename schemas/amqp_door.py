"""What crosses the AMQP door: messages between the hub and an agency's broker.

An agency whose manifest has a field map writes and reads other shapes; these are the
ones without.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from pydantic import Field

from schemas.base import Instant, Model
from schemas.complaint import Category, Region, ReportType
from schemas.parties import ChannelName
from schemas.status import Status


class ReporterView(Model):
    """Who reports, as far as the allow-list goes; never an anonymous reporter."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    address: str | None = None


class ComplaintView(Model):
    """A complaint as far as the agency's allow-list goes; what is empty is left out."""

    public_number: str | None = None
    type: ReportType | None = None
    title: str | None = None
    body: str | None = None
    language: str | None = None
    """BCP 47."""
    incident_on: date | None = None
    region: Region | None = None
    place_text: str | None = None
    landmark: str | None = None
    latitude: float | None = None
    """Degrees, WGS 84."""
    longitude: float | None = None
    """Degrees, WGS 84."""
    category: Category | None = None
    channel: ChannelName | None = None
    confidential: bool | None = None
    received_at: Instant | None = None
    reporter: ReporterView | None = None
    attachments: int | None = None
    """How many files came with it."""


class FileInMessage(Model):
    """A file, where files travel inside of messages."""

    name: str
    media_type: str
    content: str
    """In base64."""


class HandedOver(Model):
    """A complaint that the agency is to work on."""

    reference: str
    """Our public number: what both sides call the case, unless the agency answers
    with a number of its own."""
    complaint: ComplaintView
    files: tuple[FileInMessage, ...] = ()


class EventTold(Model):
    """Something that happened to the case elsewhere."""

    event_id: str
    """The same in every repetition."""
    type: str
    """A name of the event catalogue."""
    occurred_at: Instant
    status: Status
    """The complaint's status after it."""
    by: str = ""
    """Agency or role that spoke; never a person's name."""
    facts: Mapping[str, Any] = {}
    words: Mapping[str, Any] = {}
    """Texts that this agency may read."""
    late: bool = False
    """Sent after younger events, because it was held back by a failure."""


class EventMessage(Model):
    """A later event of a case that the agency has."""

    reference: str
    event: EventTold
    files: tuple[FileInMessage, ...] = ()


class UpdateMessage(Model):
    """What the agency did: one change of one case."""

    reference: str = Field(min_length=1, max_length=200)
    status: str = Field(min_length=1, max_length=200)
    """The agency's own word; its manifest maps it to an event of the catalogue."""
    text: str | None = Field(default=None, max_length=10_000)
    """What the citizen reads, where the agency has something to say."""
    unit: str | None = Field(default=None, max_length=200)
    event_id: str | None = Field(default=None, max_length=200)
    """The agency's own id of this change; else the message id."""
    sequence: int | None = Field(default=None, ge=0)
    """Number of the change within the case, where the agency counts."""
    occurred_at: str | None = None
    """ISO 8601; without a zone it is in the zone of the manifest."""


class AnswerMessage(Model):
    """The agency's own number of a case, where it answers hand-overs."""

    reference: str = Field(min_length=1, max_length=200)


class Envelope(Model):
    """Headers of CloudEvents 1.0 in binary mode, as the hub sends them."""

    ce_specversion: str = Field(alias="ce-specversion")
    ce_id: str = Field(alias="ce-id")
    """Our idempotency key: the same in every repetition; also the message id."""
    ce_source: str = Field(alias="ce-source")
    ce_type: str = Field(alias="ce-type")
    ce_subject: str = Field(alias="ce-subject")
    """The reference of the case."""
    ce_time: str | None = Field(default=None, alias="ce-time")
    """When the event happened; a hand-over has none."""
