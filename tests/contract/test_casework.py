"""What people decide, on both engines."""

from typing import Any

import pytest
from uuid_utils.compat import uuid7

from connectors.contract import Pending
from connectors.errors import Refused
from hub.database import tables as t
from hub.domain.delivery import PlanKind
from hub.domain.settlement import Outcome
from hub.domain.workflow import WORKFLOW, Actor, ActorRole
from hub.ports import Moved
from hub.stages.act import Act, NotPossibleError, Request
from schemas.parties import Author, AuthorKind
from schemas.status import Status
from tests.contract.builders import DINKES, MAIL, PUPR
from tests.contract.world import Known, World

SITI = Actor(Author(kind=AuthorKind.OPERATOR, id="cli:siti"), ActorRole.OPERATOR)


def act(world: World, known: Known, verb: str, **given: Any) -> Moved:
    action_id = given.pop("action_id", None) or str(uuid7())
    actor = given.pop("actor", SITI)
    request = Request(known.id, verb, actor, action_id, **given)
    return Act(world.store.cases)(request)


@pytest.fixture
def placed(world: World) -> Known:
    """A complaint that no rule could place."""
    return world.register(agencies=())


def test_what_no_rule_placed_is_given_to_an_agency_that_then_is_told(
    world: World, placed: Known
) -> None:
    moved = act(world, placed, "assign", agency=DINKES, why="telepon")

    assert moved.status is Status.ASSIGNED
    assert moved.due == [(f"deliver.{DINKES}", placed.id)]
    leg = world.row(t.legs, complaint_id=placed.id)
    assert (leg.agency, leg.assignment_no, leg.role) == (DINKES, 1, "main")
    assert world.lease(DINKES).cursor.target_seq == moved.seq
    noted = world.row(t.audit)
    assert (noted.action, noted.reason) == ("complaint_assigned", "telepon")
    assert world.violated() == set()


def test_the_same_action_is_carried_out_once(world: World, placed: Known) -> None:
    held = {"reason": "needs_place", "action_id": "a-1"}
    first, again = (act(world, placed, "hold", **held) for _ in range(2))

    assert (again.seq, again.event, again.due) == (first.seq, "put_on_hold", ())
    assert len(world.rows(t.audit)) == 1


@pytest.mark.parametrize(
    ("verb", "given", "told"),
    [
        ("settle", {"agency": PUPR}, "nobody has"),
        ("restore", {"reason": "by_mistake"}, "restore is for archived"),
        ("rate", {"details": {"stars": 5}}, "rate is for appealed, closed"),
        ("archive", {}, "needs one of these reasons"),
        ("archive", {"reason": "settled"}, "needs one of these reasons"),
        ("assign", {"agency": "nobody"}, f"there are: {PUPR}, {DINKES}"),
        ("verify", {}, "verify is for on_hold, received"),
        ("classify", {}, "something to set"),
        ("protect", {"details": {"second_person": "cli:budi"}}, "which flag"),
        ("correct", {"details": {"title": ""}}, "something to set"),
        ("classify", {"details": {"report_type": "poem"}}, "report_type"),
        ("assign", {"agency": PUPR, "text": "Segera!"}, "nobody reads"),
        ("verify", {"agency": PUPR}, "not about an agency"),
        ("fly", {}, "no such verb"),
    ],
)
def test_what_cannot_be_done_is_refused_with_what_can_and_changes_nothing(
    world: World, placed: Known, verb: str, given: dict[str, Any], told: str
) -> None:
    before = len(world.log(placed))

    with pytest.raises(NotPossibleError, match=told):
        act(world, placed, verb, **given)

    assert len(world.log(placed)) == before
    assert world.rows(t.audit) == []
    assert set(WORKFLOW) >= {verb} or verb == "fly"


