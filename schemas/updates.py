"""What an agency's system told the hub, mapped to canonical words."""

from typing import Annotated

from pydantic import Field

from schemas.base import SEALED, Instant, Model
from schemas.complaint import NewComplaint

BOUNCED = "bounce"
"""Code of a mail to an agency that came back: nobody there has read it."""


class AnswerTo(Model):
    """Whom to tell what became of a word, where a person said it by mail."""

    address: str = Field(repr=False)
    reply_to: str = Field(default="", repr=False)
    """Where an answer to that goes; it names the case."""
    thread_id: str = Field(default="", repr=False)
    thread_subject: str = Field(default="", repr=False)
    heard: str = Field(default="", repr=False)
    """The line in which a word was looked for."""
    meant: str = ""
    """The one choice that it may have meant; empty where that is open."""
    choices: tuple[str, ...] = ()
    """What can be answered, as a person reads it."""


class AgencyUpdate(Model):
    """One change of one case in an agency's own system."""

    reference: Annotated[str, SEALED] = Field(min_length=1, max_length=200)
    """The agency's id of the case."""
    event_type: str
    """Canonical event type from the agency's status table."""
    raw_status: str = Field(max_length=200)
    """The agency's own word, kept beside the canonical one."""
    text: Annotated[str, SEALED] = Field(default="", max_length=10_000)
    unit: str = Field(default="", max_length=200)
    event_id: str = Field(default="", max_length=200)
    """The agency's own id of this event, where it has one."""
    sequence: int | None = Field(default=None, ge=0)
    """Number of the event within the case, where the agency counts."""
    occurred_at: Instant | None = None
    """The agency's clock, in UTC by the zone that its manifest declares."""
    stands: bool = False
    """It says how the case stands, not that something happened: said again under a
    later time, and with the same words, it is no news."""
    answer_to: Annotated[AnswerTo | None, SEALED] = None


class AgencyComplaint(Model):
    """A complaint that began in an agency's own system, or on another platform."""

    reference: Annotated[str, SEALED] = Field(min_length=1, max_length=200)
    """The system's id of the case."""
    complaint: Annotated[NewComplaint, SEALED]
    raw_status: str = Field(default="", max_length=200)
    """How it stood there when it was told."""
    event_type: str = ""
    """Canonical event type of that status; empty where it is new there, too."""
    event_id: str = Field(default="", max_length=200)
    """The system's own id of the event that brought it there, where it has one."""
    sequence: int | None = Field(default=None, ge=0)
    """Number of that event within the case, where the system counts."""
    occurred_at: Instant | None = None
    """When it was filed there, in UTC by the zone that the manifest declares."""
    public_number: str = Field(default="", max_length=15)
    """Our own number, where the record bears one: then it may be ours, come back."""


class AgencyView(Model):
    """How one case stands in an agency's own system, as it says when asked."""

    reference: str = Field(min_length=1, max_length=200, repr=False)
    present: bool = True
    """False where the system says that it has no such case."""
    raw_status: str = Field(default="", max_length=200)
    event_type: str = ""
    """Canonical event type of the status; empty where no table maps it."""
    updated_at: Instant | None = None
    key: str = Field(default="", repr=False)
    """Our idempotency key of the hand-over, where the system repeats it."""


class Corrupt(Model):
    """A record that could not be read; its neighbours go on."""

    why: str
    """What is wrong and what to do; holds no content of the record."""
    code: str = Field(max_length=60)
    """unmapped_status, malformed, missing_field, bad_time, bounce."""
    reference: Annotated[str, SEALED] = ""
    answer_to: Annotated[AnswerTo | None, SEALED] = None
