"""The agency's queue of updates: nothing is acknowledged before it is stored."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pika
import pytest

from connectors.contract import Receiptful
from schemas.raw import RawMessage
from tests.contract.amqp.utility import NEWS, channel_to, set_up, system, tell, waiting
from tests.services.fault_proxy import FaultProxy
from tests.services.rabbitmq import QUEUE_SETTLES_SECONDS, Rabbitmq
from tests.services.waiting import wait_until

SECONDS_MAX = 60.0
BODY = b'{"reference": "26", "status": "DITERIMA"}'


class Journal:
    """Stores what is accepted; may be away, or slow."""

    def __init__(self) -> None:
        self.rows: list[RawMessage] = []
        self.tries = 0
        self.error: Exception | None = None
        self.may_commit = threading.Event()
        self.may_commit.set()

    def accept(self, raw: RawMessage) -> Receiptful:
        self.tries += 1
        if self.error is not None:
            raise self.error
        assert self.may_commit.wait(SECONDS_MAX)
        self.rows.append(raw)
        return Receiptful(state="new", journal_id="j")

    def has(self, count: int) -> bool:
        return wait_until(lambda: len(self.rows) >= count, SECONDS_MAX)


@pytest.fixture
def journal() -> Journal:
    return Journal()


@contextmanager
def listening(
    url: str, journal: Journal, **settings: object
) -> Iterator[Callable[[], None]]:
    with system(url, **settings) as pln:  # type: ignore[arg-type]
        (listener,) = pln.listeners()
        listener.start(journal.accept)
        try:
            yield listener.stop
        finally:
            journal.may_commit.set()
            listener.stop()


def gone(url: str) -> bool:
    """Whether the queue has nothing left, taken or waiting."""
    return wait_until(lambda: waiting(url, NEWS) == 0, SECONDS_MAX)


def test_an_update_becomes_a_row_as_it_came(agency_url: str, journal: Journal) -> None:
    headers = {"ce-id": "kabar-7", "ce-time": "2026-11-24T03:00:00Z", "lain": "x"}
    with listening(agency_url, journal):
        tell(agency_url, BODY, message_id="kabar-7", headers=headers)
        assert journal.has(1)

    (row,) = journal.rows
    assert (row.source, row.lane) == ("agency:pln_contoh", "updates.pln_contoh")
    assert (row.source_key, row.body) == ("kabar-7", BODY)
    assert not row.expects_complaint
    assert row.meta == {
        "routing_key": NEWS,
        "message_id": "kabar-7",
        "ce-id": "kabar-7",
        "ce-time": "2026-11-24T03:00:00Z",
    }
    assert waiting(agency_url, NEWS) == 0


def test_nothing_is_acknowledged_before_it_is_stored(
    agency_url: str, journal: Journal
) -> None:
    journal.may_commit.clear()
    with (
        FaultProxy.before(agency_url) as proxy,
        listening(proxy.instead_of(agency_url), journal),
    ):
        tell(agency_url, BODY, message_id="a")
        assert wait_until(lambda: journal.tries > 0, SECONDS_MAX)
        # Whoever loses the connection now is brought the message again.
        proxy.reset_all()
        journal.may_commit.set()
        assert journal.has(2)
        assert gone(agency_url)

    assert {row.source_key for row in journal.rows} == {"a"}


def test_what_cannot_be_stored_waits_and_is_kept(
    agency_url: str, journal: Journal
) -> None:
    journal.error = ConnectionError("the database is away")
    with listening(agency_url, journal):
        tell(agency_url, BODY, message_id="a")
        assert wait_until(lambda: journal.tries >= 2, SECONDS_MAX)
        assert journal.rows == []
        journal.error = None
        assert journal.has(1)
        assert gone(agency_url)


def test_what_was_not_stored_is_in_the_queue_again_after_a_stop(
    agency_url: str, journal: Journal
) -> None:
    journal.error = ConnectionError("the database is away")
    with listening(agency_url, journal) as stop:
        for number in range(5):
            tell(agency_url, BODY, message_id=str(number))
        assert wait_until(lambda: journal.tries >= 2, SECONDS_MAX)
        stop()
    assert wait_until(lambda: waiting(agency_url, NEWS) == 5, SECONDS_MAX)

    journal.error = None
    with listening(agency_url, journal):
        assert journal.has(5)
    assert {row.source_key for row in journal.rows} == {"0", "1", "2", "3", "4"}


def test_a_fault_of_ours_loses_no_update(agency_url: str, journal: Journal) -> None:
    journal.error = ValueError("Budi Contoh")
    with listening(agency_url, journal):
        tell(agency_url, BODY)
        assert wait_until(lambda: journal.tries >= 1, SECONDS_MAX)
        journal.error = None
        assert journal.has(1)


def test_where_arrival_orders_updates_they_are_stored_one_by_one(
    agency_url: str, journal: Journal
) -> None:
    for number in range(40):
        tell(agency_url, BODY, message_id=str(number))
    with listening(agency_url, journal):
        assert journal.has(40)

    assert [int(row.source_key) for row in journal.rows] == list(range(40))


def test_a_message_that_is_too_long_goes_to_the_dead_letters_alone(
    agency_broker: Rabbitmq, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    url = agency_broker.create_vhost()
    dead = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "mati"}
    with channel_to(url) as channel:
        channel.queue_declare("mati", durable=True)
        channel.queue_declare(NEWS, durable=True, arguments=dead)
    updates = {"queue": NEWS, "body_bytes_max": 100}
    with listening(url, journal, updates=updates):
        tell(url, b"a" * 101)
        tell(url, BODY)
        assert journal.has(1)
        assert wait_until(lambda: waiting(url, "mati") == 1, SECONDS_MAX)

    assert [row.body for row in journal.rows] == [BODY]
    assert "101 bytes" in caplog.text
    agency_broker.drop_vhost(url)


def test_the_listener_comes_back_after_a_cut(agency_url: str, journal: Journal) -> None:
    with (
        FaultProxy.before(agency_url) as proxy,
        listening(proxy.instead_of(agency_url), journal),
    ):
        tell(agency_url, BODY, message_id="a")
        assert journal.has(1)
        proxy.reset_all()
        tell(agency_url, BODY, message_id="b")
        assert journal.has(2)
        assert proxy.connections_max == 1


def test_the_listener_notices_a_line_that_swallows_everything(
    agency_url: str, journal: Journal
) -> None:
    with (
        FaultProxy.before(agency_url) as proxy,
        listening(proxy.instead_of(agency_url), journal),
    ):
        tell(agency_url, BODY, message_id="a")
        assert journal.has(1)
        proxy.blackhole()
        tell(agency_url, BODY, message_id="b")
        assert wait_until(lambda: proxy.connections_total > 1, SECONDS_MAX)
        proxy.heal()
        assert journal.has(2)


def test_the_listener_outlives_a_broker_that_is_killed(
    agency_broker: Rabbitmq, agency_url: str, journal: Journal
) -> None:
    with listening(agency_url, journal):
        tell(agency_url, BODY, message_id="a")
        assert journal.has(1)
        threading.Event().wait(QUEUE_SETTLES_SECONDS)
        agency_broker.kill()
        agency_broker.restart()
        assert wait_until(lambda: _told(agency_url, "b"), SECONDS_MAX)
        assert wait_until(
            lambda: "b" in {row.source_key for row in journal.rows}, SECONDS_MAX
        )


def _told(url: str, message_id: str) -> bool:
    try:
        tell(url, BODY, message_id=message_id)
    except pika.exceptions.AMQPError:
        return False
    return True


def test_a_queue_that_is_made_later_is_found(
    agency_broker: Rabbitmq, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    url = agency_broker.create_vhost()
    with listening(url, journal):
        set_up(url)
        tell(url, BODY)
        assert journal.has(1)
        with channel_to(url) as channel:
            channel.queue_delete(NEWS)
        assert wait_until(lambda: "its queue is gone" in caplog.text, SECONDS_MAX)
        set_up(url)
        tell(url, BODY, message_id="again")
        assert journal.has(2)
    agency_broker.drop_vhost(url)


def test_a_stop_waits_for_no_broker(agency_url: str, journal: Journal) -> None:
    with (
        FaultProxy.before(agency_url) as proxy,
        listening(proxy.instead_of(agency_url), journal) as stop,
    ):
        tell(agency_url, BODY)
        assert journal.has(1)
        proxy.blackhole()
        stop()
        stop()

    names = {thread.name for thread in threading.enumerate()}
    assert not [name for name in names if "pln_contoh" in name]
