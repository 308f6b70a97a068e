"""The agency's broker breaks: nothing hangs, and nothing is called sent that is not."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from connectors.contract import Done
from connectors.errors import ConnectorError, OutcomeUnknown, Retryable
from connectors.systems.amqp import AmqpSystem, publisher
from tests.contract.amqp.utility import delivery, system, taken
from tests.services.fault_proxy import AMQP_PUBLISH, Cut, Direction, FaultProxy
from tests.services.rabbitmq import QUEUE_SETTLES_SECONDS, Rabbitmq
from tests.services.waiting import wait_until

SHORT_SECONDS = 1.5
"""For calls that end by their deadline."""
BACK_SECONDS = 60.0


@pytest.fixture
def proxy(agency_url: str) -> Iterator[FaultProxy]:
    with FaultProxy.before(agency_url) as found:
        yield found


def failure(call: Callable[[], object]) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        call()
    return caught.value


def goes_through(pln: AmqpSystem, key: str) -> bool:
    try:
        return isinstance(pln.submit(delivery(key)), Done)
    except Retryable:
        return False


def keys(url: str) -> list[str]:
    return [properties.message_id for properties, _ in taken(url)]


def test_a_connection_cut_before_the_confirm_leaves_the_outcome_unknown(
    agency_url: str, proxy: FaultProxy
) -> None:
    with system(proxy.instead_of(agency_url)) as pln:
        pln.submit(delivery("k-1"))
        proxy.cut_at(AMQP_PUBLISH, Cut.ANSWER)
        error = failure(lambda: pln.submit(delivery("k-2")))
        proxy.heal()

        assert isinstance(error, OutcomeUnknown)
        assert wait_until(lambda: goes_through(pln, "k-3"), BACK_SECONDS)

    # Nobody could know that it had arrived.
    assert keys(agency_url) == ["k-1", "k-2", "k-3"]


def test_a_message_that_never_left_is_unknown_too_and_never_arrives(
    agency_url: str, proxy: FaultProxy
) -> None:
    with system(proxy.instead_of(agency_url)) as pln:
        pln.submit(delivery("k-1"))
        proxy.cut_at(AMQP_PUBLISH, Cut.BEFORE)
        error = failure(lambda: pln.submit(delivery("k-2")))

    assert isinstance(error, OutcomeUnknown)
    assert keys(agency_url) == ["k-1"]


def test_a_line_that_swallows_everything_ends_by_the_deadline(
    agency_url: str, proxy: FaultProxy
) -> None:
    url = proxy.instead_of(agency_url)
    with system(url, seconds=SHORT_SECONDS, heartbeat_seconds=60) as pln:
        assert wait_until(lambda: goes_through(pln, "k-1"), BACK_SECONDS)
        proxy.blackhole()
        first = failure(lambda: pln.submit(delivery("k-2")))
        second = failure(lambda: pln.submit(delivery("k-3")))

    assert isinstance(first, OutcomeUnknown)
    # The broker owes a word: what was not sent then is not unknown.
    assert isinstance(second, Retryable)


def test_a_broker_that_is_silent_while_we_connect_ends_by_the_deadline(
    agency_url: str, proxy: FaultProxy
) -> None:
    proxy.blackhole(Direction.DOWN)
    with system(proxy.instead_of(agency_url), seconds=SHORT_SECONDS) as pln:
        assert isinstance(failure(lambda: pln.submit(delivery())), Retryable)
        proxy.heal()
        assert wait_until(lambda: goes_through(pln, "k-2"), BACK_SECONDS)

    assert keys(agency_url) == ["k-2"]


def test_a_lost_line_is_noticed_by_its_heartbeat(
    agency_url: str, proxy: FaultProxy
) -> None:
    with system(proxy.instead_of(agency_url)) as pln:
        pln.submit(delivery("k-1"))
        proxy.blackhole()
        # Patient: nothing but the heartbeat ends this call.
        error = failure(lambda: pln.submit(delivery("k-2")))
        proxy.heal()

        assert isinstance(error, OutcomeUnknown)
        assert wait_until(lambda: goes_through(pln, "k-3"), BACK_SECONDS)


def test_a_broker_that_is_killed_comes_back(
    agency_broker: Rabbitmq, agency_url: str
) -> None:
    with system(agency_url) as pln:
        pln.submit(delivery("k-1"))
        # A younger quorum queue comes back without a leader.
        time.sleep(QUEUE_SETTLES_SECONDS)
        agency_broker.kill()
        try:
            first = failure(lambda: pln.submit(delivery("k-2")))
            second = failure(lambda: pln.submit(delivery("k-2")))
        finally:
            agency_broker.restart()
        # The end of the connection may be noticed only while the first is written.
        assert isinstance(first, OutcomeUnknown | Retryable)
        assert isinstance(second, Retryable)
        assert wait_until(lambda: goes_through(pln, "k-3"), BACK_SECONDS)

    assert set(keys(agency_url)) >= {"k-1", "k-3"}


def test_a_broker_that_stands_still_hangs_nobody(
    agency_broker: Rabbitmq, agency_url: str
) -> None:
    with (
        system(agency_url, seconds=SHORT_SECONDS) as pln,
        ThreadPoolExecutor(8) as pool,
    ):
        assert wait_until(lambda: goes_through(pln, "k-0"), BACK_SECONDS)
        agency_broker.suspend()
        try:
            calls = [
                pool.submit(pln.submit, delivery(f"k-{number}"))
                for number in range(1, 9)
            ]
            errors = [call.exception() for call in calls]
        finally:
            agency_broker.resume()
        # One may have gone through before the signal reached every process.
        failed = [error for error in errors if error is not None]
        assert failed
        assert all(isinstance(e, OutcomeUnknown | Retryable) for e in failed), errors
        assert wait_until(lambda: goes_through(pln, "k-9"), BACK_SECONDS)

    # Whatever was called not sent is not there; whatever was called done is.
    named = [(f"k-{number}", error) for number, error in enumerate(errors, 1)]
    unknown = {key for key, error in named if isinstance(error, OutcomeUnknown)}
    done = {"k-0", "k-9", *(key for key, error in named if error is None)}
    assert done <= set(keys(agency_url)) <= done | unknown


def test_a_broker_in_alarm_takes_nothing_and_hangs_nobody(
    agency_broker: Rabbitmq, agency_url: str
) -> None:
    with system(agency_url, seconds=SHORT_SECONDS) as pln:
        assert wait_until(lambda: goes_through(pln, "k-0"), BACK_SECONDS)
        agency_broker.set_memory_alarm(on=True)
        try:
            errors = []
            for number in range(1, 4):
                try:
                    pln.submit(delivery(f"k-{number}"))
                except ConnectorError as error:
                    errors.append(error)
        finally:
            agency_broker.set_memory_alarm(on=False)
        assert errors, "the alarm was not noticed"
        assert isinstance(errors[-1], Retryable)
        assert "alarm" in errors[-1].why
        assert sum(isinstance(e, OutcomeUnknown) for e in errors) <= 1
        assert wait_until(lambda: goes_through(pln, "k-9"), BACK_SECONDS)


def test_connecting_is_not_tried_more_than_once_a_while(
    agency_url: str, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "CONNECT_SECONDS_MIN", 3600.0)
    with system(proxy.instead_of(agency_url)) as pln:
        pln.submit(delivery())
        proxy.reset_all()
        errors = [failure(lambda: pln.submit(delivery())) for _ in range(50)]

        # The end may be noticed only while something is written.
        assert all(isinstance(error, Retryable) for error in errors[1:])
        assert proxy.connections_total == 1
