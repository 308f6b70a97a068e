"""Complaints that wander from agency to agency, and what reporters put right."""

import pytest

from hub.database import tables as t
from hub.stages.act import NotPossibleError
from tests.contract.builders import DINKES, PUPR
from tests.contract.test_casework import act
from tests.contract.updating import hear
from tests.contract.world import Known, World


def give_back(world: World, known: Known, agency: str) -> None:
    act(world, known, "return", agency=agency)
    act(world, known, "take-back", agency=agency)


def alarms(world: World, known: Known) -> list[str]:
    return [
        row.facts["supervision"]
        for row in world.log(known)
        if row.type == "supervision_requested"
    ]


def test_a_request_waits_for_a_decision_and_closes_nothing(world: World) -> None:
    known = world.register()
    world.hand_over()
    hear(world, PUPR, event_type="return_requested", event_id="1")

    case = world.row(t.complaints, id=known.id)
    assert (case.status, case.triage) == ("return_requested", True)

    act(world, known, "take-back", agency=PUPR)
    case = world.row(t.complaints, id=known.id)
    assert (case.status, case.triage) == ("verified", True)

    act(world, known, "assign", agency=DINKES)
    case = world.row(t.complaints, id=known.id)
    assert (case.status, case.triage) == ("assigned", False)
    assert world.violated() == set()


def test_after_three_returns_the_next_agency_keeps_it(world: World) -> None:
    known = world.register()
    world.hand_over()
    give_back(world, known, PUPR)
    act(world, known, "assign", agency=DINKES)
    give_back(world, known, DINKES)
    assert alarms(world, known) == []
    act(world, known, "assign", agency=PUPR)
    assert alarms(world, known) == ["ping_pong"]
    give_back(world, known, PUPR)
    assert alarms(world, known) == ["ping_pong", "too_many_returns"]

    with pytest.raises(NotPossibleError, match="given back 3 times"):
        act(world, known, "assign", agency=DINKES)
    act(world, known, "assign", agency=DINKES, details={"final": True})
    with pytest.raises(NotPossibleError, match="keeps it"):
        act(world, known, "return", agency=DINKES)

    world.hand_over(DINKES, "DK-1")
    row = hear(
        world, DINKES, reference="DK-1", event_type="return_requested", event_id="1"
    )
    assert (row.state, "overtaken" in row.why) == ("done", True)
    leg = world.row(t.legs, complaint_id=known.id, agency=DINKES, assignment_no=2)
    assert (leg.status, leg.hops) == ("assigned", 3)
    assert world.violated() == set()


def test_whoever_is_informed_only_needs_no_such_decision(world: World) -> None:
    known = world.register()
    for n in range(3):
        if n:
            act(world, known, "assign", agency=PUPR)
        give_back(world, known, PUPR)

    act(world, known, "assign", agency=DINKES, details={"role": "cc"})

    leg = world.row(t.legs, complaint_id=known.id, agency=DINKES)
    assert (leg.role, leg.hops) == ("cc", 3)
    give_back(world, known, DINKES)
    act(world, known, "assign", agency=PUPR, details={"final": True})
    newest = world.rows(t.legs, complaint_id=known.id, agency=PUPR)[-1]
    assert newest.hops == 3, "who was informed only does not count"


def test_what_was_put_right_is_what_agencies_read_and_what_was_first_stays(
    world: World,
) -> None:
    known = world.register()
    first = world.log(known)[0].sealed
    moved = act(
        world,
        known,
        "correct",
        details={"place_text": "Belakang pasar", "incident_on": "2026-11-20"},
    )

    row = world.log(known)[-1]
    assert row.facts == {"incident_on": "2026-11-20"}
    assert b"Belakang" not in bytes(row.sealed)
    assert world.log(known)[0].sealed == first
    assert world.cursor(known, PUPR).target_seq == moved.seq
    with pytest.raises(NotPossibleError, match="something to set"):
        act(world, known, "correct")
    act(world, known, "archive", reason="spam")
    with pytest.raises(NotPossibleError, match="correct is for"):
        act(world, known, "correct", details={"title": "Lain"})
