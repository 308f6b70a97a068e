"""Many deliveries in one transaction: each is as if it were alone."""

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest
import sqlalchemy as sa

from connectors.contract import Capabilities, Delivery, Done, NotFound
from connectors.errors import Retryable
from hub.bootstrap.delivering import DeliverWorker
from hub.bootstrap.workers import monotonic
from hub.broker.consumer import Batch
from hub.database import tables as t
from hub.domain.delivery import Plan, PlanKind
from hub.ports import Ask, Ended, Lease
from hub.stages.deliver import Call, Deliver, Way, lane_of
from schemas.parties import PartyKind
from tests.contract.builders import (
    DINKES,
    LIMITS,
    NEITHER,
    PUPR,
    Words,
    by_action,
    delivery,
    reply,
    settlement,
)
from tests.contract.world import Known, World
from tests.services.waiting import wait_until

on_postgresql = pytest.mark.parametrize("world", ["postgresql"], indirect=True)
LANE = lane_of(PUPR)


class Agency:
    """An agency that takes everything; it may be made to wait."""

    capabilities: Capabilities = NEITHER

    def __init__(self) -> None:
        self.called: list[str] = []
        self.files: list[str] = []
        self.told: list[str] = []
        self.go_on = threading.Event()
        self.go_on.set()

    def submit(self, delivery: Delivery) -> Done:
        self.called.append(delivery.key)
        self.files += [file.name for file in delivery.files]
        self.go_on.wait(20)
        return Done(reference=f"REF-{delivery.key[:8]}", response=b"ya")

    def send(self, delivery: Delivery) -> Done:
        self.told += [event.type for event in delivery.events]
        return Done()

    def find(self, delivery: Delivery) -> NotFound:
        return NotFound()


def stage(world: World, agency: Agency, allow: tuple[str, ...] = ("body",)) -> Deliver:
    way = Way(PUPR, PartyKind.AGENCY, agency, LIMITS, allow, "m1")
    return Deliver(world.store.cursors, {PUPR: way}, monotonic, 20.0)


def begun(world: World, lease: Lease) -> tuple[Plan, str]:
    plan = Plan(PlanKind.SUBMIT, 4, 4)
    attempt = world.send(lease, plan, delivery(lease, lease.cursor.complaint_id), 1.0)
    assert attempt is not None
    return plan, attempt


def done(world: World, lease: Lease) -> Ended:
    plan, attempt = begun(world, lease)
    reference = Done(reference=f"REF-{lease.cursor.complaint_id}", response=b"ya")
    return Ended(lease, plan, settlement(lease, plan, reference), attempt)


def delivered(world: World) -> set[str]:
    return {row.complaint_id for row in world.rows(t.cursors) if row.reference}


# one bad row


def test_one_poison_outcome_among_fifty_harms_no_other(world: World) -> None:
    for n in range(50):
        world.register(f"k{n}")
    group = [done(world, lease) for lease in world.leases(PUPR, slots=50)]
    group[17] = replace(group[17], attempt="00000000-0000-0000-0000-000000000000")

    stage(world, Agency()).settle(group)

    poison = group[17].lease.cursor.complaint_id
    everyone = {ended.lease.cursor.complaint_id for ended in group}
    assert delivered(world) == everyone - {poison}
    row = world.row(t.cursors, complaint_id=poison, party=PUPR)
    assert row.sending_open, "its lease runs out, and then it is unknown"
    world.move_clock(61)
    assert len(world.store.cursors.lost(sole=False)) == 1
    assert world.violated() == set()


def test_a_case_that_cannot_be_read_keeps_no_other_from_its_call(
    world: World,
) -> None:
    bad, *good = [world.register(f"k{n}") for n in range(5)]
    key = world.row(t.complaints, id=bad.id).data_key_id
    world.write(
        sa.update(t.data_keys).where(t.data_keys.c.id == key).values(wrapped=b"v1.")
    )
    deliver = stage(world, Agency())

    grant = deliver.lease(LANE, [bad.id, *(one.id for one in good)], 5)
    calls = deliver.begin(grant.leases, monotonic())

    called = {c.sending.lease.cursor.complaint_id for c in calls if isinstance(c, Call)}
    assert called == {one.id for one in good}
    assert calls.count(None) == 1


