"""What a calendar entry says, in the words of a mail (RFC 5545)."""

from typing import Any

from icalendar import Calendar

EVENTS_MAX = 5
_FIELDS = ("summary", "description", "location")


def read_invitation(raw: bytes) -> str:
    """Give what the entries say: title, description, place; empty if unreadable."""
    try:
        events = Calendar.from_ical(raw).walk("VEVENT")[:EVENTS_MAX]
        return "\n\n".join(filter(None, (_words(event) for event in events)))
    except Exception:  # noqa: BLE001 - the parser raises whatever it meets
        return ""


def _words(event: Any) -> str:
    said = (str(event.get(name, "")).strip() for name in _FIELDS)
    return "\n".join(filter(None, said))
