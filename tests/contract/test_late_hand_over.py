"""A reporter hears that an agency's system cannot be reached, and when it has it."""

from collections.abc import Iterable, Sequence

import pytest

from connectors.errors import Misconfigured, Refused, Retryable
from hub.database import tables as t
from hub.domain.delivery import PlanKind
from hub.domain.privacy import visible
from hub.stages.late_hand_over import LateHandOver
from hub.web.tracking import tracking_json
from schemas.parties import PartyKind
from schemas.status import Status
from tests.contract.builders import DINKES, MAIL, PUPR
from tests.contract.told import decision, now_of, told
from tests.contract.world import Known, World

HOUR = 3600.0
DOWN = Retryable("connection refused", fingerprint="refused")


def duty(world: World, hours: float = 24) -> LateHandOver:
    hints: list[tuple[str, str]] = []

    def hint(pairs: Iterable[tuple[str, str]]) -> None:
        hints.extend(pairs)

    return LateHandOver(world.store.hand_overs, hint, hours * HOUR)


def fail(world: World, party: str = PUPR) -> None:
    """Let a hand-over fail, and wait until it is due again."""
    world.end(world.begin(party, PlanKind.SUBMIT), DOWN)
    world.move_clock(2 * HOUR)


def delays(world: World, known: Known) -> list[Sequence[object]]:
    return [
        (row.leg_agency, row.assignment_no)
        for row in world.log(known)
        if row.type == "hand_over_delayed"
    ]


def test_a_leg_that_fails_for_long_is_told_once_and_again_when_handed_over(
    world: World,
) -> None:
    one = told(world, burst=0)
    began = now_of(world)
    fail(world)
    assert duty(world)() == 0
    world.move_clock(23 * HOUR)
    assert duty(world)() == 1
    assert duty(world)() == 0
    one.turn()
    world.move_clock(48 * HOUR)
    assert duty(world)() == 0
    world.hand_over()
    one.turn()

    assert one.mailbox.messages == [["hand_over_delayed"], ["handed_over"]]
    (row,) = (r for r in world.log(one.known) if r.type == "hand_over_delayed")
    assert (row.author_kind, row.cause_kind) == ("clock", "clock")
    assert row.facts["since"][:16] == began.isoformat()[:16]
    assert duty(world)() == 0
    assert world.violated() == set()


def test_whoever_waits_for_a_party_that_is_stopped_hears_it_too(world: World) -> None:
    known = world.register()
    world.store.parties.pause(PUPR, "operator", "broken")
    world.move_clock(25 * HOUR)
    later = world.register("k2")

    assert duty(world)() == 2
    assert delays(world, known) == delays(world, later) == [(PUPR, 1)]


@pytest.mark.parametrize("error", [Refused("422"), Misconfigured("401")])
def test_a_refusal_is_no_outage_but_a_party_that_was_paused_for_it_is(
    world: World, error: Exception
) -> None:
    world.register()
    world.end(world.begin(PUPR, PlanKind.SUBMIT), error)  # type: ignore[arg-type]
    world.move_clock(25 * HOUR)

    assert duty(world)() == (1 if isinstance(error, Misconfigured) else 0)


def test_of_many_agencies_only_the_one_that_is_late_is_told(world: World) -> None:
    known = world.register(agencies=(PUPR, DINKES))
    fail(world, DINKES)
    world.hand_over()
    world.move_clock(25 * HOUR)

    assert duty(world)() == 1
    assert delays(world, known) == [(DINKES, 1)]


def test_what_was_withdrawn_waits_for_nobody(world: World) -> None:
    known = world.register()
    fail(world)
    world.append(known, decision("archived"))
    world.move_clock(25 * HOUR)

    assert duty(world)() == 0


def test_many_late_legs_are_told_in_pages(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.stages.late_hand_over.LEGS_MAX", 2)
    known = [world.register(f"k{n}") for n in range(5)]
    world.store.parties.pause(PUPR, "operator", "broken")
    world.move_clock(25 * HOUR)

    assert duty(world)() == 5
    assert all(delays(world, one) == [(PUPR, 1)] for one in known)


def test_the_delay_is_for_its_reporter_only(world: World) -> None:
    known = world.register(agencies=(PUPR, DINKES))
    world.store.parties.pause(PUPR, "operator", "broken")
    world.move_clock(25 * HOUR)
    duty(world)()
    case = world.store.queries.case_by_code(known.code)
    assert case is not None
    (event,) = (e for e in case.timeline if e.type == "hand_over_delayed")

    assert visible(event, PartyKind.REPORTER, MAIL)
    others = (PartyKind.AGENCY, PartyKind.UPSTREAM, PartyKind.SUBSCRIBER)
    assert not any(visible(event, kind, PUPR) for kind in others)
    assert event.sealed == {}
    line = tracking_json(case)["timeline"][-1]
    assert "belum dapat dihubungi sejak" in line["text"]["id"]
    assert "could not be reached since" in line["text"]["en"]
    assert case.status is Status.ASSIGNED


def test_a_look_up_that_goes_on_for_long_is_late_as_well(world: World) -> None:
    known = world.register()
    fail(world)
    world.move_clock(25 * HOUR)
    lease = world.lease(PUPR)
    assert duty(world)() == 1
    assert lease.cursor.complaint_id == known.id
    assert world.row(t.cursors, party=PUPR).reference_index is None