# one after the other, and again


def test_an_outcome_that_was_written_before_is_left_as_it_is(world: World) -> None:
    known = world.register()
    call = world.begin(PUPR, PlanKind.SUBMIT)
    for _ in range(2):
        kept, _ = world.end(call, Retryable("503"))
        assert kept
    assert world.cursor(known, PUPR).failures == 1

    world.move_clock(3600)
    call = world.begin(PUPR, PlanKind.SUBMIT)
    for _ in range(2):
        assert world.end(call, Done(reference="REF-1"))[0]
    assert [row.type for row in world.log(known)].count("handed_over") == 1
    assert world.violated() == set()


def test_two_hand_overs_of_one_complaint_are_settled_together(world: World) -> None:
    known = world.register(agencies=(PUPR, DINKES))
    group = []
    for party, seq in ((PUPR, 4), (DINKES, 5)):
        lease = world.lease(party)
        plan = Plan(PlanKind.SUBMIT, seq, seq)
        attempt = world.send(lease, plan, delivery(lease, party), 1.0)
        reference = Done(reference=f"{party}-1")
        found = settlement(lease, plan, reference)
        group.append(Ended(lease, plan, found, attempt))

    assert world.store.cursors.settle(group) == [True, True]

    log = world.log(known)
    assert [row.type for row in log[-2:]] == ["handed_over"] * 2
    assert [row.seq for row in log] == list(range(1, len(log) + 1))
    assert world.violated() == set()


def test_what_was_appended_during_a_call_is_not_written_over(world: World) -> None:
    known = world.register()
    deliver = stage(world, Agency())
    grant = deliver.lease(LANE, [known.id], 1)
    (call,) = deliver.begin(grant.leases, monotonic())
    assert isinstance(call, Call)
    ended = deliver.call(call)
    world.append(known, by_action(reply("", known.reporter_id)))

    deliver.settle([ended])

    kinds = [row.type for row in world.log(known)]
    assert kinds[-2:] == ["reporter_replied", "handed_over"]
    assert world.cursor(known, PUPR).due_at is not None
    assert world.violated() == set()


def test_a_call_is_taken_back_when_its_lease_is_too_short_by_then(
    world: World,
) -> None:
    known = world.register()
    agency = Agency()
    deliver = stage(world, agency)
    grant = deliver.lease(LANE, [known.id], 1)
    long_ago = monotonic() - grant.leases[0].expires_in_seconds
    (call,) = deliver.begin(grant.leases, long_ago)
    assert isinstance(call, Call)

    deliver.settle([deliver.call(call)])

    assert agency.called == []
    cursor = world.cursor(known, PUPR)
    assert (cursor.sending_open, cursor.lease_until, cursor.failures) == (
        False,
        None,
        0,
    )
    assert cursor.sending_key == call.sending.delivery.key
    (again,) = deliver.begin(world.leases(PUPR), monotonic())
    assert isinstance(again, Call)
    deliver.settle([deliver.call(again)])
    assert agency.called == [cursor.sending_key]
    assert world.violated() == set()


def test_a_call_takes_its_files_along_or_is_not_made(world: World) -> None:
    known = world.register()
    agency = Agency()
    agency.capabilities = NEITHER.model_copy(update={"files": "upload"})
    deliver = stage(world, agency, ("body", "attachments"))
    chunks = world.rows(t.blob_chunks)
    world.write(sa.delete(t.blob_chunks))

    deliver(world.lease(PUPR))
    assert (agency.called, world.cursor(known, PUPR).failures) == ([], 1)
    assert world.row(t.parties, party=PUPR).failures == 0

    world.write(sa.insert(t.blob_chunks).values([dict(r._mapping) for r in chunks]))
    world.move_clock(3600)
    deliver(world.lease(PUPR))
    assert agency.files == [Words().file_name]
    assert world.violated() == set()


# others at the same time


def test_two_workers_that_ask_for_the_same_ids_share_them(world: World) -> None:
    ids = [world.register(f"k{n}").id for n in range(12)]
    stores = [world.store, world.another()]
    ask = Ask(LANE, ids, 4, 60)
    with ThreadPoolExecutor(4) as pool:
        grants = list(pool.map(lambda n: stores[n % 2].cursors.lease([ask]), range(12)))
    taken = [x.cursor.complaint_id for (grant,) in grants for x in grant.leases]
    assert len(taken) == len(set(taken))
    assert len(taken) + len(world.leases(PUPR, slots=50)) == 12


