"""Waits between connections: never a storm, never for ever."""

from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from hub.broker.link import DELAY_SECONDS_MAX, DELAY_SECONDS_MIN, Reconnect
from hub.telemetry import REGISTRY

LOST = ConnectionResetError("gone")
TRIES = 40


class Waits:
    """Remembers what it was asked to wait."""

    def __init__(self, *, stopped: bool = False) -> None:
        self.seconds: list[float] = []
        self.stopped = stopped

    def __call__(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        return self.stopped


def losses() -> float:
    name = "simpul_broker_reconnects_total"
    return REGISTRY.get_sample_value(name, {"link": "publisher"}) or 0.0


@settings(deadline=None)
@given(came_up=st.lists(st.booleans(), max_size=60))
def test_every_wait_is_a_second_at_least_and_bounded(came_up: list[bool]) -> None:
    waits = Waits()
    reconnect = Reconnect("publisher", waits)

    for up in came_up:
        if up:
            reconnect.came_up()
        reconnect.pause(LOST)

    assert len(waits.seconds) == len(came_up)
    assert all(DELAY_SECONDS_MIN <= one <= DELAY_SECONDS_MAX for one in waits.seconds)


def test_a_broker_that_stays_away_is_asked_less_and_less_often() -> None:
    longest = [0.0] * 10
    for _ in range(TRIES):
        waits = Waits()
        reconnect = Reconnect("publisher", waits)
        for _ in longest:
            reconnect.pause(LOST)
        longest = [max(pair) for pair in zip(longest, waits.seconds, strict=True)]

    assert longest[0] < 2 * DELAY_SECONDS_MIN
    assert max(longest[5:]) > DELAY_SECONDS_MAX / 2


def test_processes_that_lose_the_broker_together_do_not_come_back_together() -> None:
    waits = Waits()
    for _ in range(TRIES):
        Reconnect("publisher", waits).pause(LOST)

    assert len(set(waits.seconds)) > TRIES / 2


def test_after_a_connection_that_worked_the_wait_is_short_again() -> None:
    waits = Waits()
    reconnect = Reconnect("publisher", waits)
    for _ in range(10):
        reconnect.pause(LOST)

    for _ in range(TRIES):
        reconnect.came_up()
        reconnect.pause(LOST)

    assert max(waits.seconds[10:]) < 2 * DELAY_SECONDS_MIN


def test_it_says_that_the_broker_is_lost_and_when_to_stop() -> None:
    before = losses()

    with capture_logs() as lines:
        assert Reconnect("publisher", Waits(stopped=True)).pause(LOST) is True
        assert Reconnect("publisher", Waits(stopped=False)).pause(LOST) is False

    assert losses() - before == 2
    assert [line["event"] for line in lines] == ["broker_lost"] * 2
