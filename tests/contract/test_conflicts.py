"""A decision and an agency's word that cross each other, on both engines."""

from connectors.contract import Done
from hub.database import tables as t
from hub.domain.delivery import PlanKind
from hub.stages.act import Act, Request
from schemas.events import LogEvent
from schemas.status import Status
from tests.contract.builders import PUPR, news, update_message
from tests.contract.test_casework import SITI
from tests.contract.world import Known, World


def say_now(world: World, known: Known, name: str, occurrence: str) -> LogEvent:
    """Let the agency say something after everything that happened so far."""
    message = update_message(PUPR, f"{known.id}:{occurrence}")
    receipt = world.store.journal.accept(message)
    with world.store.journal.claim([receipt.journal_id]) as work:
        (row,) = work.rows
        event = news(PUPR, name, row.id, occurrence)
        event = event.model_copy(update={"occurred_at": work.now})
        (written,) = work.append(known.id, [event], adopt=row)
    return written


def tell(world: World) -> None:
    """Tell the agency what it does not know yet."""
    call = world.begin(PUPR, PlanKind.SEND)
    kept, _ = world.end(call, Done(reference="PUPR-26-1"))
    assert kept


def dispute(world: World, known: Known) -> int:
    request = Request(known.id, "dispute", SITI, f"dispute:{known.id}")
    return Act(world.store.cases)(request).seq


def test_the_citizen_reopens_while_the_agency_closes_and_both_go_on(
    world: World,
) -> None:
    known = world.register()
    world.hand_over()
    say_now(world, known, "resolved", "1")
    reopened = dispute(world, known)
    crossed = say_now(world, known, "resolved", "2")

    assert crossed.facts["heard_seq"] < reopened
    assert crossed.type == "resolved"
    assert crossed.status_after is Status.IN_PROGRESS
    leg = world.row(t.legs, complaint_id=known.id)
    assert leg.status == "in_progress"
    case = world.store.queries.case_by_code(known.code)
    assert case is not None
    assert case.overtaken == {crossed.event_id: reopened}
    lines = {line["what"]: line for line in world.store.queries.trace(known.id)}
    assert "overtaken" in lines[f"event {crossed.seq} resolved"]["detail"]

    # The agency hears of it, works on, and settles again: now it counts.
    assert world.cursor(known, PUPR).target_seq == reopened
    tell(world)
    settled = say_now(world, known, "resolved", "3")
    assert "heard_seq" not in settled.facts
    assert settled.status_after is Status.CLOSED
    assert world.violated() == set()


def test_what_is_being_told_counts_as_heard(world: World) -> None:
    known = world.register()
    world.hand_over()
    say_now(world, known, "resolved", "1")
    dispute(world, known)
    world.begin(PUPR, PlanKind.SEND)

    settled = say_now(world, known, "resolved", "2")

    assert "heard_seq" not in settled.facts
    assert settled.status_after is Status.CLOSED
