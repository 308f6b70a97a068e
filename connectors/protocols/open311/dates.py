"""Moments on the wire: written strictly, read with patience."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

_SHAPE = re.compile(
    r"""
    (?P<date>\d{4}-\d\d-\d\d)
    (?:[T\s]+(?P<time>\d\d:\d\d(?::\d\d)?)(?:[.,](?P<fraction>\d+))?
       \s*(?P<zone>[Zz]|UTC|[+-]\d\d:?(?:\d\d)?)?)?
    """,
    re.VERBOSE | re.ASCII,
)


def write_date(moment: datetime) -> str:
    """Write a moment as `2026-11-24T03:00:00Z`: UTC, whole seconds, rounded down.

    A fraction is refused by strict servers and sorts wrongly in others.
    Raises ValueError for a moment without a zone.
    """
    if moment.tzinfo is None:
        msg = "a moment on the wire needs a zone"
        raise ValueError(msg)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_date(text: str, zone: tzinfo) -> datetime | None:
    """Read a moment in any spelling that was met; None where there is none.

    Takes `Z`, `+07:00`, `+0700` and `+07`, a space in place of the T or before the
    zone, fractions, and a date alone. What has no zone is in `zone`.
    """
    found = _SHAPE.fullmatch(text.strip())
    if found is None:
        return None
    clock = found["time"] or "00:00:00"
    micros = int((found["fraction"] or "0")[:6].ljust(6, "0"))
    try:
        moment = datetime.fromisoformat(f"{found['date']}T{clock}")
        offset = _offset(found["zone"] or "")
        moment = moment.replace(microsecond=micros, tzinfo=offset or zone)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def is_strict(text: str) -> bool:
    """Tell whether strict readers take it: whole seconds, and Z or +hh:mm."""
    strict = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)"
    return re.fullmatch(strict, text, re.ASCII) is not None


def _offset(text: str) -> tzinfo | None:
    if not text:
        return None
    if text.upper() in {"Z", "UTC"}:
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
