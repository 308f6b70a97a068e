"""The canonical complaint: what every channel's message becomes."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.base import SEALED, Instant, Model
from schemas.parties import ChannelName, Reporter, Role
from schemas.status import Status


class ReportType(StrEnum):
    """What the citizen sends; their own choice is kept beside the officer's."""

    COMPLAINT = "complaint"
    """Pengaduan: dissatisfaction with a public service."""
    SUGGESTION = "suggestion"
    """Aspirasi: a proposal or wish."""
    INFORMATION_REQUEST = "information_request"
    """Permintaan informasi: a question."""
    WHISTLEBLOWING = "whistleblowing"
    """Report of misconduct from inside."""


CODE = r"^[A-Za-z0-9][A-Za-z0-9._:-]*$"
"""What stands in the clear is a code, never words."""


class RegionScheme(StrEnum):
    """Whose code a region code is."""

    KEMENDAGRI = "kemendagri"
    BPS = "bps"
    LAPOR = "lapor"


class Region(Model):
    """An administrative region by code."""

    scheme: RegionScheme = RegionScheme.KEMENDAGRI
    code: str = Field(pattern=r"^\d{2}(\.\d{2}){0,1}(\.\d{2})?(\.\d{4})?$")
    """Dotted code, for example `32.76`; coarser than district in clear facts."""


class Category(Model):
    """A category of a dated scheme."""

    scheme: str = Field(default="sp4n", max_length=40, pattern=CODE)
    code: str = Field(max_length=80, pattern=CODE)


class Place(Model):
    """Where it happened."""

    text: Annotated[str, SEALED] = Field(default="", max_length=500)
    landmark: Annotated[str, SEALED] = Field(default="", max_length=200)
    latitude: Annotated[float | None, SEALED] = Field(default=None, ge=-90, le=90)
    """Degrees, WGS 84."""
    longitude: Annotated[float | None, SEALED] = Field(default=None, ge=-180, le=180)
    """Degrees, WGS 84."""


class AttachmentState(StrEnum):
    """What is known of an attachment's content."""

    STORED = "stored"
    REFUSED = "refused"
    """Too large or of a kind that is not taken; the name is kept."""


class Attachment(Model):
    """A file that came with a complaint or a reply."""

    name: Annotated[str, SEALED] = Field(max_length=255)
    media_type: str = Field(max_length=127)
    size_bytes: int = Field(ge=0)
    state: AttachmentState = AttachmentState.STORED
    inline: bool = False
    """True when the text refers to it (an embedded picture)."""


class NewComplaint(Model):
    """A normalised complaint as a channel hands it to intake."""

    type: ReportType = ReportType.COMPLAINT
    title: Annotated[str, SEALED] = Field(max_length=255)
    body: Annotated[str, SEALED] = Field(min_length=1, max_length=10_000)
    """The original words; immutable once in the log."""
    language: str = Field(
        default="id", max_length=8, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]+)*$"
    )
    """BCP 47."""
    incident_on: date | None = None
    region: Region | None = None
    place: Place = Place()
    category: Category | None = None
    claimed_agency: Annotated[str, SEALED] = Field(default="", max_length=100)
    """The agency the citizen named; a claim, not an assignment."""
    keyword: str = Field(default="", max_length=40)
    """First word of an SMS where it is a routing keyword."""
    anonymous: bool = False
    """Hide who reports from agencies."""
    confidential: bool = False
    """Hide the report from the public."""
    channel: ChannelName
    reporter: Reporter = Reporter()
    truncated: bool = False
    """True when the original was longer than the limits; the raw has it all."""


class Leg(Model):
    """One assignment of a complaint to one agency."""

    agency: str
    assignment_no: int = Field(ge=1)
    unit: str = ""
    role: Role = Role.MAIN
    status: Status
    hops: int = Field(default=0, ge=0)
    """How many agencies handed it on before."""


class FollowUp(Model):
    """One answer of an agency."""

    agency: str
    kind: str
    """ack, interim, substantive or final."""
    text: Annotated[str, SEALED]
    at: Instant


class Complaint(Model):
    """The canonical complaint with its state, as published."""

    hub_id: str
    """UUIDv7 of the complaint."""
    public_number: str
    """Random number shown to agencies and the public."""
    status: Status
    type: ReportType
    supervisory_grade: bool | None = None
    """Berkadar pengawasan; set by an official, never by the citizen."""
    title: Annotated[str, SEALED]
    body: Annotated[str, SEALED]
    language: str
    incident_on: date | None
    region: Region | None
    place: Place
    category: Category | None
    claimed_agency: Annotated[str, SEALED]
    channel: ChannelName
    anonymous: bool
    confidential: bool
    legs: tuple[Leg, ...]
    attachments: tuple[Attachment, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    rating: int | None = Field(default=None, ge=1, le=5)
    """Stars; silence is no rating."""
    received_at: Instant
    merged_into: str = ""
