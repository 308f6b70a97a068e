"""A RabbitMQ that is killed, stopped, out of memory, or no RabbitMQ at all."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Self

import pytest

from hub.broker import admin
from hub.broker.admin import BrokerUnreachableError
from hub.broker.consumer import HintConsumer
from hub.broker.link import DELAY_SECONDS_MIN, BrokerConfig, Link
from hub.broker.publisher import Publisher
from hub.broker.topology import Topology
from tests.contract.broker.parts import (
    HEARTBEAT_SECONDS,
    LANE,
    LANES,
    SECOND_LANE,
    Counts,
    Inbox,
    RabbitmqTransport,
    consuming,
    crew,
    gauge,
    living,
    new_ids,
    passed_seconds,
    publishing,
    seen,
)
from tests.services.rabbitmq import Rabbitmq, start_own_rabbitmq

CONNECTIONS_PER_PROCESS = 2
"""One that publishes and one that consumes: an alarm stops only the one."""
NOTICED_SECONDS_MAX = 10 * HEARTBEAT_SECONDS
"""Two heartbeats, and patience with a busy machine; without them TCP takes minutes."""


@pytest.fixture(scope="module")
def broker() -> Iterator[Rabbitmq]:
    """A broker to be broken; every test leaves it running and at peace."""
    with start_own_rabbitmq() as server:
        yield server


@pytest.fixture
def rabbitmq(broker: Rabbitmq) -> Iterator[RabbitmqTransport]:
    url = broker.create_vhost()
    made = RabbitmqTransport(url)
    yield made
    made.close()
    broker.drop_vhost(url)


class OpenLinks:
    """Counts the connections that this process holds, ours and half-made ones."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at_once_max = 0
        self._open: set[int] = set()
        self._init, self._close = Link.__init__, Link.close
        links = self

        def init(link: Link, config: BrokerConfig, name: str) -> None:
            links._open.add(id(link))
            links.at_once_max = max(links.at_once_max, len(links._open))
            links._init(link, config, name)

        def close(link: Link) -> None:
            links._close(link)
            links._open.discard(id(link))

        monkeypatch.setattr(Link, "__init__", init)
        monkeypatch.setattr(Link, "close", close)

    @property
    def now(self) -> int:
        """How many are open."""
        return len(self._open)


@pytest.fixture
def links(monkeypatch: pytest.MonkeyPatch) -> OpenLinks:
    return OpenLinks(monkeypatch)


class Stream:
    """Publishes ids one by one until it is told to end."""

    def __init__(self, publisher: Publisher, pause: float = 0.005) -> None:
        self.ids: list[str] = []
        self.seconds_max = 0.0
        """The longest that one call took."""
        self._publisher = publisher
        self._pause = pause
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def goes_on(self, count: int = 20) -> bool:
        """Say whether so many more calls return."""
        wanted = len(self.ids) + count
        return seen(lambda: len(self.ids) >= wanted)

    def _run(self) -> None:
        while not self._end.wait(self._pause):
            (one,) = new_ids(1)
            began = time.monotonic()
            self._publisher.publish(LANE, [one])
            self.seconds_max = max(self.seconds_max, passed_seconds(began))
            self.ids.append(one)


def losses(counts: Counts) -> list[float]:
    """Count the lost connections of each kind."""
    links = ("publisher", "consumer")
    return [counts("broker_reconnects", link=link) for link in links]


def lost(stream: Stream, inbox: Inbox, counts: Counts) -> float:
    """Count the rows that were neither handled nor counted as dropped."""
    return len(set(stream.ids) - set(inbox.ids)) - counts.dropped


# --- killed, stopped, out of memory -----------------------------------------------


def test_when_the_broker_is_killed_every_hint_is_handled_or_counted(
    broker: Rabbitmq, rabbitmq: RabbitmqTransport, counts: Counts, links: OpenLinks
) -> None:
    inbox = Inbox()
    with consuming(rabbitmq, crew(inbox)), publishing(rabbitmq) as publisher:
        with Stream(publisher) as stream:
            assert stream.goes_on(200)
            broker.kill()
            assert stream.goes_on(200)
            broker.restart()
            assert seen(lambda: inbox.has(stream.ids[-1:], 1))
            assert stream.goes_on(200)
        assert seen(lambda: lost(stream, inbox, counts) <= 0)
        assert inbox.has(stream.ids[-1:])

    assert all(losses(counts))
    assert (links.at_once_max, links.now) == (CONNECTIONS_PER_PROCESS, 0)
    assert rabbitmq.waiting(LANE) == 0


def test_a_broker_that_says_nothing_is_noticed_and_holds_no_thread(
    broker: Rabbitmq, rabbitmq: RabbitmqTransport, counts: Counts, links: OpenLinks
) -> None:
    inbox = Inbox()
    config = rabbitmq.patient(connect=1)
    with (
        consuming(rabbitmq, crew(inbox), config=config),
        publishing(rabbitmq, config) as publisher,
        Stream(publisher) as stream,
    ):
        assert inbox.has(stream.ids[:1])
        broker.suspend()
        try:
            began = time.monotonic()
            assert seen(lambda: all(losses(counts)))
            assert passed_seconds(began) < NOTICED_SECONDS_MAX
            assert gauge("broker_blocked") == 1
            assert stream.goes_on()

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(admin, "SECONDS_MAX", 1.0)
                with pytest.raises(BrokerUnreachableError):
                    admin.check(rabbitmq.url, rabbitmq.topology, LANES)
        finally:
            broker.resume()
        assert seen(lambda: inbox.has(stream.ids[-1:], 1))
        assert seen(lambda: gauge("broker_blocked") == 0)
        assert stream.goes_on()
    assert seen(lambda: lost(stream, inbox, counts) <= 0)
    assert (links.at_once_max, links.now) == (CONNECTIONS_PER_PROCESS, 0)


