"""What events keep of the word of an upstream platform that they came from."""

from typing import Annotated

from schemas.base import SEALED, Instant, Model


class Heard(Model):
    """What is kept of an upstream platform's word; empty where nobody else spoke."""

    raw_status: Annotated[str, SEALED] = ""
    """The platform's own status word."""
    text_mark: str | None = None
    """Keyed hash of the text: tells an echo without the words."""
    heard_seq: int | None = None
    """Up to where the platform had been told when it said this; none: everything."""
    claimed_at: Instant | None = None
    """The platform's time, where it lies after the arrival."""
    arrived_at: Instant | None = None
    """When it came, where that is an hour or more after it was said."""
