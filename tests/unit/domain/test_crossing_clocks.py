"""Clocks and people whose words cross: late answers, holds, replies, changed limits."""

from collections.abc import Sequence

from hub.bootstrap.deadlines import public_holidays
from hub.domain.deadlines import Deadlines
from hub.domain.ladder import event_of
from schemas.deadlines import ClockKind, ClockStage, DeadlineTable, Limit
from schemas.events import NewEvent
from schemas.parties import Role
from tests.unit.domain.builders import (
    CIVIL_REGISTRY,
    WORKS,
    assigned,
    assigned_case,
    event,
    numbered,
    update,
)
from tests.unit.domain.test_deadlines import DAY, HUB, K, after, clocks, only


def test_a_silence_begins_when_the_word_arrived_and_not_when_it_was_said() -> None:
    late = update("followed_up", WORKS, 1, 60, kind="substantive", arrived_at=after(20))
    silence = only([*assigned_case(), late], K.CLOSE_BY_SILENCE)

    assert silence.run.started_at == after(20)
    due = HUB.due(numbered([*assigned_case(), late]), after(21))
    assert ClockStage.RUN_OUT not in {step.stage for _, step in due}


def test_what_follows_by_itself_waits_while_its_clock_stands() -> None:
    answered = [*assigned_case(), update("followed_up", WORKS, 1, 60)]
    held = [*answered, event("put_on_hold", 30 * DAY)]
    going_on = [*held, event("resumed", 31 * DAY)]

    def ends(events: Sequence[NewEvent]) -> list[ClockKind]:
        due = HUB.due(numbered(events), after(32))
        return [c.kind for c, one in due if one.stage is ClockStage.RUN_OUT]

    assert ends(answered) == ends(going_on) == [K.CLOSE_BY_SILENCE]
    assert K.CLOSE_BY_SILENCE not in ends(held)


def test_an_agency_that_waits_for_the_reporter_waits_not_for_ever() -> None:
    waiting = [*assigned_case(), update("leg_put_on_hold", WORKS, 1, 60)]

    assert only(waiting, K.CLOSE_BY_SILENCE).due_at is not None
    answered = [*waiting, event("reporter_replied", DAY)]
    assert only(answered, K.CLOSE_BY_SILENCE).run.ended_by == "reporter_replied"


def test_a_correction_ends_the_wait_for_what_was_missing() -> None:
    events = [event("received"), event("put_on_hold", 5), event("corrected", 9)]

    assert only(events, K.MISSING_DOCUMENTS).run.stopped_at is not None


def test_a_copy_that_comes_back_is_nothing_for_the_centre() -> None:
    copy = assigned(CIVIL_REGISTRY, 2, Role.CC)
    back = event("returned", 60, leg=WORKS)
    cc_back = event("returned", 9 * DAY, leg=CIVIL_REGISTRY)

    assert len(clocks([*assigned_case(), copy, back, cc_back], K.REASSIGN)) == 1


def test_a_stricter_limit_notes_no_breach_twice() -> None:
    strict = Deadlines(
        DeadlineTable(limits=(Limit(clock=K.SETTLE, working_days=12),)),
        public_holidays,
    )
    log = [*assigned_case()]
    for clock, step in HUB.due(numbered(log), after(30)):
        log.append(event_of(clock, step, after(30)))
    log.append(update("resolved", WORKS, 1, 31 * DAY))

    again = strict.due(numbered(log), after(40))
    assert ClockStage.BREACH not in {step.stage for _, step in again}