def test_both_stop_while_the_broker_says_nothing(
    broker: Rabbitmq, rabbitmq: RabbitmqTransport
) -> None:
    config = rabbitmq.patient(connect=1)
    with (
        consuming(rabbitmq, crew(Inbox()), config=config) as consumer,
        publishing(rabbitmq, config) as publisher,
    ):
        broker.suspend()
        try:
            publisher.publish(LANE, new_ids(1))
            consumer.stop(seconds=5)
            publisher.stop()
            assert seen(lambda: not living("publisher", "consumer", "crew"))
        finally:
            broker.resume()


def test_a_memory_alarm_holds_publishing_back_and_nothing_else(
    broker: Rabbitmq, rabbitmq: RabbitmqTransport, counts: Counts
) -> None:
    before, during = new_ids(20), new_ids(200)
    blocked, consumed = Inbox(), Inbox()
    with publishing(rabbitmq) as publisher, consuming(rabbitmq, crew(blocked)):
        publisher.publish(SECOND_LANE, before)
        assert seen(lambda: counts("hints_published") == len(before))
        broker.set_memory_alarm(on=True)
        try:
            began = time.monotonic()
            for one in during:
                publisher.publish(LANE, [one])
            assert seen(lambda: gauge("broker_blocked") == 1)

            with consuming(rabbitmq, crew(consumed, SECOND_LANE)):
                assert consumed.has(before)
            assert rabbitmq.waiting(SECOND_LANE) == 0
            with publishing(rabbitmq) as other:
                other.publish(LANE, new_ids(1))
            assert len(living("publisher")) == 1
            # Longer than three heartbeats: an unattended connection would be cut.
            assert seen(lambda: passed_seconds(began) > 3.5 * HEARTBEAT_SECONDS)
            assert publisher.connected
            assert counts("hints_published") == len(before)
        finally:
            broker.set_memory_alarm(on=False)
        assert blocked.has(during)
        assert seen(lambda: counts("hints_published") == len(before) + len(during))
        assert seen(lambda: gauge("broker_blocked") == 0)

    assert counts.reconnects == counts.dropped == 0
    assert set(during) <= set(blocked.ids)
    assert len(blocked.ids) <= len(during) + 1, "what the other one left in its line"


# --- not even a RabbitMQ ----------------------------------------------------------


def frame(channel: int, payload: bytes) -> bytes:
    return struct.pack(">BHI", 1, channel, len(payload)) + payload + b"\xce"


class Peer:
    """Takes connections, says something that is not AMQP or not now, and hangs up."""

    def __init__(self, answer: bytes) -> None:
        self.times: list[float] = []
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def config(self) -> BrokerConfig:
        """How to reach it."""
        port = self._socket.getsockname()[1]
        return BrokerConfig(f"amqp://guest:guest@127.0.0.1:{port}/", connect=1)

    @property
    def gaps(self) -> list[float]:
        """Seconds between connections."""
        return [b - a for a, b in zip(self.times, self.times[1:], strict=False)]

    def close(self) -> None:
        """Take no more."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            self.times.append(time.monotonic())
            with client:
                client.recv(8)
                client.sendall(self._answer)


STRANGERS = {
    "nobody": b"",
    "a web server": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "another channel": frame(7, struct.pack(">HH", 20, 11)),
    "half a frame": frame(0, b"\x00\x0a\x00\x0a\x00\x09")[:9],
    "no text": frame(0, b"\x00\x0a\x00\x0a\x00\x09\x00\x00\x00\x04\x02\xff\xfeS" * 2),
}


def test_whatever_answers_each_link_tries_once_a_second_at_most_and_goes_on(
    counts: Counts,
) -> None:
    topology = Topology()
    peers: list[Peer] = []
    running: list[Publisher | HintConsumer] = []
    for answer in STRANGERS.values():
        one, other = Peer(answer), Peer(answer)
        peers += [one, other]
        running.append(Publisher(one.config, topology))
        running.append(HintConsumer(other.config, topology, [crew(Inbox())]))
    for each in running:
        each.start()
    try:
        assert seen(lambda: min(len(peer.times) for peer in peers) >= 3)
        assert not any(each.connected for each in running)
    finally:
        for each in running:
            each.stop()
        for peer in peers:
            peer.close()

    tries = sum(len(peer.times) for peer in peers)
    assert counts.reconnects <= tries <= counts.reconnects + len(running)
    shortest = min(gap for peer in peers for gap in peer.gaps)
    assert shortest > 0.9 * DELAY_SECONDS_MIN
    assert not living("publisher", "consumer", "crew")


def test_wrong_credentials_are_tried_again_and_nobody_waits_for_them(
    rabbitmq: RabbitmqTransport, counts: Counts
) -> None:
    url = rabbitmq.config.url.replace("guest:guest", "guest:forgotten")
    config = replace(rabbitmq.config, url=url)
    publisher = Publisher(config, rabbitmq.topology)
    publisher.start()
    try:
        publisher.publish(LANE, new_ids(1))
        assert seen(lambda: counts("broker_reconnects", link="publisher") >= 2)
        assert seen(lambda: rabbitmq.proxy.connections_now == 0)
    finally:
        publisher.stop()
    with pytest.raises(BrokerUnreachableError):
        admin.check(url, rabbitmq.topology, LANES)
