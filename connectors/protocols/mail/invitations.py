"""What a calendar entry says, in the words of a mail (RFC 5545)."""

import re
from itertools import islice
from typing import Any

EVENTS_MAX = 5
BYTES_MAX = 500_000
_EVENT_END = re.compile(rb"^END:VEVENT\b", re.MULTILINE | re.IGNORECASE)
_FIELDS = ("summary", "description", "location")


def read_invitation(raw: bytes) -> str:
    """Give what the entries say: title, description, place; empty if unreadable."""
    # It takes a quarter of a second to load, and few mails invite.
    from icalendar import Calendar  # noqa: PLC0415

    try:
        raw = _first_events(raw)
        events = Calendar.from_ical(raw).walk("VEVENT")[:EVENTS_MAX]
        return "\n\n".join(filter(None, (_words(event) for event in events)))
    except Exception:  # noqa: BLE001 - the parser raises whatever it meets
        return ""


def _first_events(raw: bytes) -> bytes:
    """Cut behind as many entries as are read: a calendar may hold years."""
    ends = [found.end() for found in islice(_EVENT_END.finditer(raw), EVENTS_MAX)]
    if len(ends) < EVENTS_MAX:
        return raw[:BYTES_MAX]
    return raw[: ends[-1]] + b"\r\nEND:VCALENDAR\r\n"


def _words(event: Any) -> str:
    said = (str(event.get(name, "")).strip() for name in _FIELDS)
    return "\n".join(filter(None, said))
