"""Moments as agencies write them."""

import math
from datetime import UTC, datetime, tzinfo

EPOCHS = {"epoch": 1.0, "epoch_ms": 1000.0}
"""Formats that count from 1970 in UTC -> how many of them are a second."""
_OUTSIDE = "the moment lies outside of the calendar"


def read_time(value: str, zone: tzinfo, time_format: str = "") -> datetime:
    """Read a moment; one without a zone is in `zone`. Raises ValueError."""
    text = value.strip()
    if time_format in EPOCHS:
        return _of_epoch(text, EPOCHS[time_format])
    if time_format:
        moment = datetime.strptime(text, time_format)  # noqa: DTZ007
    else:
        moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(_OUTSIDE) from error


def _of_epoch(text: str, parts: float) -> datetime:
    seconds = float(text) / parts
    if not math.isfinite(seconds):
        msg = "no number of seconds"
        raise ValueError(msg)
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(_OUTSIDE) from error
