"""Agencies' words become events, on both engines."""

from datetime import UTC, datetime

from hub.database import tables as t
from tests.contract.builders import DINKES, MAIL, PUPR, update_message
from tests.contract.updating import NOTHING, hear, work
from tests.contract.world import World


def test_an_update_from_the_future_counts_from_its_arrival(world: World) -> None:
    known = world.register()
    world.hand_over()
    claimed = datetime(2099, 1, 1, tzinfo=UTC)

    row = hear(world, PUPR, occurred_at=claimed, event_id="1")

    event = world.log(known)[-1]
    assert (row.state, event.type) == ("done", "followed_up")
    assert event.occurred_at == row.received_at
    assert datetime.fromisoformat(event.facts["claimed_at"]) == claimed
    assert world.violated() == set()


def test_an_update_that_comes_twice_is_one_event_and_a_duplicate(world: World) -> None:
    known = world.register()
    world.hand_over()

    rows = [hear(world, PUPR, event_id="1") for _ in range(2)]

    assert [row.state for row in rows] == ["done", "duplicate"]
    assert [e.type for e in world.log(known)].count("followed_up") == 1
    assert world.violated() == set()


def test_a_text_that_comes_back_as_another_agencys_word_wakes_nobody(
    world: World,
) -> None:
    known = world.register(agencies=(PUPR, DINKES))
    world.hand_over()
    world.hand_over(DINKES, "DK-1")
    hear(world, PUPR, event_id="1", text="Besok kami perbaiki.")
    told = {"reference": "DK-1", "event_type": "followed_up"}
    hear(world, DINKES, **told, event_id="1", text="Kami ikut ke lokasi.")
    targets = {p: world.cursor(known, p).target_seq for p in (PUPR, DINKES, MAIL)}

    for n in range(2, 5):
        hear(world, DINKES, **told, event_id=str(n), text="Besok  kami perbaiki.")

    assert [e.type for e in world.log(known)[-3:]] == ["confirmed"] * 3
    assert targets == {
        p: world.cursor(known, p).target_seq for p in (PUPR, DINKES, MAIL)
    }
    assert world.violated() == set()


def test_a_message_without_any_update_is_ignored(world: World) -> None:
    message = update_message(PUPR, "page-1", NOTHING)
    receipt = world.store.journal.accept(message)
    work(world, PUPR, receipt.journal_id)

    row = world.row(t.journal, id=receipt.journal_id)
    assert (row.state, row.why) == ("ignored", "no update in it")
    assert world.violated() == set()
