"""When a citizen is told."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.delivery import PlanKind
from hub.domain.local_time import WIB, WIT
from hub.domain.pacing import URGENT, Pace, QuietHours, Turn, is_urgent, rest_seconds
from schemas.events import CATALOGUE, Audience, LogEvent
from schemas.status import Status
from tests.unit.domain.builders import WORKS, at, event

NIGHT = QuietHours(time(21), time(7))
SLOW = Pace(burst_seconds=120, quiet=NIGHT)
TOLD = sorted(n for n, r in CATALOGUE.items() if Audience.REPORTER in r.wanted_by)
DAY = datetime(2026, 11, 24, 12, 0, tzinfo=WIB)
INSTANTS = st.integers(0, 366 * 86400).map(lambda s: DAY + timedelta(seconds=s))
CLOCKS = st.times()


def logged(name: str, recorded_at: datetime) -> LogEvent:
    made = event(name, leg=WORKS)
    return LogEvent(
        **dict(made),
        complaint_id="c-1",
        seq=4,
        event_id="e-1",
        recorded_at=recorded_at,
        status_after=Status.IN_PROGRESS,
    )


def turn(
    *waiting: LogEvent, kind: PlanKind = PlanKind.SEND, frozen: bool = False
) -> Turn:
    told = waiting[:1] if frozen else waiting
    return Turn(kind, frozen, told, waiting)


def test_what_is_urgent_is_told_to_a_reporter() -> None:
    assert set(TOLD) >= URGENT
    assert {"registered", "put_on_hold", "leg_put_on_hold"} <= URGENT
    assert not is_urgent("work_started")


# --- quiet hours -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clock", "hours"),
    [("20:59", 0), ("21:00", 10), ("23:30", 7.5), ("06:30", 0.5), ("07:00", 0)],
)
def test_the_night_reaches_over_midnight(clock: str, hours: float) -> None:
    now = datetime.fromisoformat(f"2026-11-24T{clock}:00+07:00")

    assert NIGHT.seconds_left(now, WIB) == hours * 3600


def test_the_night_is_that_of_the_reporter() -> None:
    now = datetime.fromisoformat("2026-11-24T19:30:00+07:00")

    assert NIGHT.seconds_left(now, WIB) == 0
    assert NIGHT.seconds_left(now, WIT) == 9.5 * 3600


def test_quiet_hours_may_lie_within_a_day() -> None:
    noon = QuietHours.read("12:00-13:00")

    assert noon is not None
    assert noon.seconds_left(DAY, WIB) == 3600
    assert noon.seconds_left(DAY - timedelta(seconds=1), WIB) == 0


@given(INSTANTS, CLOCKS, CLOCKS, st.sampled_from([WIB, WIT, UTC]))
def test_a_wait_ends_in_the_day_within_a_day(
    now: datetime, start: time, end: time, zone: object
) -> None:
    quiet = QuietHours(start, end)
    left = quiet.seconds_left(now, zone)  # type: ignore[arg-type]

    assert 0 <= left <= 86400
    later = now + timedelta(seconds=left)
    assert quiet.seconds_left(later, zone) == 0  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["21-7", "24:00-07:00", "21:00", "21:00-07:60", "x"])
def test_a_span_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no span of hours"):
        QuietHours.read(text)


def test_no_span_means_no_quiet_hours() -> None:
    assert QuietHours.read("") is None


# --- bursts ------------------------------------------------------------------------


def test_what_is_not_urgent_waits_for_more_since_the_first_of_it() -> None:
    first, second = logged("work_started", DAY), logged("followed_up", DAY)
    now = DAY + timedelta(seconds=50)

    assert rest_seconds(SLOW, turn(first, second), now, WIB) == 70
    assert rest_seconds(SLOW, turn(first), DAY + timedelta(seconds=120), WIB) <= 0


def test_a_frozen_range_and_a_late_retry_wait_for_no_more() -> None:
    one = logged("work_started", DAY)

    assert rest_seconds(SLOW, turn(one, frozen=True), DAY, WIB) == 0
    late = turn(one, kind=PlanKind.DEAD_LETTER)
    assert rest_seconds(SLOW, late, DAY, WIB) == 0


def test_a_frozen_range_waits_for_the_morning() -> None:
    night = DAY + timedelta(hours=12)
    one = logged("work_started", DAY)

    assert rest_seconds(SLOW, turn(one, frozen=True), night, WIB) == 7 * 3600


@given(
    names=st.lists(st.sampled_from(TOLD), min_size=1, max_size=6),
    now=INSTANTS,
    burst=st.floats(0, 3600),
    frozen=st.booleans(),
)
def test_an_urgent_event_never_waits_whatever_stands_before_it(
    names: Sequence[str], now: datetime, burst: float, *, frozen: bool
) -> None:
    events = [logged(name, now) for name in (*names, "put_on_hold")]
    pace = Pace(burst, NIGHT)

    assert rest_seconds(pace, turn(*events, frozen=frozen), now, WIB) == 0


@given(
    names=st.lists(st.sampled_from(sorted(set(TOLD) - URGENT)), min_size=1, max_size=6),
    now=INSTANTS,
    burst=st.floats(0, 3600),
    frozen=st.booleans(),
)
def test_a_turn_that_waited_goes_and_no_wait_is_longer_than_a_night_and_a_burst(
    names: Sequence[str], now: datetime, burst: float, *, frozen: bool
) -> None:
    events = [logged(name, now) for name in names]
    pace = Pace(burst, NIGHT)
    waits = 0.0
    for _ in range(3):
        rest = rest_seconds(pace, turn(*events, frozen=frozen), now, WIB)
        if rest <= 0:
            break
        waits += rest
        now += timedelta(seconds=rest + 1e-5)

    assert rest <= 0
    assert waits <= 10 * 3600 + burst + 1


def test_without_a_pace_everything_goes_at_once() -> None:
    assert rest_seconds(Pace(), turn(logged("closed", at(0))), at(0), WIB) == 0
