"""Working days of Indonesia: limits end where the calendar says."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.bootstrap.deadlines import public_holidays
from hub.domain.calendar import Calendar, calendar_of
from hub.domain.zones import ZONES, zone_of

WIB, WIT = ZoneInfo("Asia/Jakarta"), ZoneInfo("Asia/Jayapura")
END = time(16, 0)
PUBLIC = calendar_of(public_holidays(), (), WIB, END)
WEEKS = calendar_of((), (), WIB, END)

DAYS = st.dates(date(2026, 1, 1), date(2027, 6, 30))
INSTANTS = st.datetimes(
    datetime(2026, 1, 1),  # noqa: DTZ001 - the zone is the strategy's
    datetime(2027, 6, 30),  # noqa: DTZ001
    timezones=st.just(UTC),
)
PAUSES = st.lists(
    st.tuples(INSTANTS, st.timedeltas(timedelta(0), timedelta(days=40))), max_size=4
)


def day_of(calendar: Calendar, start: datetime, working_days: int) -> date:
    due = calendar.due(start, working_days)
    assert due is not None
    return due.astimezone(calendar.zone).date()


def apart(
    drawn: list[tuple[datetime, timedelta]], after: datetime
) -> list[tuple[datetime, datetime | None]]:
    """Make pauses that rise, begin after the start, and do not overlap."""
    found: list[tuple[datetime, datetime | None]] = []
    last = after
    for begin, length in sorted(drawn):
        first = max(begin, last)
        last = first + length
        found.append((first, last))
    return found


@pytest.mark.parametrize(
    ("start", "working_days", "due"),
    [
        ("2026-03-13", 3, "2026-03-25"),
        ("2026-03-13", 5, "2026-03-27"),
        ("2026-03-13", 10, "2026-04-06"),
        ("2026-03-13", 14, "2026-04-10"),
        ("2026-03-13", 60, "2026-06-24"),
        ("2026-12-22", 3, "2026-12-29"),
        ("2026-12-22", 5, "2026-12-31"),
        ("2026-12-22", 10, "2027-01-11"),
        ("2026-12-22", 60, "2027-04-02"),
        ("2026-11-24", 3, "2026-11-27"),
        ("2026-11-24", 10, "2026-12-08"),
        ("2026-11-24", 14, "2026-12-14"),
        ("2026-11-24", 60, "2027-02-23"),
    ],
)
def test_limits_end_where_public_holidays_and_joint_leave_put_them(
    start: str, working_days: int, due: str
) -> None:
    noon = datetime.fromisoformat(f"{start}T05:00:00+00:00")

    assert day_of(PUBLIC, noon, working_days) == date.fromisoformat(due)


def test_a_year_has_the_known_number_of_working_days() -> None:
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]

    assert sum(map(PUBLIC.is_working, days)) == 240


def test_a_limit_ends_with_the_working_day_in_the_zone() -> None:
    start = datetime(2026, 11, 24, 5, tzinfo=UTC)
    east = calendar_of(public_holidays(), (), WIT, END)

    assert PUBLIC.due(start, 1) == datetime(2026, 11, 25, 9, tzinfo=UTC)
    assert east.due(start, 1) == datetime(2026, 11, 25, 7, tzinfo=UTC)


def test_what_comes_late_at_night_belongs_to_the_day_of_its_zone() -> None:
    late = datetime(2026, 11, 24, 16, 30, tzinfo=UTC)  # 23:30 in Jakarta, 01:30 east
    east = calendar_of(public_holidays(), (), WIT, END)

    assert day_of(PUBLIC, late, 1) == date(2026, 11, 25)
    assert day_of(east, late, 1) == date(2026, 11, 26)


def test_what_comes_on_a_weekend_has_monday_for_its_first_day() -> None:
    saturday = datetime(2026, 11, 28, 5, tzinfo=UTC)

    assert day_of(PUBLIC, saturday, 1) == date(2026, 11, 30)


def test_a_day_counts_unless_the_clock_stands_when_it_ends() -> None:
    start = datetime(2026, 11, 23, 3, tzinfo=UTC)
    morning = (
        datetime(2026, 11, 24, 1, tzinfo=UTC),
        datetime(2026, 11, 24, 8, tzinfo=UTC),
    )
    evening = (morning[0], datetime(2026, 11, 24, 10, tzinfo=UTC))

    assert WEEKS.due(start, 2, [morning]) == WEEKS.due(start, 2)
    assert WEEKS.due(start, 2, [evening]) == WEEKS.due(start, 3)
    assert WEEKS.due(start, 2, [(morning[0], None)]) is None
    assert WEEKS.due(start, 1, [(evening[1], None)]) == WEEKS.due(start, 1)


@pytest.mark.parametrize("year", [1, 1970, 2061, 9999])
def test_a_year_that_no_calendar_covers_breaks_nothing(year: int) -> None:
    at = datetime(year, 6, 1, tzinfo=UTC)

    due = PUBLIC.due(at, 3, [(at, at)])

    assert due is None if year > 2060 else due == PUBLIC.due(at, 3)


@given(INSTANTS, st.integers(1, 60), DAYS, PAUSES)
def test_another_holiday_never_makes_a_limit_end_earlier(
    start: datetime,
    working_days: int,
    holiday: date,
    drawn: list[tuple[datetime, timedelta]],
) -> None:
    pauses = apart(drawn, start)
    more = calendar_of({*public_holidays(), holiday}, (), WIB, END)

    before = PUBLIC.due(start, working_days, pauses)
    after = more.due(start, working_days, pauses)

    assert before is not None
    assert after is not None
    assert after >= before


@given(INSTANTS, INSTANTS, st.integers(1, 60), st.integers(0, 5))
def test_later_starts_and_longer_limits_never_end_earlier(
    one: datetime, other: datetime, working_days: int, more: int
) -> None:
    first, second = sorted((one, other))

    early = PUBLIC.due(first, working_days)
    late = PUBLIC.due(second, working_days + more)

    assert early is not None
    assert late is not None
    assert early <= late


@given(INSTANTS, st.integers(1, 60), PAUSES)
def test_a_limit_ends_with_a_working_day_on_which_the_clock_runs(
    start: datetime, working_days: int, drawn: list[tuple[datetime, timedelta]]
) -> None:
    """Counted day by day, as a person with a wall calendar does."""
    pauses = apart(drawn, start)
    due = PUBLIC.due(start, working_days, pauses)
    day, counted = start.astimezone(WIB).date(), 0
    while counted < working_days:
        day += timedelta(days=1)
        ends = datetime.combine(day, END, WIB)
        stands = any(b <= ends and (e is None or ends < e) for b, e in pauses)
        counted += PUBLIC.is_working(day) and not stands

    assert due == ends


def test_days_may_be_added_and_a_version_names_the_same_days_only() -> None:
    saturday = date(2026, 11, 28)
    more = calendar_of(public_holidays(), [saturday], WIB, END)
    again = calendar_of(dict(public_holidays()), (), WIB, END)

    assert more.is_working(saturday)
    assert more.version != PUBLIC.version == again.version
    assert PUBLIC.version != calendar_of(public_holidays(), (), WIT, END).version


def test_every_province_has_one_of_the_three_zones() -> None:
    assert len(ZONES) == 38
    assert (zone_of("32.76"), zone_of("51.71"), zone_of("91")) == (
        "Asia/Jakarta",
        "Asia/Makassar",
        "Asia/Jayapura",
    )
    assert zone_of("") == zone_of("99") == ""
