"""When a citizen is told: at once, with what follows soon, or when the night is over.

Only what waits for nothing in the citizen's life is put off; nothing is left out.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from hub.domain.delivery import PlanKind
from schemas.events import LogEvent

URGENT = frozenset(
    {
        "registered",
        "put_on_hold",
        "leg_put_on_hold",
        "emergency_advised",
        "emergency_redirected",
        "erasure_requested",
    }
)
"""Told at once, at any hour: the code, what the citizen is asked for, an emergency,
and the receipt of an erasure, which the erasure itself waits for."""

_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A span of each day, by the reporter's clock; it may reach over midnight."""

    start: time
    end: time

    @classmethod
    def read(cls, text: str) -> "QuietHours | None":
        """Read `21:00-07:00`; empty means none; raises ValueError."""
        if not text:
            return None
        found = _HOURS.fullmatch(text)
        if found is None:
            msg = f"{text!r} is no span of hours such as 21:00-07:00"
            raise ValueError(msg)
        hour, minute, last_hour, last_minute = map(int, found.groups())
        return cls(time(hour, minute), time(last_hour, last_minute))

    def seconds_left(self, now: datetime, zone: tzinfo) -> float:
        """Count the seconds until the quiet hours end; zero outside of them."""
        local = now.astimezone(zone)
        clock = local.time()
        if self.start <= self.end:
            inside = self.start <= clock < self.end
        else:
            inside = clock >= self.start or clock < self.end
        if not inside:
            return 0.0
        end = datetime.combine(local.date(), self.end, zone)
        if end <= local:
            end += timedelta(days=1)
        return (end - local).total_seconds()


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient one channel is."""

    burst_seconds: float = 0.0
    """What is not urgent waits so long for more: one message for a burst."""
    quiet: QuietHours | None = None
    """What is not urgent waits for their end."""


PROMPT = Pace()
"""Everything at once."""


def is_urgent(event_type: str) -> bool:
    """Tell whether an event is told at once."""
    return event_type in URGENT


@dataclass(frozen=True, slots=True)
class Turn:
    """What a leased cursor of a reporter would do now."""

    kind: PlanKind
    frozen: bool
    """Its range was fixed by an earlier attempt: nothing can join it."""
    events: Sequence[LogEvent]
    """What it would tell now."""
    waiting: Sequence[LogEvent]
    """Everything that waits to be told, in order; what is frozen among it."""


def rest_seconds(pace: Pace, turn: Turn, now: datetime, zone: tzinfo) -> float:
    """Count the seconds that a turn waits; zero: it goes now.

    One urgent event takes everything before it along, so that the order is kept.
    """
    if _any_urgent(turn.events) or _any_urgent(turn.waiting):
        return 0.0
    quiet = pace.quiet.seconds_left(now, zone) if pace.quiet else 0.0
    if turn.frozen or turn.kind is not PlanKind.SEND or not turn.waiting:
        return quiet
    age = (now - turn.waiting[0].recorded_at).total_seconds()
    return max(quiet, pace.burst_seconds - age)


def _any_urgent(events: Iterable[LogEvent]) -> bool:
    return any(is_urgent(event.type) for event in events)
