"""The edge keeps what it accepts while the database is away, and after a loss."""

import pytest
import sqlalchemy as sa

from hub.database import tables as t
from hub.ports import StoreUnavailableError
from tests.contract.builders import raw_message
from tests.contract.world import World

SPOOLABLE = raw_message(spoolable=True)


def test_a_spooled_message_keeps_its_code_when_it_is_drained(world: World) -> None:
    world.down()
    receipt = world.store.journal.accept(SPOOLABLE)
    again = world.store.journal.accept(SPOOLABLE)
    world.up()
    assert (receipt.state, again.state) == ("spooled", "spooled")
    assert receipt.code == again.code != ""
    assert world.store.journal.drain_spool() == 2
    row = world.row(t.journal)
    assert (row.code, row.public_number) == (receipt.code, receipt.public_number)
    assert world.store.journal.accept(SPOOLABLE).code == receipt.code


def test_a_sender_that_comes_back_is_told_to(world: World) -> None:
    world.down()
    with pytest.raises(StoreUnavailableError):
        world.store.journal.accept(raw_message())
    world.up()
    assert world.store.journal.drain_spool() == 0
    assert world.rows(t.journal) == []
    assert world.violated() == set()


def test_a_drain_brings_each_message_in_exactly_once(world: World) -> None:
    world.down()
    for n in range(5):
        world.store.journal.accept(raw_message(f"k{n}", spoolable=True))
    with pytest.raises(ConnectionError):
        world.store.journal.drain_spool()
    world.up()
    assert world.store.journal.drain_spool() == 5
    assert world.store.journal.drain_spool() == 0
    assert len(world.rows(t.journal)) == 5
    assert world.store.edge.spooled() == {}
    assert world.violated() == set()


def test_the_spool_outlives_its_process(world: World) -> None:
    world.down()
    receipt = world.store.journal.accept(SPOOLABLE)
    world.store.edge.close()
    world.up()
    next_life = world.another()
    assert next_life.journal.drain_spool() == 1
    assert world.row(t.journal).code == receipt.code
    assert next_life.edge.spooled() == {}


def test_a_message_spooled_twice_counts_as_accepted_once(world: World) -> None:
    world.down()
    for _ in range(3):
        world.store.journal.accept(SPOOLABLE)
    world.up()
    world.store.journal.drain_spool()
    assert world.row(t.journal).times_seen == 3
    assert world.violated() == set()
    assert world.store.journal.replay_edge() == 0


def test_the_edge_refills_a_database_that_lost_commits(world: World) -> None:
    receipts = [world.store.journal.accept(raw_message(f"k{n}")) for n in range(3)]
    world.store.journal.accept(raw_message("k0"))
    for table in (t.journal, t.journal_raw, t.codes, t.source_keys, t.data_keys):
        world.write(sa.delete(table))
    assert world.violated() == {"edge_equals_journal"}
    assert world.store.journal.replay_edge() == 3
    assert world.store.journal.replay_edge() == 0
    assert {row.code for row in world.rows(t.journal)} == {r.code for r in receipts}
    assert world.violated() == set()


def test_a_copy_is_unreadable_without_the_ring(world: World) -> None:
    world.store.journal.accept(raw_message(body=b"KATARAHASIA"))
    world.store.edge.close()
    for path in world.store.edge.files():
        assert b"KATARAHASIA" not in path.read_bytes()
