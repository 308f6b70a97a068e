"""A cursor that begins anew keeps nothing of what it did for the assignment before."""

import pytest

from connectors.contract import Pending
from connectors.errors import OutcomeUnknown
from hub.database import tables as t
from hub.domain.delivery import PlanKind
from tests.contract.builders import PUPR
from tests.contract.test_casework import act
from tests.contract.world import Known, World


@pytest.fixture
def known(world: World) -> Known:
    return world.register()


def assign_anew(world: World, known: Known) -> None:
    act(world, known, "take-back", agency=PUPR)
    act(world, known, "assign", agency=PUPR)


def test_steps_that_were_done_for_the_assignment_before_are_not_continued(
    world: World, known: Known
) -> None:
    call = world.begin(PUPR, PlanKind.SUBMIT)
    world.end(call, Pending(progress=b"ticket-1", poll_after_seconds=0.0))
    assign_anew(world, known)

    cursor = world.lease(PUPR).cursor
    assert (cursor.assignment_no, cursor.progress) == (2, b"")
    assert (cursor.reference, cursor.sending_to_seq) == ("", None)


def test_failed_tries_of_the_assignment_before_are_not_counted(
    world: World, known: Known
) -> None:
    call = world.begin(PUPR, PlanKind.SUBMIT)
    world.end(call, OutcomeUnknown("reset"))
    assign_anew(world, known)

    row = world.cursor(known, PUPR)
    assert (row.sending_step, row.lookups, row.resends) == ("call", 0, 0)
    assert (row.failures, row.failing_since, row.sending_mapping) == (0, None, "")
    assert row.narrow_to_seq is None


def test_a_held_hand_over_of_the_assignment_before_is_not_taken_for_the_new_one(
    world: World, known: Known
) -> None:
    call = world.begin(PUPR, PlanKind.SUBMIT)
    world.end(call, OutcomeUnknown("reset"))
    letter = world.row(t.dead_letters)
    assert (letter.kind, letter.is_submit) == ("held", True)
    assign_anew(world, known)
    before = world.cursor(known, PUPR)

    resolve = world.store.operations.resolve_held
    assert not resolve(letter.id, "siti", "", reference="OLD-1"), "it was discarded"

    after = world.cursor(known, PUPR)
    assert after.delivered_seq == before.delivered_seq
    assert after.reference is None
    assert world.violated() == set()
