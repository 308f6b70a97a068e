"""Hints from publisher to consumer, the same over memory and over RabbitMQ."""

import json
import zlib
from collections.abc import MutableMapping
from typing import Any
from uuid import UUID

import pytest

from hub.broker.codec import IDS_PER_HINT
from hub.broker.consumer import Batch
from hub.broker.publisher import Publisher
from tests.contract.broker.parts import (
    LANE,
    SECOND_LANE,
    Counts,
    Gate,
    Inbox,
    Transport,
    consuming,
    crew,
    new_ids,
    publishing,
    seen,
)

Lines = list[MutableMapping[str, Any]]


def store(batch: Batch) -> None:
    """Fail as the store does: one id that is none fails the whole batch."""
    for one in batch.ids:
        UUID(one)


def events(lines: Lines) -> list[str]:
    return [line["event"] for line in lines]


# --- at rest ------------------------------------------------------------------


def test_every_hint_is_handled_once_and_acknowledged(
    transport: Transport, counts: Counts
) -> None:
    ids, marker = new_ids(120), new_ids(1)
    inbox, later = Inbox(), Inbox()
    with consuming(transport, crew(inbox)), publishing(transport) as publisher:
        for one in ids:
            publisher.publish(LANE, [one])
        assert inbox.has(ids)
    with consuming(transport, crew(later)), publishing(transport) as publisher:
        publisher.publish(LANE, marker)
        assert later.has(marker)

    assert sorted(inbox.ids) == sorted(ids)
    assert later.ids == marker
    assert {batch.redelivered for batch in inbox.batches} == {False}
    assert transport.waiting(LANE) == 0
    assert (counts.dropped, counts.reconnects) == (0, 0)


def test_a_lanes_hints_come_to_its_own_crew(transport: Transport) -> None:
    ids, others = new_ids(3), new_ids(3)
    inbox, other = Inbox(), Inbox()
    crews = (crew(inbox, LANE), crew(other, SECOND_LANE, name="other"))
    with consuming(transport, *crews), publishing(transport) as publisher:
        publisher.publish(SECOND_LANE, others)
        publisher.publish(LANE, ids)
        assert inbox.has(ids)
        assert other.has(others)

    assert {batch.lane for batch in inbox.batches} == {LANE}
    assert {batch.lane for batch in other.batches} == {SECOND_LANE}


def test_what_found_the_rows_comes_with_them(transport: Transport) -> None:
    by = {"hint": new_ids(2), "sweep": new_ids(2), "timer": new_ids(2)}
    inbox = Inbox()
    with consuming(transport, crew(inbox)), publishing(transport) as publisher:
        for name, ids in by.items():
            publisher.publish(LANE, ids, name)
        for ids in by.values():
            assert inbox.has(ids)

    for batch in inbox.batches:
        assert set(batch.ids) <= set(by[batch.by])


# --- lists --------------------------------------------------------------------


def test_hints_of_many_callers_go_in_full_lists(transport: Transport) -> None:
    ids = new_ids(2 * IDS_PER_HINT)
    publisher = Publisher(transport.config, transport.topology)
    for one in ids:
        publisher.publish(LANE, [one])
    publisher.start()
    publisher.stop()

    assert transport.waiting(LANE) == 2
    inbox = Inbox()
    with consuming(transport, crew(inbox)):
        assert inbox.has(ids)
    assert inbox.ids == ids


def test_one_call_with_many_rows_goes_in_several_lists(transport: Transport) -> None:
    ids = new_ids(2 * IDS_PER_HINT + 1)
    with publishing(transport) as publisher:
        publisher.publish(LANE, ids)

    assert transport.waiting(LANE) == 3
    inbox = Inbox()
    with consuming(transport, crew(inbox)):
        assert inbox.has(ids)
    assert inbox.ids == ids


def test_a_handler_gets_no_more_rows_than_its_crew_takes(transport: Transport) -> None:
    ids = new_ids(230)
    with publishing(transport) as publisher:
        publisher.publish(LANE, ids)
    inbox = Inbox()
    small = crew(inbox)
    small = type(small)(small.name, small.lanes, small.handler, ids_max=100)
    with consuming(transport, small):
        assert inbox.has(ids)

    assert max(len(batch.ids) for batch in inbox.batches) <= 100
    assert sorted(inbox.ids) == sorted(ids)


def test_no_rows_are_no_hint(transport: Transport) -> None:
    with publishing(transport) as publisher:
        publisher.publish(LANE, [])

    assert transport.waiting(LANE) == 0


# --- what must not stop a lane --------------------------------------------------


def test_a_handler_that_fails_does_not_stop_the_lane(
    transport: Transport, lines: Lines
) -> None:
    bad, good = new_ids(1), new_ids(1)

    def fail(batch: Batch) -> None:
        if batch.ids[0] == bad[0]:
            raise RuntimeError(batch.lane)

    inbox = Inbox(fail)
    with consuming(transport, crew(inbox)), publishing(transport) as publisher:
        publisher.publish(LANE, bad)
        assert inbox.has(bad)
        publisher.publish(LANE, good)
        assert inbox.has(good)

    assert inbox.ids == [*bad, *good]
    assert events(lines).count("hint_failed") == 1
    assert transport.waiting(LANE) == 0


