"""The working-day calendar as a value: which days count, and when each of them ends."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cache
from hashlib import sha256
from zoneinfo import ZoneInfo

FIRST_YEAR, LAST_YEAR = 2010, 2060
"""Years that a calendar covers."""
VERSION_DIGITS = 12
_DAYS = 5
"""Days of a working week, from Monday on."""

Pause = tuple[datetime, datetime | None]
"""From, until; None: it lasts."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Working days in a row; made by `calendar_of`, equal calendars alike."""

    zone: ZoneInfo
    day_ends: time
    days: Sequence[int] = field(repr=False)
    """Working days as ordinals, rising."""
    version: str
    """The same for the same days, zone and end of the day."""

    def is_working(self, day: date) -> bool:
        """Tell whether a day counts."""
        place = bisect_left(self.days, day.toordinal())
        return place < len(self.days) and self.days[place] == day.toordinal()

    def due(
        self, start: datetime, working_days: int, pauses: Sequence[Pause] = ()
    ) -> datetime | None:
        """Give the end of the n-th working day after the day of `start`.

        The next working day is day one. A day at whose end the clock is paused does
        not count. `pauses` rise and do not overlap. None: a pause lasts and begins
        before that day ends, or the day lies outside the calendar.
        """
        first = self._after(start)
        place = first + working_days - 1
        for begin, end in pauses:
            skipped = max(first, self._ending_from(begin))
            if skipped > place:
                break
            if end is None:
                return None
            place += max(0, self._ending_from(end) - skipped)
        return self._end(place)

    def day(self, at: datetime) -> date:
        """Name the day of an instant in the zone, or the border of the calendar."""
        return self._local(at).date()

    def _local(self, at: datetime) -> datetime:
        """An agency may tell of any year; what no calendar covers is its border."""
        if at.year < FIRST_YEAR:
            return datetime(FIRST_YEAR, 1, 1, tzinfo=self.zone)
        if at.year > LAST_YEAR:
            return datetime(LAST_YEAR + 1, 1, 1, tzinfo=self.zone)
        return at.astimezone(self.zone)

    def _after(self, at: datetime) -> int:
        """Place of the first working day after the day of an instant."""
        return bisect_right(self.days, self._local(at).toordinal())

    def _ending_from(self, at: datetime) -> int:
        """Place of the first working day that ends at an instant or later."""
        local = self._local(at)
        place = bisect_left(self.days, local.toordinal())
        today = place < len(self.days) and self.days[place] == local.toordinal()
        return place + (today and local.time() > self.day_ends)

    def _end(self, place: int) -> datetime | None:
        if place >= len(self.days):
            return None
        day = date.fromordinal(self.days[place])
        return datetime.combine(day, self.day_ends, self.zone).astimezone(UTC)


def calendar_of(
    off: Collection[date], on: Collection[date], zone: ZoneInfo, day_ends: time
) -> Calendar:
    """Make a calendar: Monday to Friday, without the days off, and with the days on."""
    free = {day.toordinal() for day in off}
    added = {day.toordinal() for day in on if FIRST_YEAR <= day.year <= LAST_YEAR}
    days = sorted((set(_weekdays()) - free) | added)
    told = f"{zone.key} {day_ends.isoformat()} {days}"
    version = sha256(told.encode()).hexdigest()[:VERSION_DIGITS]
    return Calendar(zone, day_ends, tuple(days), version)


@cache
def _weekdays() -> tuple[int, ...]:
    first = date(FIRST_YEAR, 1, 1).toordinal()
    last = date(LAST_YEAR, 12, 31).toordinal()
    return tuple(
        day for day in range(first, last + 1) if date.fromordinal(day).weekday() < _DAYS
    )