@contextmanager
def held(world: World, known: Known) -> Iterator[None]:
    with world.store.db.write() as tx:
        row = t.cursors.c.complaint_id == known.id
        tx.conn.execute(sa.select(t.cursors).where(row).with_for_update())
        yield


@on_postgresql
def test_a_row_that_is_held_for_a_moment_is_named_not_waited_for(
    world: World,
) -> None:
    one, other = world.register("k1"), world.register("k2")
    with held(world, one):
        grant = world.grant(LANE, [one.id, other.id])
    assert [x.cursor.complaint_id for x in grant.leases] == [other.id]
    assert grant.busy == {one.id}
    assert world.grant(LANE, [one.id, other.id]).busy == set()


@on_postgresql
def test_settling_and_appending_to_the_same_complaints_never_deadlock(
    world: World,
) -> None:
    knowns = [world.register(f"k{n}", agencies=(PUPR, DINKES)) for n in range(12)]
    stores = [world.store, world.another()]
    rng = random.Random(7)
    groups = []
    for party, seq in ((PUPR, 4), (DINKES, 5)):
        group: list[Ended] = []
        for lease in world.leases(party, slots=50):
            plan = Plan(PlanKind.SUBMIT, seq, seq)
            attempt = world.send(lease, plan, delivery(lease), 1.0)
            found = settlement(lease, plan, Done(reference=f"{party}-{len(group)}"))
            group.append(Ended(lease, plan, found, attempt))
        rng.shuffle(group)
        groups.append(group)
    before = _deadlocks(world)

    def settle(n: int) -> None:
        for start in range(0, 12, 4):
            stores[n].cursors.settle(groups[n][start : start + 4])

    def append(_: int) -> None:
        for _ in range(6):
            with world.store.journal.claim([]) as work:
                for known in sorted(knowns, key=lambda one: one.id):
                    work.append(known.id, [by_action(reply("", known.reporter_id))])

    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(settle, 0), pool.submit(settle, 1), pool.submit(append, 0)]
        for job in jobs:
            job.result(60)
    assert _deadlocks(world) == before
    for known in knowns:
        kinds = [row.type for row in world.log(known)]
        assert kinds.count("handed_over") == 2
        assert kinds.count("reporter_replied") == 6
    assert world.violated() == set()


def _deadlocks(world: World) -> int:
    query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    with world.store.db.read() as tx:
        return int(tx.conn.execute(sa.text(query)).scalar_one())


# the whole pool


@contextmanager
def working(world: World, agency: Agency) -> Iterator[DeliverWorker]:
    deliver = stage(world, agency)
    hinted: list[object] = []
    worker = DeliverWorker(deliver, world.store.cursors, hinted.extend, 8)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop(20)


def test_a_database_that_is_lost_between_call_and_outcome_costs_nothing(
    world: World,
) -> None:
    ids = [world.register(f"k{n}").id for n in range(3)]
    agency = Agency()
    agency.go_on.clear()
    with working(world, agency) as worker:
        worker(Batch(LANE, ids[:1]))
        assert wait_until(lambda: len(agency.called) == 1, 20)
        world.down()
        agency.go_on.set()
        assert wait_until(lambda: worker.running() == 0, 20)
        world.up()
        assert wait_until(lambda: delivered(world) == set(ids[:1]), 20)
        worker(Batch(LANE, ids[1:]))
        assert wait_until(lambda: delivered(world) == set(ids), 20)
    assert len(agency.called) == 3
    assert world.violated() == set()


def test_stopping_leaves_nothing_open(world: World) -> None:
    ids = [world.register(f"k{n}").id for n in range(6)]
    agency = Agency()
    agency.go_on.clear()
    with working(world, agency) as worker:
        worker(Batch(LANE, ids))
        assert wait_until(lambda: len(agency.called) >= 1, 20)
        threading.Timer(0.3, agency.go_on.set).start()
    rows = world.rows(t.cursors, party=PUPR)
    assert not any(row.sending_open or row.lease_until for row in rows)
    assert len(delivered(world)) == len(agency.called)
    assert world.violated() == set()
