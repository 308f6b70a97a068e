"""When a source is asked next, and what is known of its clock."""

from hypothesis import given
from hypothesis import strategies as st

from hub.domain.polling import (
    WAIT_SECONDS_MAX,
    jumped_back,
    next_turn_seconds,
    skew_hint,
    smoothed_skew,
)

chances = st.floats(0, 1)
spans = st.floats(1, 100_000)
skews = st.floats(-100_000, 100_000)


@given(spans, chances)
def test_what_goes_well_is_asked_about_as_often_as_declared(
    every: float, chance: float
) -> None:
    assert 0.9 * every <= next_turn_seconds(every, 0, chance) <= 1.1 * every + 1e-6


@given(spans, st.integers(1, 10_000), chances)
def test_a_failure_waits_longer_but_never_beyond_the_cap(
    every: float, failures: int, chance: float
) -> None:
    wait = next_turn_seconds(every, failures, chance)
    assert 0.5 * every <= wait <= max(WAIT_SECONDS_MAX, every)
    assert next_turn_seconds(every, failures + 1, chance) >= wait


@given(spans, st.integers(0, 100), chances, st.floats(0, 1e6))
def test_nobody_is_asked_sooner_than_it_asked_for(
    every: float, failures: int, chance: float, after: float
) -> None:
    assert next_turn_seconds(every, failures, chance, after) >= after


@given(skews, st.lists(skews, max_size=20))
def test_a_skew_lies_between_what_was_measured(
    first: float, others: list[float]
) -> None:
    known = smoothed_skew(None, first)
    for measured in others:
        known = smoothed_skew(known, measured)
    least, most = min([first, *others]), max([first, *others])
    assert least - 1e-6 <= known <= most + 1e-6


def test_a_clock_that_was_set_is_believed_at_once() -> None:
    assert smoothed_skew(25_200, 2) == 2
    assert jumped_back(25_200, 2)
    assert not jumped_back(2, 25_200)
    assert not jumped_back(None, -9_000)
    assert not jumped_back(5, 0)


def test_a_skew_of_a_time_zone_is_named_as_one() -> None:
    assert skew_hint(None) == skew_hint(90) == skew_hint(-900) == ""
    assert skew_hint(25_190).startswith("+7 h")
    assert skew_hint(-30_620).startswith("-8.5 h")
    assert skew_hint(2_700) == "its clock is wrong"
