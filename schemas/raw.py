"""What came in, untouched."""

from pydantic import Field

from schemas.base import Instant, Model


class RawMessage(Model):
    """One message from outside, exactly as it came, before anything reads it."""

    source: str = Field(min_length=1, max_length=100)
    """Who spoke: `web`, `email`, `sms:<gateway>`, `agency:<name>`."""
    lane: str = Field(min_length=1, max_length=120)
    """The queue of hints it is worked from: `intake.sms`, `updates.<party>`."""
    source_key: str = Field(min_length=1, max_length=1200)
    """The source's own key of this message; equal keys are the same message."""
    body: bytes = Field(repr=False)
    """The untouched bytes."""
    content_type: str = Field(default="application/octet-stream", max_length=300)
    """As the sender declared it."""
    meta: dict[str, str] = Field(default_factory=dict, repr=False)
    """What the door knows beside the body (envelope, headers, line)."""
    spoolable: bool = False
    """True where the sender will not retry: spooled when the database is down."""
    revisable: bool = True
    """False where the same key with other content is the sender's mistake."""
    key_hours: float | None = None
    """Hours after which the key is free again; None: never."""
    expects_complaint: bool = True
    """True where a tracking code is to be allotted at accept."""
    fingerprint: str = Field(default="", max_length=100, repr=False)
    """A digest of what was said, where the way adds to the body; empty: all of it."""

    @property
    def compared(self) -> bytes:
        """What tells whether two messages of one key are the same."""
        return self.fingerprint.encode() or self.body


class JournalEntry(Model):
    """A raw message with what the journal knows of it."""

    journal_id: str
    received_at: Instant
    """Instant of the commit, by the database's clock."""
    raw: RawMessage
