"""`[settings]` of SP4N-LAPOR!: who we are there, and its numbers for our words."""

from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    SecretStr,
    TypeAdapter,
    model_validator,
)

from schemas.agency import AgencyManifest
from schemas.complaint import ReportType
from schemas.events import CATALOGUE
from schemas.parties import PartyKind

_URL = TypeAdapter(HttpUrl)
REQUIRED = ("title", "body", "public_number", "confidential")
"""What the platform cannot do without: it would publish what it does not know."""


def _base(value: str) -> str:
    url = _URL.validate_python(value)
    if url.query or url.fragment or url.username:
        msg = "write the address without user, query and fragment"
        raise ValueError(msg)
    return value.rstrip("/")


class Section(BaseModel):
    """A table that refuses unknown keys and keeps secrets out of error texts."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )


class Files(Section):
    """What its upload takes; the rest is named in the text."""

    count_max: int = Field(default=5, ge=0)
    bytes_max: int = Field(default=10_000_000, ge=1)
    """Of one file."""
    media_types: tuple[str, ...] = (
        "image/jpeg",
        "image/png",
        "application/pdf",
        "application/msword",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    )


class Told(Section):
    """How one type of event is told: as a follow-up by a template."""

    template: str = Field(min_length=1, max_length=60)
    """Its `template_code`."""
    text: str = Field(default="", max_length=1000)
    """What is written where the event has no words of its own."""


class Sp4nSettings(Section):
    """Everything that is the deployment's own; nothing of it is written in code."""

    base_url: Annotated[str, AfterValidator(_base)]
    token: SecretStr = Field(min_length=1)
    """For `Authorization: Bearer`."""
    app_token: SecretStr = Field(min_length=1)
    """For the second header, `token`."""
    institution_id: int = Field(ge=1)
    """Our own institution: what is disposed to it is ours, what it wrote is our own."""
    user_id: int = Field(ge=1)
    """The account under which complaints are filed."""
    channel: int = Field(ge=0)
    """Its number of the channel by which partners file."""
    create_path: str = Field(default="/complaints/complaint-lmw", pattern=r"^/[\w/-]+$")
    """Each partner has its own."""
    disposition_id: int = Field(ge=1)
    """To whom a new complaint is disposed: the centre, or our own institution."""
    return_to_id: int = Field(ge=1)
    """Institution that decides about what we say is not ours: the centre."""
    classifications: dict[ReportType, int]
    """Our type of complaint -> its `classification_id`."""
    categories: dict[str, int] = Field(default_factory=dict)
    """Our category code -> its `category_id`; `*` stands for every other one."""
    locations: dict[str, int] = Field(default_factory=dict)
    """Our region code, or its beginning -> its `location_id`; `*` as above."""
    events: dict[str, Told] = Field(default_factory=dict)
    """Event type -> how it is told; others are not."""
    files: Files = Files()
    first_days: int = Field(default=30, ge=0)
    """How far back the first listing looks."""
    overlap_seconds: int = Field(default=3600, ge=0)
    """How far each listing reaches into the one before."""
    page_size: int = Field(default=100, ge=1, le=1000)
    cases_per_page: int = Field(default=20, ge=1, le=200)
    """Open cases that one poll asks for: two calls each."""

    @model_validator(mode="after")
    def _can_be_told(self) -> Self:
        if strange := sorted(set(self.events) - CATALOGUE.keys()):
            msg = f"events that there are not: {', '.join(strange)}"
            raise ValueError(msg)
        return self


def require_fit(manifest: AgencyManifest, settings: Sp4nSettings) -> None:
    """Raise ValueError that names everything that does not fit."""
    faults = [
        f"allow: {name!r} is needed to file a complaint"
        for name in REQUIRED
        if name not in manifest.allow
    ]
    if manifest.kind is not PartyKind.UPSTREAM:
        faults.append("kind: SP4N-LAPOR! is a platform: kind = 'upstream'")
    if not settings.classifications:
        faults.append("settings.classifications: no type of complaint has a number")
    if faults:
        raise ValueError("; ".join(faults))
