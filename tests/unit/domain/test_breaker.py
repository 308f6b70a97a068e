"""How fast, and whether at all, a party is called."""

from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hub.domain.breaker import (
    Breaker,
    Party,
    PartyState,
    next_permit_at,
    pause,
    permits,
    report,
    resume,
)
from hub.domain.settlement import SAME_REFUSALS_BEFORE_PAUSE, PartySignal
from tests.unit.domain.builders import START, at

PROBE_SECONDS = 60.0


def party(rate: float = 20) -> Party:
    return Party(
        party="dinas_pupr",
        rate=rate,
        ramp_seconds=30,
        breaker_failures=3,
        breaker_open_seconds=30,
    )


def broken() -> Party:
    found = party()
    for _ in range(3):
        found = report(found, PartySignal.FAILING, START)
    return found


class AnyHistory(RuleBasedStateMachine):
    """Any order of asking, answering, pausing and waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.party = party()
        self.now = START
        self.stopped_seconds = 0.0

    @rule(seconds=st.integers(0, 90) | st.floats(0, 2))
    def wait(self, seconds: float) -> None:
        before = self.now
        self.now += timedelta(seconds=seconds)
        if self.party.is_stopped:
            self.stopped_seconds += (self.now - before).total_seconds()

    @rule(wanted=st.integers(0, 50))
    def ask(self, wanted: int) -> None:
        before = self.party
        granted, self.party = permits(before, wanted, self.now, PROBE_SECONDS)

        assert 0 <= granted <= wanted
        if before.state is PartyState.PAUSED:
            assert granted == 0
        if before.throttled_until is not None and self.now < before.throttled_until:
            assert granted == 0
        if before.breaker is not Breaker.CLOSED and granted:
            assert granted == 1
            assert self.party.breaker is Breaker.HALF_OPEN
            again, _ = permits(self.party, wanted, self.now, PROBE_SECONDS)
            assert again == 0

    @rule(
        signal=st.sampled_from(PartySignal),
        fingerprint=st.sampled_from(["http 422", "http 400"]),
        seconds=st.integers(0, 120),
    )
    def answer(self, signal: PartySignal, fingerprint: str, seconds: int) -> None:
        before = self.party
        self.party = report(
            before,
            signal,
            self.now,
            why="answered",
            fingerprint=fingerprint,
            wait_seconds=seconds,
        )
        if before.throttled_until is not None:
            assert self.party.throttled_until is not None
            assert self.party.throttled_until >= before.throttled_until

    @rule()
    def stop(self) -> None:
        self.party = pause(self.party, self.now, "maintenance")

    @precondition(lambda self: self.party.state is PartyState.PAUSED)
    @rule()
    def go_on(self) -> None:
        self.party = resume(self.party, self.now)

    @invariant()
    def tokens_never_exceed_the_burst(self) -> None:
        assert 0 <= self.party.tokens <= self.party.rate

    @invariant()
    def stopped_time_sums_up(self) -> None:
        found = self.party.stopped_at(self.now)

        assert found == pytest.approx(self.stopped_seconds, abs=1e-3)
        assert (self.party.stopped_since is not None) is self.party.is_stopped

    @invariant()
    def an_open_breaker_says_when_to_ask_again(self) -> None:
        due = next_permit_at(self.party, self.now)

        assert (due is None) is (self.party.state is PartyState.PAUSED)
        assert due is None or due >= self.now
        if due is not None and self.party.breaker is not Breaker.CLOSED:
            granted, _ = permits(self.party, 1, due, PROBE_SECONDS)
            assert granted == 1 or due == self.party.throttled_until


TestAnyHistory = AnyHistory.TestCase
TestAnyHistory.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None
)


def test_a_half_open_breaker_admits_one_probe_until_the_probe_is_lost() -> None:
    stopped = broken()
    early, _ = permits(stopped, 9, at(0.4), PROBE_SECONDS)
    first, probing = permits(stopped, 9, at(0.5), PROBE_SECONDS)
    second, _ = permits(probing, 9, at(1.4), PROBE_SECONDS)
    lost, _ = permits(probing, 9, at(1.5), PROBE_SECONDS)

    assert stopped.breaker is Breaker.OPEN
    assert (early, first, second, lost) == (0, 1, 0, 1)


def test_a_probe_that_fails_opens_for_longer_and_one_that_answers_closes() -> None:
    _, probing = permits(broken(), 1, at(1), PROBE_SECONDS)

    failed = report(probing, PartySignal.FAILING, at(1))
    answered = report(probing, PartySignal.HEALTHY, at(1))

    assert failed.open_until == at(2)
    assert answered.breaker is Breaker.CLOSED
    assert answered.stopped_seconds == 60
    assert answered.ramp_until == at(1.5)


def test_the_breaker_stays_open_sixteen_spans_at_most() -> None:
    found, now = broken(), START
    spans = []
    for _ in range(8):
        now = found.open_until or now
        _, found = permits(found, 1, now, PROBE_SECONDS)
        found = report(found, PartySignal.FAILING, now)
        assert found.open_until is not None
        spans.append((found.open_until - now).total_seconds() / 30)

    assert spans == [2, 4, 8, 16, 16, 16, 16, 16]


def test_failures_count_in_a_row_only() -> None:
    found = party()
    for signal in (PartySignal.FAILING, PartySignal.FAILING, PartySignal.HEALTHY) * 5:
        found = report(found, signal, START)

    assert found.breaker is Breaker.CLOSED


def test_equal_refusals_in_a_row_pause_the_party() -> None:
    found = party()
    for n in range(SAME_REFUSALS_BEFORE_PAUSE):
        assert found.state is PartyState.ACTIVE, n
        found = report(
            found, PartySignal.REFUSING, START, why="no", fingerprint="http 422"
        )

    assert found.state is PartyState.PAUSED
    assert found.why == "20 equal refusals in a row: no"


@pytest.mark.parametrize("between", ["healthy", "other"])
def test_refusals_that_differ_pause_nobody(between: str) -> None:
    found = party()
    for _ in range(2 * SAME_REFUSALS_BEFORE_PAUSE):
        found = report(found, PartySignal.REFUSING, START, fingerprint="http 422")
        found = (
            report(found, PartySignal.HEALTHY, START)
            if between == "healthy"
            else report(found, PartySignal.REFUSING, START, fingerprint="http 400")
        )

    assert found.state is PartyState.ACTIVE


def test_a_misconfigured_party_pauses_at_once_and_resumes_slowly() -> None:
    stopped = report(party(), PartySignal.MISCONFIGURED, START, why="answered 401")
    going = resume(stopped, at(10))

    assert (stopped.state, stopped.why) == (PartyState.PAUSED, "answered 401")
    assert next_permit_at(stopped, at(1)) is None
    assert permits(stopped, 5, at(1), PROBE_SECONDS)[0] == 0
    assert going.stopped_seconds == 600
    assert permits(going, 100, at(10), PROBE_SECONDS)[0] == 0
    assert permits(going, 100, at(10) + timedelta(seconds=1), PROBE_SECONDS)[0] == 1
    assert permits(going, 100, at(20), PROBE_SECONDS)[0] == 20


def test_a_shorter_wait_does_not_cut_a_longer_one() -> None:
    long = report(party(), PartySignal.THROTTLED, START, wait_seconds=600)

    short = report(long, PartySignal.THROTTLED, at(1), wait_seconds=0)

    assert short.throttled_until == at(10)
    assert permits(short, 5, at(9), PROBE_SECONDS)[0] == 0
    assert next_permit_at(short, at(9)) == at(10)
    assert permits(short, 5, at(10), PROBE_SECONDS)[0] == 5


def test_the_bucket_gives_the_burst_and_then_the_rate() -> None:
    burst, left = permits(party(rate=5), 100, START, PROBE_SECONDS)
    none, left = permits(left, 100, START, PROBE_SECONDS)
    later, _ = permits(left, 100, START + timedelta(seconds=0.5), PROBE_SECONDS)

    assert (burst, none, later) == (5, 0, 2)
    assert next_permit_at(left, START) == START + timedelta(seconds=0.2)


def test_less_than_a_call_a_second_is_still_a_call() -> None:
    first, left = permits(party(rate=0.1), 5, START, PROBE_SECONDS)

    assert first == 1
    assert permits(left, 5, START + timedelta(seconds=9), PROBE_SECONDS)[0] == 0
    assert permits(left, 5, START + timedelta(seconds=10), PROBE_SECONDS)[0] == 1


def test_a_clock_that_jumps_back_grants_no_gift() -> None:
    _, left = permits(party(), 20, START, PROBE_SECONDS)

    assert permits(left, 20, at(-60), PROBE_SECONDS)[0] == 0
