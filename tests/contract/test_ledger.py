"""What the store tells a ledger: rows by key, contents, doubles."""

import sqlalchemy as sa

from hub.database import tables as t
from hub.domain.ledger import Key
from tests.contract.builders import raw_message
from tests.contract.world import World


def test_rows_are_found_by_source_and_key(world: World) -> None:
    known = world.register()
    row = world.row(t.journal, id=known.journal_id)
    lone = world.store.journal.accept(raw_message("lain", source="email"))

    found = world.store.ledger.look_up([Key("email", "lain"), Key("sms:gw", "lain")])

    assert [one.journal_id for one in found[Key("email", "lain")]] == [lone.journal_id]
    assert Key("sms:gw", "lain") not in found
    assert row.state == "done"


def test_a_message_by_another_way_is_the_same(world: World) -> None:
    said = raw_message("k9", b"isi", fingerprint="sha256:x")
    row_id = world.store.journal.accept(said).journal_id
    other_way = raw_message("k9", b"isi, lewat b", fingerprint="sha256:x")

    assert world.store.ledger.is_same(row_id, other_way)
    assert not world.store.ledger.is_same(row_id, raw_message("k9", b"isi"))


def test_a_message_that_became_two_events_is_found(world: World) -> None:
    one, other = world.register("k1"), world.register("k2")
    both = [one.journal_id, other.journal_id]
    assert world.store.ledger.doubled(both) == set()

    with world.store.db.write() as tx:
        tx.conn.execute(
            sa.update(t.log)
            .where(t.log.c.complaint_id == other.id, t.log.c.type == "received")
            .values(cause_id=one.journal_id)
        )

    assert world.store.ledger.doubled(both) == {one.journal_id}
