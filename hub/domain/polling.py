"""When an agency's system is asked next, and how far its clock is from ours."""

import math

WAIT_SECONDS_MAX = 3600.0
"""A source that fails is asked at least this often, or as often as it is declared."""
SILENT_SECONDS = 3600.0
"""A source that fails for less is tried again, and nobody is called."""
DOUBLINGS_MAX = 16
SKEW_SHARE = 0.25
"""What one more measurement counts: answers take their time on the way."""
JUMP_SECONDS = 60.0
"""A clock that moved further was set: the old measurements say nothing of it."""
ZONE_SECONDS = 1800.0
"""No two time zones in use differ by less."""
NEAR_ZONE_SECONDS = 120.0


def next_turn_seconds(
    every_seconds: float,
    failures: int,
    chance: float,
    after_seconds: float | None = None,
) -> float:
    """Say how long to wait for the next turn, after so many failures in a row.

    `chance` is from 0 to 1 and spreads sources that began together. Never sooner than
    the system asked for (`after_seconds`).
    """
    if failures == 0:
        wait = every_seconds * (0.9 + 0.2 * chance)
    else:
        doubled = every_seconds * 2.0 ** min(failures - 1, DOUBLINGS_MAX)
        wait = min(max(WAIT_SECONDS_MAX, every_seconds), doubled) * (0.5 + chance / 2)
    return max(wait, after_seconds or 0.0)


def is_silent(every_seconds: float, failures: int, age_seconds: float) -> bool:
    """Tell whether a source has failed for so long that somebody should look.

    `age_seconds` is how long ago it answered last.
    """
    return failures > 0 and age_seconds > max(SILENT_SECONDS, 3 * every_seconds)


def smoothed_skew(known: float | None, measured: float) -> float:
    """Take one more measurement of a clock into account, in seconds ahead of ours."""
    if known is None or abs(measured - known) > JUMP_SECONDS:
        return measured
    return known + SKEW_SHARE * (measured - known)


def jumped_back(known: float | None, measured: float) -> bool:
    """Tell whether a clock was set back: its next updates may look like older ones."""
    return known is not None and known - measured > JUMP_SECONDS


def skew_hint(skew_seconds: float | None) -> str:
    """Say what a skew may come from; empty where there is nothing to look at."""
    if skew_seconds is None or abs(skew_seconds) < ZONE_SECONDS - NEAR_ZONE_SECONDS:
        return ""
    steps = round(skew_seconds / ZONE_SECONDS)
    if not math.isclose(steps * ZONE_SECONDS, skew_seconds, abs_tol=NEAR_ZONE_SECONDS):
        return "its clock is wrong"
    hours = steps * ZONE_SECONDS / 3600
    return f"{hours:+g} h: its times look like local ones; is `zone` declared?"
