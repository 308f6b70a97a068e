"""A hand-over that became void before it was tried goes nowhere."""

import pytest
import sqlalchemy as sa

from hub.bootstrap.workers import monotonic
from hub.database import tables as t
from hub.stages.deliver import Call
from tests.contract.builders import PUPR
from tests.contract.test_casework import act
from tests.contract.test_groups import LANE, Agency, stage
from tests.contract.world import Known, World


def drive(world: World, agency: Agency) -> int:
    """Carry out what is due at the agency; returns how many cursors were."""
    deliver = stage(world, agency)
    leases = deliver.lease(LANE, [], 10).leases
    for begun in deliver.begin(leases, monotonic()):
        assert begun is not None
        deliver.settle([deliver.call(begun) if isinstance(begun, Call) else begun])
    return len(leases)


@pytest.fixture
def known(world: World) -> Known:
    return world.register()


@pytest.mark.parametrize(
    ("verb", "given"),
    [
        ("withdraw", {}),
        ("accept", {}),
        ("archive", {"reason": "spam"}),
        ("take-back", {"agency": PUPR}),
        ("settle", {"agency": PUPR}),
    ],
)
def test_an_agency_is_not_given_what_is_over_before_it_had_it(
    world: World, known: Known, verb: str, given: dict[str, str]
) -> None:
    act(world, known, verb, **given)
    agency = Agency()

    assert drive(world, agency) == 1

    assert agency.called == []
    cursor = world.cursor(known, PUPR)
    assert (cursor.delivered_seq, cursor.due_at) == (cursor.target_seq, None)
    assert cursor.reference is None
    assert world.violated() == set()


def test_what_comes_out_of_the_archive_is_handed_over_after_all(
    world: World, known: Known
) -> None:
    agency = Agency()
    act(world, known, "archive", reason="spam")
    drive(world, agency)

    act(world, known, "restore", reason="by_mistake")
    drive(world, agency)

    assert len(agency.called) == 1
    assert world.cursor(known, PUPR).reference is not None
    assert world.violated() == set()


def test_who_gave_it_back_and_gets_it_again_is_given_it_then(
    world: World, known: Known
) -> None:
    agency = Agency()
    act(world, known, "take-back", agency=PUPR)
    drive(world, agency)

    act(world, known, "assign", agency=PUPR)
    drive(world, agency)

    assert len(agency.called) == 1
    leg = world.rows(t.legs, complaint_id=known.id)[-1]
    assert (leg.assignment_no, leg.status) == (2, "assigned")
    assert world.violated() == set()


def test_no_filter_stops_a_hand_over(world: World) -> None:
    where = t.parties.c.party == PUPR
    world.write(sa.update(t.parties).where(where).values(wants=["withdrawn"]))
    known, agency = world.register(), Agency()
    act(world, known, "archive", reason="spam")
    drive(world, agency)
    assert agency.called == []

    act(world, known, "restore", reason="by_mistake")
    drive(world, agency)
    assert len(agency.called) == 1

    act(world, known, "reply", text="Masih berlubang.")
    drive(world, agency)
    cursor = world.cursor(known, PUPR)
    assert (cursor.delivered_seq, cursor.due_at) == (cursor.target_seq, None)
    assert agency.told == [], "it has it, and wants to be told of withdrawals only"
    assert world.violated() == set()


def test_what_was_accepted_too_early_is_handed_over_when_it_is_disputed(
    world: World, known: Known
) -> None:
    agency = Agency()
    act(world, known, "accept")
    drive(world, agency)
    assert agency.called == []

    act(world, known, "dispute")
    drive(world, agency)

    assert len(agency.called) == 1
    assert world.violated() == set()
