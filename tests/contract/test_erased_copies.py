"""What was erased does not come back out of the edge's copies after a restore."""

from datetime import datetime

import pytest
from pydantic import SecretStr

from hub.bootstrap import Store
from hub.database.erased_list import ErasedList
from hub.database.invariants import check_invariants
from hub.ports import Settled
from schemas.raw import RawMessage
from tests.contract import opener
from tests.contract.builders import (
    NOON,
    PUPR,
    Words,
    news,
    raw_message,
    reply,
    update_message,
)
from tests.contract.world import Known, World

SECRET = "rahasiaxyz"
MESSAGE = raw_message("erased", SECRET.encode(), spoolable=True)


def restored(world: World, backup: str) -> Store:
    """The store on a backup; edge, key ring and erased list are today's."""
    return world.another(database_url=SecretStr(backup))


def read_in(store: Store) -> bool:
    """Tell whether the secret can be read anywhere."""
    found = opener.opened(store.db, store.vault).values()
    return any(SECRET.encode() in text for text in found)


def violated(store: Store) -> set[str]:
    found = check_invariants(store.db, store.edge, store.erased, store.deadlines)
    return {violation.rule for violation in found}


def erase(world: World, known: Known) -> None:
    assert world.store.eraser.request(known.id, "operator", "asked by its reporter")
    world.move_clock(80 * 3600)
    assert world.store.eraser.erase_due() == 1


def answer(world: World, known: Known, message: RawMessage) -> str:
    """Let the reporter write a message more; returns its journal id."""
    receipt = world.store.journal.accept(message)
    with world.store.journal.claim([receipt.journal_id]) as work:
        (row,) = work.rows
        work.append(known.id, [reply(row.id, known.reporter_id, SECRET)], adopt=row)
        work.settle(row, Settled("done", "", "event", known.id))
    return receipt.journal_id


def page(world: World, *known: Known) -> str:
    """Let an agency send one page with a record for each; returns its journal id."""
    body = f"page with {SECRET}".encode()
    receipt = world.store.journal.accept(update_message(PUPR, "page", body))
    (whole,) = world.store.journal.read([receipt.journal_id])
    with world.store.journal.claim([whole.id]) as work:
        children = work.split(whole, [SECRET.encode()] * len(known))
    with world.store.journal.claim([child.id for child in children]) as work:
        for row, one in zip(children, known, strict=True):
            event = news(PUPR, "work_started", row.id, "1", SECRET)
            work.append(one.id, [event], adopt=row)
            work.settle(row, Settled("done", "", "event", one.id))
    return receipt.journal_id


def test_a_complaint_that_a_restore_lost_stays_erased(world: World) -> None:
    backup = world.backup()
    kept = world.store.journal.accept(raw_message("kept", b"tetap"))
    known = world.register(raw=MESSAGE, words=Words(body=SECRET))
    erase(world, known)

    store = restored(world, backup)
    assert violated(store) == {"edge_equals_journal"}
    assert store.eraser.keep_out(store.edge) == 1
    assert store.journal.replay_edge() == 1

    assert not read_in(store)
    assert violated(store) == set()
    assert [row.id for row in store.journal.read([kept.journal_id])] == [
        kept.journal_id
    ]
    assert store.journal.read([known.journal_id]) == []
    assert (store.eraser.keep_out(store.edge), store.journal.replay_edge()) == (0, 0)
    store.sealer.seal()
    assert store.sealer.verify() == []


def test_without_it_the_copy_would_be_read_again(world: World) -> None:
    backup = world.backup()
    erase(world, world.register(raw=MESSAGE))
    store = restored(world, backup)
    assert store.journal.replay_edge() == 1
    assert read_in(store)


def test_what_was_written_later_to_an_erased_complaint_stays_erased(
    world: World,
) -> None:
    known = world.register()
    backup = world.backup()
    answer(world, known, raw_message("reply", SECRET.encode()))
    erase(world, known)

    store = restored(world, backup)
    assert store.eraser.keep_out(store.edge) == 1
    assert store.eraser.brought_back() == []
    assert store.journal.replay_edge() == 0
    assert not read_in(store)
    assert violated(store) == set()


def test_a_page_with_an_erased_record_stays_erased_as_a_whole(world: World) -> None:
    known, other = world.register("k1"), world.register("k2")
    backup = world.backup()
    page(world, known, other)
    erase(world, known)

    store = restored(world, backup)
    assert store.eraser.keep_out(store.edge) == 1
    assert store.journal.replay_edge() == 0
    assert not read_in(store)
    assert violated(store) == set()


def test_a_repetition_of_an_erased_message_is_known(world: World) -> None:
    backup = world.backup()
    erase(world, world.register(raw=MESSAGE))
    store = restored(world, backup)
    store.eraser.keep_out(store.edge)
    assert store.journal.accept(MESSAGE).state == "seen"
    assert not read_in(store)
    assert violated(store) == set()


def test_a_message_that_was_sent_again_before_the_replay_is_counted(
    world: World,
) -> None:
    backup = world.backup()
    first = world.store.journal.accept(MESSAGE)
    store = restored(world, backup)
    again = store.journal.accept(MESSAGE)
    assert (again.state, again.code) == ("new", first.code)
    assert again.journal_id != first.journal_id
    assert store.eraser.keep_out(store.edge) == 0
    assert store.journal.replay_edge() == 1
    assert store.journal.replay_edge() == 0
    assert violated(store) == set()


def test_a_spooled_message_of_an_erased_complaint_stays_erased(world: World) -> None:
    backup = world.backup()
    world.down()
    assert world.store.journal.accept(MESSAGE).state == "spooled"
    world.up()
    assert world.store.journal.drain_spool() == 1
    erase(world, world.register(raw=MESSAGE))
    store = restored(world, backup)
    assert store.eraser.keep_out(store.edge) == 1
    assert (store.journal.drain_spool(), store.journal.replay_edge()) == (0, 0)
    assert not read_in(store)
    assert violated(store) == set()


# the list


@pytest.mark.parametrize("older", [True, False], ids=["older format", "this format"])
def test_the_list_names_complaints_and_what_was_theirs(
    world: World,
    older: bool,  # noqa: FBT001
) -> None:
    listed = ErasedList(world.store.settings.data_dir / "list")
    assert (listed.ids(), listed.owners()) == (set(), {})
    rows = () if older else ("m1", "m2")
    listed.add("c1", NOON, rows)
    listed.add("c2", NOON)
    assert listed.ids() == {"c1", "c2"}
    assert listed.owners() == {"c1": "c1", "c2": "c2"} | dict.fromkeys(rows, "c1")


def test_a_line_that_was_broken_off_spoils_no_other(world: World) -> None:
    listed = ErasedList(world.store.settings.data_dir / "list")
    listed.add("c1", NOON, ["m1"])
    with listed.path.open("a") as file:
        file.write(f"c2 {datetime.isoformat(NOON)} m")
    listed.add("c3", NOON)
    assert listed.ids() == {"c1", "c2", "c3"}


def test_an_erasure_lists_every_message_that_was_theirs(world: World) -> None:
    known, other = world.register("k1"), world.register("k2")
    replied = answer(world, known, raw_message("reply", b"isi"))
    paged = page(world, known, other)
    erase(world, known)
    owners = world.store.erased.owners()
    theirs = {known.id, known.journal_id, replied, paged}
    assert owners == dict.fromkeys(theirs, known.id)
