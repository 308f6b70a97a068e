"""When a mail was written, by its own header."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

ZONES = {"wib": "+0700", "wita": "+0800", "wit": "+0900"}
"""Indonesia's zones, which the standard library does not know."""
_ZONE_NAME = re.compile(r"\b(wib|wita|wit)\b", re.IGNORECASE)


def read_date(header: str) -> datetime | None:
    """Read a Date header; one without an offset is in UTC; None if unreadable."""
    text = _ZONE_NAME.sub(lambda name: ZONES[name[1].lower()], header.strip())
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