def test_a_flag_is_taken_away_by_two_persons(world: World, placed: Known) -> None:
    act(world, placed, "protect", details={"anonymous": True})
    for agreed in ({}, {"second_person": "cli:siti"}):
        with pytest.raises(NotPossibleError, match="second person"):
            act(world, placed, "protect", details={"anonymous": False, **agreed})

    agreed_by = {"anonymous": False, "second_person": "cli:budi"}
    act(world, placed, "protect", details=agreed_by)

    assert not world.row(t.complaints, id=placed.id).anonymous


def test_an_agency_that_gave_it_back_gets_a_second_leg_one_hop_further(
    world: World,
) -> None:
    known = world.register()
    world.hand_over()
    act(world, known, "return", agency=PUPR)
    act(world, known, "take-back", agency=PUPR)
    act(world, known, "assign", agency=DINKES)
    act(world, known, "return", agency=DINKES)
    act(world, known, "take-back", agency=DINKES)
    moved = act(world, known, "assign", agency=PUPR)

    legs = world.rows(t.legs, complaint_id=known.id)
    assert {(leg.agency, leg.assignment_no): leg.hops for leg in legs} == {
        (PUPR, 1): 0,
        (DINKES, 1): 1,
        (PUPR, 2): 2,
    }
    assert moved.status is Status.ASSIGNED
    with pytest.raises(NotPossibleError, match="has it already"):
        act(world, known, "assign", agency=PUPR)
    assert world.violated() == set()


@pytest.mark.parametrize(
    "outcome", [Pending(progress=b"token", poll_after_seconds=9), Refused("422")]
)
def test_an_agency_that_gets_it_again_begins_anew(
    world: World, outcome: Outcome
) -> None:
    known = world.register()
    world.end(world.begin(PUPR, PlanKind.SUBMIT), outcome)
    for verb in ("return", "take-back", "assign"):
        moved = act(world, known, verb, agency=PUPR)

    row = world.cursor(known, PUPR)
    assert (row.state, row.assignment_no) == ("active", 2)
    assert (row.progress, row.failures, row.sending_to_seq) == (None, 0, None)
    assert (row.delivered_seq, row.target_seq) == (moved.seq - 1, moved.seq)
    assert {x.state for x in world.rows(t.dead_letters)} <= {"discarded"}
    assert world.violated() == set()


def test_the_reporter_hears_what_officials_decide_and_not_what_was_said_for_them(
    world: World,
) -> None:
    known = world.register()
    target = world.cursor(known, MAIL).target_seq
    act(world, known, "reply", text="Sudah dua minggu.")
    assert world.cursor(known, MAIL).target_seq == target

    moved = act(world, known, "archive", reason="duplicate")

    assert world.cursor(known, MAIL).target_seq == moved.seq


def test_officers_of_an_agency_act_on_its_own_legs_only(world: World) -> None:
    known = world.register()
    author = Author(kind=AuthorKind.OFFICER, id="dewi")
    dewi = Actor(author, ActorRole.LIAISON_OFFICER, DINKES)

    with pytest.raises(NotPossibleError, match="may not answer"):
        act(world, known, "answer", actor=dewi, agency=PUPR)
    with pytest.raises(NotPossibleError, match="may not assign"):
        act(world, known, "assign", actor=dewi, agency=DINKES)


def test_nothing_is_decided_about_what_was_erased(world: World, placed: Known) -> None:
    world.store.eraser.request(placed.id, "cli:siti", "")
    with pytest.raises(NotPossibleError, match="is to be"):
        act(world, placed, "assign", agency=PUPR)
    assert world.store.eraser.erase_due() == 1

    with pytest.raises(NotPossibleError, match="erased"):
        act(world, placed, "reply", text="Masih ada orang?")
    assert world.violated() == set()


def test_a_complaint_that_is_not_there_is_told(world: World) -> None:
    nowhere = Known(str(uuid7()), "", "", "")

    with pytest.raises(NotPossibleError, match="no complaint"):
        act(world, nowhere, "verify")
