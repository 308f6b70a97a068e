"""Deadlines counted by hand, to compare the hub's with: another calendar, another way.

The days off are those of the official list, typed here. Legs whose clock stood for a
while are left out: what a pause does is shown elsewhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

WIB = ZoneInfo("Asia/Jakarta")
OFF = frozenset(
    {
        date(2026, 12, 24),  # joint leave
        date(2026, 12, 25),
        date(2027, 1, 1),
        date(2027, 1, 5),
    }
)
LIMITS = {"verify": 3, "first_follow_up": 5, "settle": 14}
SILENCE = 10
STAGES = {
    "deadline_warned": (0.8, 0),
    "deadline_breached": (1, 0),
    "escalated": (1, 3),
    "handed_to_overseer": (1, 5),
}
"""Event -> which share of the limit, rounded down, and how many days after it."""
PAUSING = frozenset({"return_requested", "leg_put_on_hold", "put_on_hold"})
Noted = tuple[str, str, str, datetime]
"""Complaint, clock, event, and when its limit ended."""


def is_working(day: date) -> bool:
    """Tell a working day."""
    return day.weekday() < 5 and day not in OFF


def working_days_between(first: date, last: date) -> int:
    """Count working days after the first one, up to the last one."""
    days = ((first + timedelta(days=n)) for n in range(1, (last - first).days + 1))
    return sum(is_working(day) for day in days)


def end_of(start: datetime, working_days: int) -> datetime:
    """Give four o'clock of the n-th working day after an instant."""
    day = start.astimezone(WIB).date()
    while working_days:
        day += timedelta(days=1)
        working_days -= is_working(day)
    return datetime.combine(day, time(16), WIB).astimezone(UTC)


@dataclass(frozen=True)
class Case:
    """A complaint's log, in order."""

    id: str
    rows: list[Any]

    def first(self, *types: str, leg: tuple[str, int] | None = None) -> Any:
        """Give the first event of these types, on a leg or at all."""
        for row in self.rows:
            on_leg = leg is None or (row.leg_agency, row.assignment_no) == leg
            if row.type in types and on_leg:
                return row
        return None

    @property
    def legs(self) -> list[tuple[tuple[str, int], Any]]:
        """Every assignment."""
        return [
            ((row.leg_agency, row.assignment_no), row)
            for row in self.rows
            if row.type == "assigned"
        ]

    @property
    def stood(self) -> bool:
        """Tell whether any clock stood for a while."""
        return any(row.type in PAUSING for row in self.rows)


def noted(case: Case) -> Iterator[Noted]:
    """Read what the hub noted of a case's clocks."""
    for row in case.rows:
        if row.type in STAGES:
            at = datetime.fromisoformat(row.facts["reached_at"])
            yield case.id, row.facts["clock"], row.type, at


def expected(case: Case, until: datetime) -> Iterator[Noted]:
    """Count what the calendar says of a case whose clocks never stood."""
    given = case.first("assigned")
    if case.first("triage_requested") is not None:
        start = case.first("received").occurred_at
        yield from _steps(case, "verify", start, _time(given), until)
    for leg, row in case.legs:
        ends = case.first("resolved", leg=leg), case.first("closed_by_silence")
        over = min((end.occurred_at for end in ends if end is not None), default=None)
        answer = case.first("followed_up", "resolved", leg=leg)
        start = row.occurred_at
        yield from _steps(case, "first_follow_up", start, _time(answer), until)
        yield from _steps(case, "settle", start, over, until)


def silences(case: Case, until: datetime) -> Iterator[tuple[str, datetime]]:
    """Say when a case with one answered leg is closed by silence."""
    ((leg, _),) = case.legs
    answer = case.first("followed_up", leg=leg)
    if answer is None or case.first("resolved", leg=leg) is not None:
        return
    at = end_of(answer.occurred_at, SILENCE)
    if at <= until:
        yield case.id, at


def _steps(
    case: Case, clock: str, start: datetime, stop: datetime | None, until: datetime
) -> Iterator[Noted]:
    limit = LIMITS[clock]
    for name, (share, more) in STAGES.items():
        at = end_of(start, int(share * limit) + more)
        if at <= until and (stop is None or at < stop):
            yield case.id, clock, name, at


def _time(row: Any) -> datetime | None:
    return None if row is None else row.occurred_at
