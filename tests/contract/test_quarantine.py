"""What could not be understood waits visibly, with a way out; on both engines."""

from typing import Any

import pytest

from hub.database import tables as t
from hub.domain.quarantine import WAYS_OUT, cause_of
from tests.contract.builders import DINKES, PUPR
from tests.contract.test_casework import act
from tests.contract.updating import hear, work
from tests.contract.world import Known, World

BY = ("cli:siti", "dicek")


@pytest.fixture
def known(world: World) -> Known:
    found = world.register()
    world.hand_over()
    return found


def orphan(world: World, reference: str = "PUPR-26-2") -> Any:
    """Let the agency speak of a reference that nobody knows, until it shows."""
    row = hear(world, PUPR, reference=reference, event_id="1", text="Kami kerjakan")
    world.move_clock(61)
    work(world, PUPR, row.id)
    return world.row(t.journal, id=row.id)


def test_an_unmapped_word_waits_and_is_worked_when_the_table_knows_it(
    world: World, known: Known
) -> None:
    row = hear(world, PUPR, raw_status="?")
    (listed,) = world.store.quarantine.waiting()

    assert (row.state, listed["cause"]) == ("quarantined", "unmapped_status")
    assert "[statuses]" in listed["way_out"]
    assert world.store.quarantine.replay([row.id], *BY) == 1
    assert world.row(t.journal, id=row.id).state == "new"
    assert world.violated() == set()


def test_an_orphan_is_matched_by_hand_and_everything_of_it_is_worked(
    world: World, known: Known
) -> None:
    row = orphan(world)
    assert cause_of(row.why) == "orphan"

    assert world.store.quarantine.match(row.id, known.id, "PUPR-26-2", *BY) == 1
    work(world, PUPR, row.id)

    assert world.row(t.journal, id=row.id).state == "done"
    assert world.log(known)[-1].type == "followed_up"
    later = hear(world, PUPR, reference="PUPR-26-2", event_id="2", text="Selesai")
    assert later.state == "done"
    assert [n.action for n in world.rows(t.audit)] == ["orphan_matched"]
    assert world.violated() == set()


def test_a_second_reference_outlives_a_second_assignment(
    world: World, known: Known
) -> None:
    row = orphan(world)
    world.store.quarantine.match(row.id, known.id, "PUPR-26-2", *BY)
    act(world, known, "take-back", agency=PUPR)
    act(world, known, "assign", agency=PUPR)

    kept = world.rows(t.agency_references, complaint_id=known.id)
    assert [one.assignment_no for one in kept] == [1, 1]
    assert world.violated() == set()


@pytest.mark.parametrize(
    ("reference", "agencies", "told"),
    [
        ("PUPR-26-3", (PUPR,), "another reference"),
        ("PUPR-26-2", (DINKES,), "assign it first"),
        ("PUPR-26-2", (PUPR,), "matches by itself"),
    ],
)
def test_what_cannot_be_matched_says_what_to_do_instead(
    world: World, known: Known, reference: str, agencies: tuple[str, ...], told: str
) -> None:
    row = orphan(world)
    other = world.register("k2", agencies=agencies)

    with pytest.raises(ValueError, match=told):
        world.store.quarantine.match(row.id, other.id, reference, *BY)

    assert world.rows(t.agency_references) == []
    assert world.rows(t.audit) == []


def test_only_an_orphan_is_matched(world: World, known: Known) -> None:
    row = hear(world, PUPR, raw_status="?")

    with pytest.raises(ValueError, match="only an orphan"):
        world.store.quarantine.match(row.id, known.id, "PUPR-26-1", *BY)


def test_who_reads_a_message_is_noted(world: World, known: Known) -> None:
    row = orphan(world)
    found = world.store.quarantine.open(row.id, *BY)

    assert found is not None
    assert "Kami kerjakan" in found["body"]
    assert found["way_out"] == WAYS_OUT["orphan"]
    noted = world.row(t.audit)
    assert (noted.action, noted.by, noted.subject) == ("journal_read", BY[0], row.id)
    assert world.store.quarantine.open(known.journal_id, *BY) is None


def test_what_is_discarded_is_kept_and_worked_no_more(
    world: World, known: Known
) -> None:
    row = orphan(world)

    assert world.store.quarantine.discard([row.id], *BY) == 1
    assert world.store.quarantine.discard([row.id], *BY) == 0

    kept = world.row(t.journal, id=row.id)
    assert (kept.state, kept.why, kept.due_at) == ("ignored", "discarded: dicek", None)
    assert world.rows(t.journal_raw, journal_id=row.id) != []
    assert world.violated() == set()


def test_words_that_moved_nothing_are_listed_apart(world: World, known: Known) -> None:
    act(world, known, "take-back", agency=PUPR)
    hear(world, PUPR, event_id="1")

    assert world.store.quarantine.waiting() == []
    (listed,) = world.store.quarantine.unmoved()
    assert (listed["cause"], listed["result_id"]) == ("illegal_transition", known.id)
