"""When a mail was written, by its own header."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

ZONES = {"wib": "+0700", "wita": "+0800", "wit": "+0900"}
"""Indonesia's zones, which the standard library does not know."""
OLDEST, NEWEST = timedelta(days=-7), timedelta(minutes=10)
"""How far a Date header may lie from the mail's arrival to be believed."""
_CHARS_MAX = 200
NAMES = {
    "mei": "May",
    "agu": "Aug",
    "agt": "Aug",
    "ags": "Aug",
    "agustus": "Aug",
    "okt": "Oct",
    "oktober": "Oct",
    "des": "Dec",
    "desember": "Dec",
    "januari": "Jan",
    "februari": "Feb",
    "pebruari": "Feb",
    "peb": "Feb",
    "maret": "Mar",
    "juni": "Jun",
    "juli": "Jul",
    "nop": "Nov",
    "nopember": "Nov",
}
"""Indonesian months where they differ from what the standard asks for."""
_MONTH = re.compile(rf"\b({'|'.join(NAMES)})\b", re.IGNORECASE)
_WEEKDAY = re.compile(
    r"^(?:min|sen|sel|rab|kam|jum|sab)\w{0,5}['\w]{0,4}\.?,?\s+", re.IGNORECASE
)
_ZONE_NAME = re.compile(r"\b(wib|wita|wit)\b", re.IGNORECASE)


def read_date(header: str) -> datetime | None:
    """Read a Date header; one without an offset is in UTC; None if unreadable."""
    text = _WEEKDAY.sub("", header.strip()[:_CHARS_MAX])
    text = _MONTH.sub(lambda month: NAMES[month[1].lower()], text)
    text = _ZONE_NAME.sub(lambda name: ZONES[name[1].lower()], text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def believed_date(header: str, arrived: datetime) -> tuple[datetime | None, str]:
    """Choose when a mail was written: its own date if that can be, and by which rule.

    None: it counts from its arrival. So does one whose clock is a few minutes ahead:
    nothing happened after it came.
    """
    if not header.strip():
        return None, "missing"
    written = read_date(header)
    if written is None:
        return None, "unreadable"
    try:
        distance = written - arrived
    except OverflowError:
        return None, "unreadable"
    if distance < OLDEST:
        return None, "too_old"
    if distance > NEWEST:
        return None, "in_the_future"
    return min(written, arrived), "header"
