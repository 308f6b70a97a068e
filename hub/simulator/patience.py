"""Trying again until a deadline, as citizens and gateways do."""

import time
from collections.abc import Callable
from enum import Enum

WAIT_SECONDS_FIRST = 0.05
WAIT_SECONDS_MAX = 1.0


class Verdict(Enum):
    """What one attempt showed."""

    ACCEPTED = "accepted"
    """The hub has taken it."""
    REFUSED = "refused"
    """The hub will never take it."""
    AGAIN = "again"
    """Nobody listened, or the hub asked for time."""


def persist(
    attempt: Callable[[], Verdict], deadline_seconds: float
) -> tuple[bool, int]:
    """Try until accepted, refused or too late; return (accepted, attempts).

    An attempt that runs at the deadline is not cut.
    """
    end = time.monotonic() + deadline_seconds
    wait = WAIT_SECONDS_FIRST
    attempts = 1
    while (verdict := attempt()) is Verdict.AGAIN:
        if time.monotonic() + wait > end:
            break
        time.sleep(wait)
        wait = min(wait * 2, WAIT_SECONDS_MAX)
        attempts += 1
    return verdict is Verdict.ACCEPTED, attempts


def verdict_of(status: int) -> Verdict:
    """Read an HTTP status as a patient client does."""
    if 200 <= status < 300:  # noqa: PLR2004 - the class of success
        return Verdict.ACCEPTED
    if status >= 500 or status in (408, 425, 429):  # noqa: PLR2004
        return Verdict.AGAIN
    return Verdict.REFUSED