def test_while_the_database_is_away_the_batch_is_held_and_then_worked(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.broker.consumer.OUTAGE_SECONDS", 0.05)
    first, second, marker = new_ids(1), new_ids(1), new_ids(1)
    worked: list[str] = []
    is_away = True

    def work(batch: Batch) -> None:
        if is_away:
            raise ConnectionRefusedError
        worked.extend(batch.ids)

    inbox = Inbox(work)
    with consuming(transport, crew(inbox)), publishing(transport) as publisher:
        publisher.publish(LANE, first)
        assert seen(lambda: len(inbox.batches) >= 3)
        publisher.publish(LANE, second)
        assert seen(lambda: len(inbox.batches) >= 6)
        held = set(inbox.ids)
        is_away = False
        assert seen(lambda: len(worked) == 2)
        publisher.publish(LANE, marker)
        assert seen(lambda: len(worked) == 3)

    assert held == set(first)
    assert worked == [*first, *second, *marker]


GARBAGE: list[tuple[bytes, dict[str, Any]]] = [
    (b"", {}),
    (b"\xff\xfe\x00", {}),
    (b"<html>", {}),
    (b"[", {}),
    (b"{}", {}),
    (b"[1, 2]", {}),
    (b"[" * 100_000, {}),
    (json.dumps(["jalan berlubang"]).encode(), {}),
    (b'["\\ud800"]', {}),
    (b'["\\u0000"]', {}),
    (b"{}", {"compression": "no such method"}),
    (b"{}", {"compression": "gzip"}),
    (b"{}", {"compression": 7}),
    (zlib.compress(b"{}"), {"compression": "gzip"}),
    (zlib.compress(json.dumps(new_ids(1)).encode()), {"compression": "gzip"}),
]


def test_garbage_is_skipped_with_an_error_and_harms_no_neighbour(
    transport: Transport, lines: Lines, counts: Counts
) -> None:
    """Decoding is ours: kombu would acknowledge in silence what it cannot decode."""
    before, after, marker = new_ids(1), new_ids(1), new_ids(1)
    transport.put(LANE, json.dumps(before).encode())
    for body, headers in GARBAGE:
        transport.put(LANE, body, headers)
    transport.put(LANE, json.dumps(after).encode())
    inbox = Inbox(store)

    with consuming(transport, crew(inbox)), publishing(transport) as publisher:
        assert inbox.has([*before, *after])
        publisher.publish(LANE, marker)
        assert inbox.has(marker)

    assert sorted(inbox.ids) == sorted([*before, *after, *marker])
    assert events(lines).count("hint_unreadable") == len(GARBAGE)
    assert "hint_failed" not in events(lines)
    assert counts.reconnects == 0
    assert transport.waiting(LANE) == 0


def test_a_crew_that_hangs_holds_no_other_crew_up(transport: Transport) -> None:
    gate = Gate()
    ids = new_ids(1)
    inbox = Inbox()
    crews = (crew(gate, LANE, name="hanging"), crew(inbox, SECOND_LANE))
    with consuming(transport, *crews) as consumer, publishing(transport) as publisher:
        publisher.publish(LANE, new_ids(1))
        assert gate.reached.wait(60)
        publisher.publish(SECOND_LANE, ids)
        assert inbox.has(ids)
        assert consumer.busy_seconds() > 0
        gate.open()
        assert seen(lambda: consumer.busy_seconds() == 0)


# --- connections and endings ----------------------------------------------------


def test_after_a_lost_connection_hints_come_again(
    transport: Transport, counts: Counts, lines: Lines
) -> None:
    before, after = new_ids(2), new_ids(2)
    inbox = Inbox()
    with consuming(transport, crew(inbox)), publishing(transport) as publisher:
        publisher.publish(LANE, before)
        assert inbox.has(before)

        transport.lose_connections()
        assert seen(lambda: counts("broker_reconnects", link="consumer") == 1)
        publisher.publish(LANE, after)

        assert inbox.has(after)
    assert "broker_lost" in events(lines)
    assert transport.waiting(LANE) == 0


def test_a_publisher_that_stops_publishes_what_waits(transport: Transport) -> None:
    ids = new_ids(1500)
    with publishing(transport) as publisher:
        for one in ids:
            publisher.publish(LANE, [one])

    inbox = Inbox()
    with consuming(transport, crew(inbox)):
        assert inbox.has(ids)
    assert sorted(inbox.ids) == sorted(ids)


def test_a_consumer_that_stops_ends_its_batch_and_acknowledges_it(
    transport: Transport,
) -> None:
    gate, later = Gate(), Inbox()
    ids, marker = new_ids(1), new_ids(1)
    inbox = Inbox(gate)
    with consuming(transport, crew(inbox)) as consumer:
        with publishing(transport) as publisher:
            publisher.publish(LANE, ids)
            assert gate.reached.wait(60)
        gate.open()
        consumer.stop()
    with consuming(transport, crew(later)), publishing(transport) as publisher:
        publisher.publish(LANE, marker)
        assert later.has(marker)

    assert inbox.ids == ids
    assert later.ids == marker


def test_what_comes_while_nobody_consumes_is_kept(transport: Transport) -> None:
    ids = new_ids(3)
    with consuming(transport, crew(Inbox())):
        pass
    with publishing(transport) as publisher:
        publisher.publish(LANE, ids)
    inbox = Inbox()

    with consuming(transport, crew(inbox)):
        assert inbox.has(ids)
