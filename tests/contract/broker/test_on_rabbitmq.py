"""What RabbitMQ and its client libraries are known to do to others, done to us."""

import json
import threading
import time
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import pytest
from pika.exceptions import NackError

from hub.bootstrap.workers import SafetyNet
from hub.broker import admin
from hub.broker.consumer import PREFETCH, Batch, Crew, HintConsumer
from hub.broker.publisher import Publisher
from hub.broker.topology import LANE_ARGUMENTS, NET
from tests.contract.broker.parts import (
    HEARTBEAT_SECONDS,
    LANE,
    LANES,
    QUIET_SECONDS,
    SECOND_LANE,
    SECONDS_MAX,
    Counts,
    Gate,
    Inbox,
    RabbitmqTransport,
    consuming,
    crew,
    new_ids,
    publishing,
    seen,
)
from tests.services.fault_proxy import Direction

Lines = list[MutableMapping[str, Any]]
NOBODY = "deliver.nobody"
"""A lane without a queue."""
SHORT_LIMIT = 1
WATCHDOG_SECONDS = 0.5
MEND = "simpul topology apply"


def make_full(rabbitmq: RabbitmqTransport, lane: str) -> None:
    """Let a lane's queue hold little, and fill it."""
    name = rabbitmq.topology.queue_name(lane)
    with rabbitmq.channel() as channel:
        channel.queue_delete(name)
        channel.queue_declare(
            name, durable=True, arguments={**LANE_ARGUMENTS, "x-max-length": 1}
        )
        channel.queue_bind(name, rabbitmq.topology.work, lane)

    def refuses() -> bool:
        try:
            rabbitmq.put(lane, b"[]")
        except NackError:
            return True
        return False

    assert seen(refuses)


def as_hint(*ids: str) -> bytes:
    return json.dumps(ids).encode()


def named(lines: Lines, event: str) -> Lines:
    return [line for line in lines if line["event"] == event]


# --- confirms -----------------------------------------------------------------


def test_a_late_confirm_is_never_taken_for_that_of_another_hint(
    rabbitmq: RabbitmqTransport, counts: Counts
) -> None:
    """Waiting for any confirm, as kombu does, calls the refused hints published."""
    taken, refused, refused_too = new_ids(3), new_ids(5), new_ids(7)
    make_full(rabbitmq, SECOND_LANE)
    with publishing(rabbitmq, rabbitmq.patient(heartbeat=60)) as publisher:
        rabbitmq.proxy.blackhole(Direction.DOWN)
        publisher.publish(LANE, taken)
        assert seen(lambda: rabbitmq.waiting(LANE) == 1)
        publisher.publish(SECOND_LANE, refused)
        assert counts("hints_published") == 0
        rabbitmq.proxy.heal()
        publisher.publish(SECOND_LANE, refused_too)
        assert seen(lambda: counts.dropped >= len(refused) + len(refused_too))

    assert counts("hints_published") == len(taken)
    assert counts("hints_dropped", reason="nacked") == len(refused) + len(refused_too)
    assert counts.reconnects == 0


def test_a_channel_with_a_missing_confirm_is_thrown_away(
    rabbitmq: RabbitmqTransport, counts: Counts
) -> None:
    ids = new_ids(3)
    config = rabbitmq.patient(heartbeat=60, confirm=0.5, connect=1)
    with publishing(rabbitmq, config) as publisher:
        rabbitmq.proxy.blackhole(Direction.DOWN)
        publisher.publish(LANE, ids)
        assert seen(lambda: counts("broker_reconnects", link="publisher") >= 1)
        assert counts("hints_published") == 0
        rabbitmq.proxy.heal()
        assert seen(lambda: counts("hints_published") == len(ids))
    inbox = Inbox()
    with consuming(rabbitmq, crew(inbox)):
        assert inbox.has(ids)

    assert counts.dropped == 0
    assert set(inbox.ids) == set(ids)


def test_a_full_queue_costs_its_hints_and_neither_connection_nor_a_second_try(
    rabbitmq: RabbitmqTransport, counts: Counts
) -> None:
    """A nack that counts as a lost connection is published again for ever."""
    refused, taken = new_ids(60), new_ids(60)
    make_full(rabbitmq, SECOND_LANE)
    inbox = Inbox()
    with consuming(rabbitmq, crew(inbox)), publishing(rabbitmq) as publisher:
        before = rabbitmq.proxy.connections_total
        publisher.publish(SECOND_LANE, refused)
        publisher.publish(LANE, taken)
        assert inbox.has(taken)
        assert seen(lambda: counts.dropped >= len(refused))
        time.sleep(QUIET_SECONDS)

        assert counts("hints_dropped", reason="nacked") == len(refused)
        assert counts("hints_published") == len(taken)
        assert rabbitmq.proxy.connections_total == before
    assert counts.reconnects == 0


