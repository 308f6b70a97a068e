"""A hint that comes again: what its settled rows made due is hinted again."""

from hub.database import tables as t
from hub.database.due import SqlDue
from hub.ports import Settled
from tests.contract import above
from tests.contract.above import begun, hear, party
from tests.contract.builders import PUPR, raw_message
from tests.contract.world import World


def test_what_settled_rows_made_due_is_named(world: World) -> None:
    known = world.register()
    due = SqlDue(world.store.db)

    assert (f"deliver.{PUPR}", known.id) in due.woken_by([known.journal_id])
    assert due.woken_by([]) == []


def test_so_is_what_an_update_or_its_repetition_made_due(world: World) -> None:
    world.store.parties.configure([party()])
    rows = hear(world, begun(), begun())
    case = world.row(t.complaints).id
    due = SqlDue(world.store.db)

    for row in rows:
        assert {lane for lane, of in due.woken_by([row.id]) if of == case} >= {
            world.cursor(above.known(world), PUPR).lane
        }


def test_a_receipt_names_no_complaint(world: World) -> None:
    known = world.register()
    row_id = world.store.journal.accept(raw_message("receipt")).journal_id
    (row,) = world.store.journal.read([row_id])
    with world.store.journal.claim([row_id]) as work:
        work.settle(row, Settled("done", "receipt", "link", "gateway-4711"))

    found = SqlDue(world.store.db).woken_by([row_id, known.journal_id])
    assert {case for _, case in found} == {known.id}
