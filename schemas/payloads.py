"""The payload of each event: clear facts, and sealed fields for people's words."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.base import SEALED, Instant, Model
from schemas.complaint import Category, Region, ReportType
from schemas.deadlines import ClockKind
from schemas.heard import Heard
from schemas.parties import ChannelName, Role

Text = Annotated[str, SEALED]


class FollowUpKind(StrEnum):
    """What an answer is worth."""

    ACK = "ack"
    """Seen; no answer yet."""
    INTERIM = "interim"
    """Work goes on."""
    SUBSTANTIVE = "substantive"
    """Answers the matter."""
    FINAL = "final"
    """Answers the matter and ends it."""


class Received(Model):
    """A complaint was accepted and normalised."""

    channel: ChannelName
    report_type: ReportType
    reporter_id: str
    anonymous: bool = False
    confidential: bool = False
    language: str = "id"
    category: Category | None = None
    region: Region | None = None
    incident_on: date | None = None
    claimed_agency: Text = ""
    """What the citizen wrote where an agency's name is asked for."""
    keyword: str = ""
    attachments: int = Field(default=0, ge=0)
    """How many files came with it."""
    truncated: bool = False
    filed_at: Instant | None = None
    """When it was filed on the platform or in the system that it came from."""
    title: Text
    body: Text
    place_text: Text = ""
    region_detail: Text = ""
    """Region code down to the village, where it was given."""
    landmark: Text = ""
    latitude: Annotated[float | None, SEALED] = None
    longitude: Annotated[float | None, SEALED] = None


class Registered(Model):
    """The complaint has its code; first event that its reporter is told."""

    code: str
    public_number: str
    truncated: bool = False
    """A part of it was too large to be kept, and the reporter is told so."""


class Reasoned(Heard):
    """A decision with a coded reason that the reporter may read."""

    reason_code: str = Field(default="", max_length=60)
    text: Text = ""


class Classified(Model):
    """An official set type, category or grade; due dates follow."""

    report_type: ReportType | None = None
    category: Category | None = None
    supervisory_grade: bool | None = None


class Corrected(Model):
    """What the reporter puts right; what was written first stays in the log."""

    rereads: int | None = Field(default=None, ge=1)
    """Seq of the event whose message the hub read anew: nobody spoke again."""
    attachments: int | None = Field(default=None, ge=1)
    """How many more files were found in it, where there were any."""
    incident_on: date | None = None
    title: Annotated[str, SEALED, Field(max_length=255)] = ""
    body: Annotated[str, SEALED, Field(max_length=10_000)] = ""
    place_text: Annotated[str, SEALED, Field(max_length=500)] = ""
    landmark: Annotated[str, SEALED, Field(max_length=255)] = ""


class FlagsChanged(Model):
    """The privacy flags changed; the stricter value wins unless two persons agreed."""

    anonymous: bool | None = None
    confidential: bool | None = None
    second_person: str = ""
    """The account that agreed to a downgrade."""


class Assigned(Model):
    """The complaint was given to an agency: a leg opens."""

    agency: str
    assignment_no: int = Field(ge=1)
    role: Role = Role.MAIN
    unit: str = ""
    hops: int = Field(default=0, ge=0)
    order_by: str = "arrival"
    """How this leg's updates are ordered: sequence, time or arrival."""
    final: bool = False
    """It was given back too often: this agency keeps it."""
    rule_id: str = ""
    why: str = ""


class TriageRequested(Model):
    """No rule could place the complaint: an officer decides."""

    why: str


class SupervisionRequested(Model):
    """A complaint wanders: a supervisor looks at it."""

    supervision: str
    """Why: ping_pong or too_many_returns."""
    returns: int = Field(ge=0)
    """How often it was given back."""


class HandOver(Model):
    """What became of handing the complaint to an agency's system."""

    agency: str
    assignment_no: int = Field(ge=1)
    reference: Text = ""
    """The agency's own id of the case."""
    reason_code: str = ""


class LegNotice(Model):
    """What the hub itself tells of an agency's leg; it holds no word of the agency."""

    agency: str
    assignment_no: int = Field(ge=1)
    since: Instant | None = None
    """When it began, where that matters."""


class LegNews(Model):
    """An agency's word on its own leg."""

    agency: str
    assignment_no: int = Field(ge=1)
    unit: str = ""
    kind: FollowUpKind = FollowUpKind.INTERIM
    raw_status: Text = ""
    """The agency's own status word."""
    text: Text = ""
    reason_code: str = ""
    attachments: int = Field(default=0, ge=0)
    heard_seq: int | None = None
    """Up to where the agency had been told when it said this; none: of everything."""
    claimed_at: Instant | None = None
    """The agency's time, where it lies after the arrival."""
    arrived_at: Instant | None = None
    """When it came, where that is an hour or more after it was said: nobody is late
    for what he could not have read."""
    text_mark: str = ""
    """Keyed hash of the text: tells an echo without the words."""


class Confirmed(LegNews):
    """An update that changed nothing when it came; the fold still reads it."""

    stands_for: str
    """The event type that it would have been."""


class Said(Heard):
    """Words of the reporter or of somebody else."""

    channel: ChannelName
    attachments: int = Field(default=0, ge=0)
    rereads: int | None = Field(default=None, ge=1)
    """Seq of the event whose message the hub read anew: nobody spoke again."""
    text: Text = ""


class Remarked(Heard):
    """Words of the upstream platform, or of somebody there, that decide nothing."""

    attachments: int = Field(default=0, ge=0)
    text: Text = ""


class Rated(Model):
    """The reporter's rating; silence is none."""

    stars: int = Field(ge=1, le=5)
    text: Text = ""


class Relayed(Model):
    """The word of an agency, or of the platform, on a complaint that follows this."""

    agency: str
    origin: str
    """Hub id of the complaint that the agency has."""
    stands_for: str
    """The event type that it would have been there."""
    raw_status: Text = ""
    text: Text = ""
    attachments: int = Field(default=0, ge=0)


class DeadlineReached(Model):
    """A limit nears its end, or is over."""

    clock: ClockKind
    agency: str = ""
    """Whose leg it is about; empty where it is about the case."""
    assignment_no: int | None = Field(default=None, ge=1)
    working_days: int = Field(ge=1)
    """The limit."""
    started_at: Instant
    due_at: Instant | None = None
    """The end of the limit; none while the clock stands before it."""
    reached_at: Instant
    """When the calendar has what this event tells."""
    told: tuple[str, ...]
    """Roles that it is for: liaison_officer, agency_admin, head, national_admin …"""
    calendar: str = ""
    """Version of the calendar that it was counted by."""


class Linked(Model):
    """Two complaints are one."""

    other: str
    """Hub id of the other complaint."""


class Erasure(Model):
    """Personal data is asked to go, or went."""

    reason_code: str = "data_subject_request"
    laggards: tuple[str, ...] = ()
    """Parties that had not been told when the keys were destroyed."""
