"""Echoes: an agency that sends back what it was told.

Nothing is ever sent to its author. But a system may take our text for a word of its
own officer, and report it as its own update under another author: that one would be
told to everybody else, whose systems may do the same, for ever.
"""

from collections.abc import Iterable
from datetime import timedelta

from schemas.events import NewEvent

WITHIN = timedelta(days=7)
"""A text that comes back later than that is said anew."""


def is_echo(event: NewEvent, known: Iterable[tuple[int, NewEvent]]) -> bool:
    """Tell whether an update repeats the text of somebody else's event."""
    mark = event.facts.get("text_mark")
    return bool(mark) and any(
        one.facts.get("text_mark") == mark
        and one.author != event.author
        and event.occurred_at - one.occurred_at <= WITHIN
        for _, one in known
    )