def test_hints_that_no_queue_takes_are_counted_and_told(
    rabbitmq: RabbitmqTransport, counts: Counts, lines: Lines
) -> None:
    """RabbitMQ acknowledges them as well: the confirm says nothing."""
    lost, taken = new_ids(3), new_ids(4)
    inbox = Inbox()
    with consuming(rabbitmq, crew(inbox)), publishing(rabbitmq) as publisher:
        publisher.publish(NOBODY, lost)
        publisher.publish(LANE, taken)
        assert inbox.has(taken)
        assert seen(lambda: counts("hints_published") >= len(taken))

    assert counts("hints_dropped", reason="returned") == counts.dropped == len(lost)
    assert counts("hints_published") == len(taken)
    assert counts.reconnects == 0
    (told,) = named(lines, "hint_unroutable")
    assert (told["lane"], told["mend"], told["log_level"]) == (NOBODY, MEND, "error")


# --- what is missing ------------------------------------------------------------


def test_a_queue_that_is_deleted_under_load_is_told_and_comes_back(
    rabbitmq: RabbitmqTransport, counts: Counts, lines: Lines
) -> None:
    inbox = Inbox()
    rows = 0
    with consuming(rabbitmq, crew(inbox)), publishing(rabbitmq) as publisher:

        def send_on() -> None:
            nonlocal rows
            publisher.publish(LANE, new_ids(1))
            rows += 1

        def told() -> bool:
            send_on()
            return bool(named(lines, "queue_missing"))

        first = new_ids(1)
        publisher.publish(LANE, first)
        assert inbox.has(first)
        with rabbitmq.channel() as channel:
            channel.queue_delete(rabbitmq.topology.queue_name(LANE))
        assert seen(told)

        assert admin.apply(rabbitmq.url, rabbitmq.topology, LANES) == [LANE]
        after = new_ids(2)
        publisher.publish(LANE, after)
        assert inbox.has(after)
    assert {line["mend"] for line in named(lines, "queue_missing")} == {MEND}
    assert {line["log_level"] for line in named(lines, "queue_missing")} == {"error"}
    assert counts("hints_dropped", reason="returned") > 0
    assert counts("broker_reconnects", link="publisher") == 0


def test_an_exchange_that_is_deleted_under_load_is_told_and_comes_back(
    rabbitmq: RabbitmqTransport, counts: Counts, lines: Lines
) -> None:
    during = new_ids(2)
    inbox = Inbox()
    with consuming(rabbitmq, crew(inbox)), publishing(rabbitmq) as publisher:
        with rabbitmq.channel() as channel:
            channel.exchange_delete(rabbitmq.topology.work)
        publisher.publish(LANE, during)
        assert seen(lambda: counts("broker_reconnects", link="publisher") >= 1)
        told = [line for line in list(lines) if line.get("mend") == MEND]

        assert admin.apply(rabbitmq.url, rabbitmq.topology, LANES)
        assert inbox.has(during)
    assert told
    assert {line["log_level"] for line in told} == {"error"}


# --- consuming ------------------------------------------------------------------


def test_a_long_batch_runs_once_and_the_connection_stays(
    rabbitmq: RabbitmqTransport, counts: Counts
) -> None:
    """Worked in the thread that owns the connection, it would run for ever."""
    nap = threading.Event()
    ids = new_ids(1)

    def work(batch: Batch) -> None:
        nap.wait(4 * HEARTBEAT_SECONDS)

    inbox = Inbox(work)
    with (
        consuming(rabbitmq, crew(inbox)) as consumer,
        publishing(rabbitmq) as publisher,
    ):
        publisher.publish(LANE, ids)
        assert inbox.has(ids)
        assert seen(lambda: consumer.busy_seconds() == 0)
        assert rabbitmq.proxy.connections_total == 2

    assert inbox.ids == ids
    assert counts.reconnects == 0
    assert rabbitmq.waiting(LANE) == 0


