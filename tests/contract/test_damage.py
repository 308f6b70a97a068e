"""What is damaged or closed stands alone: its neighbours go on, and it is named."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from hub.bootstrap import open_store
from hub.database import tables as t
from hub.database.due import ROWS_MAX, SqlDue
from hub.database.keyring import KeyringError
from hub.domain.delivery import PlanKind
from hub.ports import StoreUnavailableError
from tests.contract.builders import MAIL, PUPR, raw_message
from tests.contract.world import World


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """Stand in for a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_is_spooled_after_a_torn_copy_outlives_its_process(world: World) -> None:
    journal = world.store.journal
    journal.accept(raw_message("before"))
    (file,) = world.store.edge.files()
    with (
        no_file_larger_than(file.stat().st_size + 5_000),
        pytest.raises(StoreUnavailableError),
    ):
        journal.accept(raw_message("torn", b"x" * 100_000))
    world.down()
    assert journal.accept(raw_message("after", spoolable=True)).state == "spooled"
    world.up()

    again = world.another()
    assert [c.raw.source_key for c in again.edge.spooled().values()] == ["after"]
    assert again.journal.drain_spool() == 1


def test_a_journal_row_that_cannot_be_opened_says_so_and_hides_no_other(
    world: World,
) -> None:
    ids = [world.store.journal.accept(raw_message(k)).journal_id for k in "abc"]
    damaged = world.row(t.journal_raw, journal_id=ids[1]).sealed
    world.write(
        sa.update(t.journal_raw)
        .where(t.journal_raw.c.journal_id == ids[1])
        .values(sealed=damaged[:-1] + bytes([damaged[-1] ^ 1]))
    )

    rows = {row.id: row for row in world.store.journal.read(ids)}
    assert "cannot be opened" in rows[ids[1]].closed
    assert [rows[i].raw is not None for i in ids] == [True, False, True]


def damage_reference(world: World, complaint_id: str) -> None:
    c = t.cursors.c
    world.write(
        sa.update(t.cursors)
        .where(c.complaint_id == complaint_id, c.party == PUPR)
        .values(reference=b"v1" + bytes(60))
    )


def test_a_cursor_that_cannot_be_opened_keeps_no_other_from_its_party(
    world: World,
) -> None:
    damaged, well = world.register("k1"), world.register("k2")
    damage_reference(world, damaged.id)

    assert [x.cursor.complaint_id for x in world.leases(PUPR)] == [well.id]
    assert world.leases(PUPR) == []  # it is looked at again when its lease runs out


def test_a_lost_call_that_cannot_be_opened_keeps_no_other_from_recovery(
    world: World,
) -> None:
    damaged = world.register("k1")
    world.begin(PUPR, PlanKind.SUBMIT)
    well = world.register("k2")
    world.begin(PUPR, PlanKind.SUBMIT)
    damage_reference(world, damaged.id)
    world.move_clock(3600)

    found = world.store.cursors.lost(sole=False)
    assert [call.lease.cursor.complaint_id for call in found] == [well.id]


def test_no_key_ring_is_made_beside_a_database_that_was_sealed_under_another(
    world: World,
) -> None:
    world.store.journal.accept(raw_message())
    ring = world.store.settings.effective_keyring_file
    kept = ring.read_bytes()
    ring.unlink()
    try:
        with pytest.raises(KeyringError, match="restore it from your backup"):
            open_store(world.store.settings)
        assert not ring.exists()
    finally:
        ring.write_bytes(kept)
        ring.chmod(0o600)


def test_a_damaged_file_of_the_edge_is_named_and_the_others_are_read(
    world: World,
) -> None:
    world.store.journal.accept(raw_message("k1"))
    world.store.edge.close()
    world.store.journal.accept(raw_message("k2"))
    first, _ = world.store.edge.files()
    content = bytearray(first.read_bytes())
    content[30] ^= 0xFF
    first.write_bytes(content)

    again = world.another()
    assert again.edge.unreadable() == [first.name]
    assert len(again.edge.accepted()) == 1


def test_a_paused_partys_backlog_starves_no_other(world: World) -> None:
    known = [world.register(f"k{n}") for n in range(3)]
    due = SqlDue(world.store.db)
    due.sweep(60)
    world.store.parties.pause(PUPR, "operator", "maintenance")
    world.move_clock(61)
    found = {(lane, row_id) for lane, row_id, _ in due.sweep(60)}

    assert found == {(f"deliver.{MAIL}", one.id) for one in known}


def test_what_was_never_hinted_goes_before_what_was_hinted_long_ago(
    world: World,
) -> None:
    known = world.register()
    due = SqlDue(world.store.db)
    due.sweep(60)
    row = world.cursor(known, MAIL)._asdict()
    many = [{**row, "recipient": f"r{n}"} for n in range(ROWS_MAX)]
    with world.store.db.write() as tx:
        tx.conn.execute(sa.insert(t.cursors), many)
    world.move_clock(3600)
    late = world.register("late")

    found = {row_id for _, row_id, _ in due.sweep(60)}
    assert late.id in found


def test_an_answer_is_given_up_by_its_age(world: World) -> None:
    journal_id = world.store.journal.accept(raw_message()).journal_id
    row = world.row(t.journal, id=journal_id)
    with world.store.db.write() as tx:
        tx.conn.execute(
            sa.insert(t.answers).values(
                journal_id=journal_id,
                n=1,
                party=MAIL,
                lane=f"deliver.{MAIL}",
                data_key_id=row.data_key_id,
                template="text",
                state="active",
                key="k",
                due_at=tx.now,
                failures=3,
                failing_since=tx.now,
            )
        )
    world.move_clock(8 * 86_400)

    assert world.lease(MAIL).cursor.stopped_age_seconds == pytest.approx(8 * 86_400, 1)