def test_hints_whose_consumer_dies_again_and_again_end_in_the_net_and_nowhere_else(
    rabbitmq: RabbitmqTransport, counts: Counts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each death charges every hint that was taken: the innocent fall with the one."""
    monkeypatch.setattr(
        "hub.broker.topology.LANE_ARGUMENTS",
        {**LANE_ARGUMENTS, "x-delivery-limit": SHORT_LIMIT},
    )
    assert admin.apply(rabbitmq.url, rabbitmq.topology, LANES) == list(LANES)
    ids, marker = new_ids(8), new_ids(1)
    rabbitmq.put_all(LANE, map(as_hint, ids), {"by": "sweep"})
    net = Inbox(SafetyNet())
    gate = Gate()
    with consuming(rabbitmq, Crew("dying", [LANE], gate)) as dying:

        def dies() -> bool:
            rabbitmq.lose_connections()
            assert seen(lambda: not dying.connected)
            assert seen(lambda: dying.connected)
            return rabbitmq.waiting(NET) == len(ids)

        assert gate.reached.wait(SECONDS_MAX)
        assert seen(dies)
        gate.open()
    inbox = Inbox()
    crews = (Crew("net", [NET], net), crew(inbox))
    with consuming(rabbitmq, *crews), publishing(rabbitmq) as publisher:
        assert net.has(ids)
        publisher.publish(LANE, marker)
        assert inbox.has(marker)

    assert sorted(net.ids) == sorted(ids)
    assert {(batch.lane, batch.by) for batch in net.batches} == {(LANE, "sweep")}
    assert inbox.ids == marker
    assert counts("hints_netted", lane=LANE) == len(ids)
    assert rabbitmq.waiting(NET) == rabbitmq.waiting(LANE) == 0


def test_what_a_held_batch_asks_for_is_left_to_others_when_the_consumer_stops(
    rabbitmq: RabbitmqTransport,
) -> None:
    """Acknowledged without being worked, it would wait for the sweep."""
    ids = new_ids(2)

    def refuse(batch: Batch) -> None:
        raise ConnectionRefusedError

    inbox, other = Inbox(refuse), Inbox()
    with consuming(rabbitmq, crew(inbox)), publishing(rabbitmq) as publisher:
        publisher.publish(LANE, ids)
        assert inbox.has(ids)

    assert rabbitmq.waiting(LANE) == 1
    with consuming(rabbitmq, crew(other)):
        assert other.has(ids)


def test_what_was_taken_and_not_begun_is_left_to_others_when_the_consumer_stops(
    rabbitmq: RabbitmqTransport,
) -> None:
    ids = new_ids(5)
    rabbitmq.put(LANE, as_hint(*ids))
    gate = Gate()
    inbox, other = Inbox(gate), Inbox()
    one_by_one = Crew("one by one", [LANE], inbox, ids_max=1)
    with consuming(rabbitmq, one_by_one) as consumer:
        assert gate.reached.wait(SECONDS_MAX)
        stopping = threading.Thread(target=consumer.stop)
        stopping.start()
        assert seen(consumer._stopping.is_set)
        gate.open()
        stopping.join(SECONDS_MAX)
    begun = inbox.ids

    assert begun == ids[:1]
    with consuming(rabbitmq, crew(other)):
        assert other.has(ids[1:])


# --- a consumer that falls silent -------------------------------------------------


class Forgotten(HintConsumer):
    """The broker forgets some of its consumers once, and keeps the connection."""

    forgets: Callable[[str], bool] = staticmethod(lambda queue: True)
    forgotten = False

    def _listen(self, link: Any, bench: Any) -> Any:
        channel = super()._listen(link, bench)
        if not self.forgotten:
            self.forgotten = True
            for tag, queue in zip(
                list(channel.callbacks), bench.crew.lanes, strict=True
            ):
                if self.forgets(queue):
                    channel.basic_cancel(tag)
        return channel


class ForgottenInPart(Forgotten):
    """Only the second lane's consumer is forgotten."""

    forgets = staticmethod(lambda queue: queue == SECOND_LANE)


@contextmanager
def forgotten(
    rabbitmq: RabbitmqTransport, kind: type[Forgotten], crew_: Crew
) -> Iterator[None]:
    """Run a consumer that the broker has forgotten."""
    config = rabbitmq.patient(watchdog=WATCHDOG_SECONDS)
    consumer = kind(config, rabbitmq.topology, [crew_])
    consumer.start()
    try:
        assert seen(lambda: consumer.connected)
        yield
    finally:
        consumer.stop()


def test_a_consumer_that_gets_none_of_the_hints_that_wait_connects_anew(
    rabbitmq: RabbitmqTransport, counts: Counts
) -> None:
    ids = new_ids(2)
    inbox = Inbox()
    with forgotten(rabbitmq, Forgotten, crew(inbox)):
        rabbitmq.put(LANE, as_hint(*ids))
        assert inbox.has(ids)

    assert counts("consumer_stuck") == 1
    assert counts("broker_reconnects", link="consumer") == 1


def test_a_lane_that_falls_silent_is_noticed_beside_a_busy_one(
    rabbitmq: RabbitmqTransport, counts: Counts
) -> None:
    ids = new_ids(2)
    inbox = Inbox()
    with (
        forgotten(rabbitmq, ForgottenInPart, crew(inbox, LANE, SECOND_LANE)),
        publishing(rabbitmq) as publisher,
    ):
        rabbitmq.put(SECOND_LANE, as_hint(*ids))

        def has_come() -> bool:
            publisher.publish(LANE, new_ids(1))
            return set(ids) <= set(inbox.ids)

        assert seen(has_come, 20)
    assert counts("consumer_stuck") == 1


def test_hints_that_wait_behind_a_long_batch_are_no_reason_to_connect_anew(
    rabbitmq: RabbitmqTransport, counts: Counts
) -> None:
    """The batch has taken all that may be taken ahead, and runs long."""
    ids = new_ids(2 * PREFETCH)
    gate, nap = Gate(), threading.Event()

    def work(batch: Batch) -> None:
        if batch.lane == SECOND_LANE:
            gate()
        else:
            nap.wait(2 * WATCHDOG_SECONDS)

    inbox = Inbox(work)
    both = crew(inbox, LANE, SECOND_LANE)
    config = rabbitmq.patient(watchdog=WATCHDOG_SECONDS)
    rabbitmq.put(SECOND_LANE, as_hint(*new_ids(1)))
    with consuming(rabbitmq, both, config=config):
        assert gate.reached.wait(SECONDS_MAX)
        rabbitmq.put_all(LANE, map(as_hint, ids))
        assert seen(lambda: rabbitmq.waiting(LANE) == PREFETCH)
        gate.open()
        assert inbox.has(ids)

    assert counts("consumer_stuck") == counts.reconnects == 0


def test_an_idle_consumer_stays_connected(
    rabbitmq: RabbitmqTransport, counts: Counts
) -> None:
    config = rabbitmq.patient(watchdog=0.1)
    with consuming(rabbitmq, crew(Inbox(), *LANES), config=config):
        time.sleep(QUIET_SECONDS)

    assert counts.reconnects == 0


# --- many at once ---------------------------------------------------------------


def test_hints_of_many_threads_all_arrive(
    rabbitmq: RabbitmqTransport, counts: Counts
) -> None:
    ids = [new_ids(200) for _ in range(8)]
    everything = [one for some in ids for one in some]
    inbox = Inbox()
    with consuming(rabbitmq, crew(inbox)), publishing(rabbitmq) as publisher:

        def send(some: list[str]) -> None:
            for one in some:
                publisher.publish(LANE, [one])

        senders = [threading.Thread(target=send, args=(some,)) for some in ids]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        assert inbox.has(everything)
        assert seen(lambda: counts("hints_published") == len(everything))

    assert sorted(inbox.ids) == sorted(everything)
    assert counts.dropped == 0


def test_two_processes_share_a_lane(rabbitmq: RabbitmqTransport) -> None:
    ids = new_ids(400)
    one, other = Inbox(), Inbox()
    with consuming(rabbitmq, crew(one)), consuming(rabbitmq, crew(other)):
        with publishing(rabbitmq) as publisher:
            for start in range(0, len(ids), 10):
                publisher.publish(LANE, ids[start : start + 10])
                assert seen(lambda n=start: len(one.ids) + len(other.ids) > n)  # type: ignore[misc]
        assert seen(lambda: len(one.ids) + len(other.ids) >= len(ids))

    assert sorted([*one.ids, *other.ids]) == sorted(ids)


def test_a_publisher_that_cannot_reach_the_broker_keeps_what_it_was_given(
    rabbitmq: RabbitmqTransport, counts: Counts
) -> None:
    ids = new_ids(40)
    rabbitmq.proxy.refuse()
    publisher = Publisher(rabbitmq.config, rabbitmq.topology)
    publisher.start()
    try:
        publisher.publish(LANE, ids)
        assert seen(lambda: counts.reconnects >= 1)
        assert not publisher.connected
        rabbitmq.proxy.heal()
        assert seen(lambda: counts("hints_published") == len(ids))
    finally:
        publisher.stop()

    assert counts.dropped == 0
    assert rabbitmq.waiting(LANE) == 1
