"""Clocks: when they start, stand and stop, and what is due when."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.bootstrap.deadlines import public_holidays
from hub.domain.deadlines import (
    CAUSE_MAX,
    Clock,
    ClockState,
    Deadlines,
    moves_clocks,
)
from hub.domain.ladder import event_of
from schemas.deadlines import (
    ClockKind,
    ClockStage,
    DayOverride,
    DeadlineTable,
    Limit,
)
from schemas.events import NewEvent
from tests.unit.domain.builders import (
    CIVIL_REGISTRY,
    START,
    WORKS,
    assigned,
    assigned_case,
    event,
    numbered,
    update,
    verified_case,
)
from tests.unit.domain.test_lifecycle_order import hub_events, interleaved, updates

K = ClockKind
DAY = 24 * 60
HUB = Deadlines(DeadlineTable(), public_holidays)
EVER = datetime(2060, 1, 1, tzinfo=UTC)


def clocks(
    events: Sequence[NewEvent], kind: ClockKind, of: Deadlines = HUB
) -> list[Clock]:
    return [one for one in of.clocks(numbered(events)) if one.kind is kind]


def only(events: Sequence[NewEvent], kind: ClockKind, of: Deadlines = HUB) -> Clock:
    (found,) = clocks(events, kind, of)
    return found


def due_on(clock: Clock) -> str:
    return clock.due_at.date().isoformat() if clock.due_at else ""


def after(days: float) -> datetime:
    return START + timedelta(days=days)


# --- when they start and stop --------------------------------------------------


def test_verifying_runs_from_submission_to_the_first_main_agency() -> None:
    waiting = only([event("received"), event("registered")], K.VERIFY)
    given_ = only(assigned_case(), K.VERIFY)

    assert waiting.state(START) is ClockState.RUNNING
    assert due_on(waiting) == "2026-11-27"
    assert waiting.state(after(10)) is ClockState.BREACHED
    assert given_.state(after(10)) is ClockState.MET
    assert given_.run.ended_by == "assigned"


def test_verified_is_not_yet_forwarded() -> None:
    assert only(verified_case(), K.VERIFY).run.stopped_at is None


def test_each_main_leg_has_its_own_clocks_and_a_copy_has_none() -> None:
    both = assigned_case(WORKS, CIVIL_REGISTRY)

    for kind in (K.FIRST_FOLLOW_UP, K.SETTLE):
        assert {c.run.leg for c in clocks(both, kind)} == {WORKS, CIVIL_REGISTRY}
    cc = [*verified_case(), event("assigned", 0, leg=("dinkes", 1), role="cc")]
    assert clocks(cc, K.SETTLE) == []
    assert only(cc, K.VERIFY).run.stopped_at is None


@pytest.mark.parametrize(
    ("name", "kind", "stopped_at"),
    [
        ("acknowledged", "ack", None),
        ("work_started", "interim", None),
        ("followed_up", "ack", None),
        ("followed_up", "interim", START + timedelta(days=1)),
        ("resolved", "final", START + timedelta(days=1)),
    ],
)
def test_only_an_answer_is_a_first_follow_up(
    name: str, kind: str, stopped_at: datetime | None
) -> None:
    events = [*assigned_case(), update(name, WORKS, 1, DAY, kind=kind)]

    clock = only(events, K.FIRST_FOLLOW_UP)

    assert clock.run.stopped_at == stopped_at
    assert due_on(clock) == "2026-12-01"


@pytest.mark.parametrize(
    ("facts", "due"),
    [
        ({"report_type": "information_request"}, "2026-12-01"),
        ({"report_type": "suggestion"}, "2026-12-01"),
        ({"report_type": "complaint"}, "2026-12-14"),
        ({"supervisory_grade": True}, "2027-02-23"),
    ],
)
def test_settling_is_due_by_type_and_grade(facts: dict[str, Any], due: str) -> None:
    events = [*assigned_case(), event("classified", 1, **facts)]

    assert due_on(only(events, K.SETTLE)) == due


def test_a_new_grade_makes_a_new_due_date_and_the_old_one_is_told() -> None:
    graded = event("classified", 3 * DAY, supervisory_grade=True)
    clock = only([*assigned_case(), graded], K.SETTLE)

    assert [(t.since, t.working_days) for t in clock.terms] == [
        (START, 14),
        (after(3), 60),
    ]
    assert clock.terms[0].due_at == datetime(2026, 12, 14, 9, tzinfo=UTC)
    assert due_on(clock) == "2027-02-23"


def test_a_classification_that_changes_no_limit_is_no_change() -> None:
    said = event("classified", DAY, category={"code": "jalan"}, report_type="complaint")

    assert len(only([*assigned_case(), said], K.SETTLE).terms) == 1


# --- what stands ---------------------------------------------------------------


def test_everything_stands_while_the_case_is_on_hold() -> None:
    held = [*assigned_case(), event("put_on_hold", DAY)]
    back = [*held, event("reporter_replied", 4 * DAY)]

    assert only(held, K.SETTLE).state(after(100)) is ClockState.PAUSED
    assert only(held, K.SETTLE).due_at is None
    # 25, 26, 27 November do not count: the reply came on the 28th, a Saturday
    assert due_on(only(back, K.SETTLE)) == "2026-12-17"
    assert only(back, K.SETTLE).state(after(5)) is ClockState.RUNNING


def test_a_legs_hold_stops_that_legs_clocks_until_the_reporter_answers() -> None:
    events = [
        *assigned_case(WORKS, CIVIL_REGISTRY),
        update("leg_put_on_hold", WORKS, 1, DAY),
    ]
    states = {c.run.leg: c.state(after(2)) for c in clocks(events, K.SETTLE)}
    replied = [*events, event("reporter_replied", 2 * DAY)]

    assert states == {WORKS: ClockState.PAUSED, CIVIL_REGISTRY: ClockState.RUNNING}
    assert {c.state(after(3)) for c in clocks(replied, K.SETTLE)} == {
        ClockState.RUNNING
    }


def test_while_a_return_is_decided_the_centres_clock_runs_and_the_agencys_stands() -> (
    None
):
    asked = [*assigned_case(), update("return_requested", WORKS, 1, DAY)]
    kept = [*asked, event("return_refused", 2 * DAY, leg=WORKS)]

    assert only(asked, K.SETTLE).state(after(2)) is ClockState.PAUSED
    assert only(asked, K.REASSIGN).state(after(2)) is ClockState.RUNNING
    assert only(kept, K.REASSIGN).state(after(3)) is ClockState.MET
    assert only(kept, K.SETTLE).state(after(3)) is ClockState.RUNNING


def test_reassigning_runs_on_until_somebody_else_has_it() -> None:
    gone = [
        *assigned_case(),
        update("return_requested", WORKS, 1, DAY),
        event("returned", 2 * DAY, leg=WORKS),
    ]
    found = [*gone, assigned(CIVIL_REGISTRY, 3 * DAY)]

    assert only(gone, K.REASSIGN).run.stopped_at is None
    assert only(gone, K.SETTLE).run.ended_by == "returned"
    assert only(found, K.REASSIGN).run.stopped_at == after(3)
    assert only(found, K.REASSIGN).run.started_at == after(1)


def test_a_correction_is_an_answer_of_the_reporter() -> None:
    events = [*assigned_case(), update("followed_up", WORKS, 1, DAY)]
    corrected = [*events, event("corrected", 2 * DAY)]

    clock = only(corrected, K.CLOSE_BY_SILENCE)
    assert clock.run.ended_by == "corrected"


def test_an_answer_that_a_decision_stands_against_moves_no_clock() -> None:
    begun = [*assigned_case(), update("work_started", WORKS, 1, DAY)]
    closed = [*begun, event("closed", 2 * DAY)]
    late = [*closed, update("followed_up", WORKS, 2, 3 * DAY, heard_seq=len(begun))]

    assert essence(numbered(late)) == essence(numbered(closed))


# --- silence and documents -----------------------------------------------------


def test_silence_runs_from_the_last_follow_up_without_a_reply() -> None:
    first = [*assigned_case(), update("followed_up", WORKS, 1, DAY)]
    again = [*first, update("followed_up", WORKS, 2, 2 * DAY)]
    replied = [*again, event("reporter_replied", 3 * DAY)]

    assert due_on(only(first, K.CLOSE_BY_SILENCE)) == "2026-12-09"
    assert [due_on(c) for c in clocks(again, K.CLOSE_BY_SILENCE)] == [
        "2026-12-09",
        "2026-12-10",
    ]
    assert [c.run.ended_by for c in clocks(replied, K.CLOSE_BY_SILENCE)] == [
        "followed_up",
        "reporter_replied",
    ]


def test_nobody_is_silent_while_an_agency_owes_an_answer() -> None:
    one = [
        *assigned_case(WORKS, CIVIL_REGISTRY),
        update("followed_up", WORKS, 1, DAY),
        update("work_started", CIVIL_REGISTRY, 1, DAY),
    ]
    both = [*one, update("followed_up", CIVIL_REGISTRY, 2, 2 * DAY)]

    assert clocks(one, K.CLOSE_BY_SILENCE) == []
    assert only(both, K.CLOSE_BY_SILENCE).run.started_at == after(2)


def test_silence_closes_and_is_no_acceptance() -> None:
    events = [*assigned_case(), update("followed_up", WORKS, 1, DAY)]
    due = only(events, K.CLOSE_BY_SILENCE).due_at
    assert due is not None

    ((clock, step),) = [
        pair
        for pair in HUB.due(numbered(events), due)
        if pair[1].stage is ClockStage.RUN_OUT
    ]
    closing = event_of(clock, step, due)

    assert (closing.type, closing.facts) == ("closed_by_silence", {"reason_code": ""})
    closed = [*events, closing]
    assert only(closed, K.SETTLE).run.ended_by == "closed_by_silence"
    assert only(closed, K.CLOSE_BY_SILENCE).run.stopped_at == due


def test_missing_documents_end_in_the_archive_with_their_reason() -> None:
    held = [event("received"), event("put_on_hold", 60)]
    clock = only(held, K.MISSING_DOCUMENTS)
    assert due_on(clock) == "2026-12-08"
    assert clock.due_at is not None
    assert clock.state(clock.due_at) is ClockState.RAN_OUT

    ((found, step),) = HUB.due(numbered(held), clock.due_at)
    archived = event_of(found, step, clock.due_at)

    assert (archived.type, archived.facts["reason_code"]) == ("archived", "no_answer")
    assert HUB.next_at(numbered([*held, archived])) is None
    replied = [*held, event("reporter_replied", DAY)]
    assert only(replied, K.MISSING_DOCUMENTS).state(EVER) is ClockState.MET


# --- a new start ---------------------------------------------------------------


def test_what_is_opened_again_starts_anew() -> None:
    closed = [*assigned_case(), update("resolved", WORKS, 1, DAY)]
    opened = [*closed, event("reopened", 10 * DAY)]

    for kind in (K.FIRST_FOLLOW_UP, K.SETTLE):
        first, second = clocks(opened, kind)
        assert first.state(EVER) is ClockState.MET
        assert second.run.started_at == after(10)


def test_an_appeal_is_reviewed_like_a_new_complaint() -> None:
    closed = [*assigned_case(), update("resolved", WORKS, 1, DAY)]
    appealed = [*closed, event("appealed", 2 * DAY)]

    _, review = clocks(appealed, K.VERIFY)
    assert review.run.started_at == after(2)
    assert review.state(after(2)) is ClockState.RUNNING
    again = [*appealed, assigned(CIVIL_REGISTRY, 3 * DAY)]
    assert clocks(again, K.VERIFY)[1].run.stopped_at == after(3)


@pytest.mark.parametrize("name", ["archived", "withdrawn", "merged_into", "erased"])
def test_nobody_is_waited_for_when_it_is_over(name: str) -> None:
    events = numbered([*assigned_case(), event(name, DAY)])

    assert all(c.run.stopped_at for c in HUB.clocks(events))
    assert HUB.next_at(events) is None


# --- the ladder ----------------------------------------------------------------


def test_the_ladder_warns_breaches_escalates_and_hands_over() -> None:
    events = numbered(assigned_case())
    found = [
        (clock.kind, step.stage, step.at.date().isoformat())
        for clock, step in HUB.due(events, EVER)
    ]

    assert [row for row in found if row[0] is K.FIRST_FOLLOW_UP] == [
        (K.FIRST_FOLLOW_UP, ClockStage.WARNING, "2026-11-30"),
        (K.FIRST_FOLLOW_UP, ClockStage.BREACH, "2026-12-01"),
        (K.FIRST_FOLLOW_UP, ClockStage.ESCALATION, "2026-12-04"),
        (K.FIRST_FOLLOW_UP, ClockStage.HAND_OVER, "2026-12-08"),
    ]
    assert HUB.next_at(events) == datetime(2026, 11, 30, 9, tzinfo=UTC)


def struck(events: list[NewEvent], now: datetime) -> list[NewEvent]:
    """Append what is due, as the store does."""
    return [
        *events,
        *(event_of(c, s, now) for c, s in HUB.due(numbered(events), now)),
    ]


def test_what_was_noted_is_not_noted_again() -> None:
    events = assigned_case()
    once = struck(events, EVER)

    assert [e.type for e in once[len(events) :]] == [
        "deadline_warned",
        "deadline_breached",
        "escalated",
        "handed_to_overseer",
    ] * 2
    assert struck(once, EVER) == once
    assert HUB.next_at(numbered(once)) is None


def test_an_agencys_clock_is_told_to_its_leg_and_the_centres_to_nobodys() -> None:
    late = struck([event("received")], EVER)[1:]
    agencys = struck(assigned_case(), EVER)[4:]

    assert {e.leg for e in late} == {None}
    assert [e.facts["told"] for e in late] == [
        ["national_admin"],
        ["national_admin"],
        ["national_admin"],
        ["overseer"],
    ]
    assert {e.leg for e in agencys} == {WORKS}
    assert [e.facts["told"] for e in agencys[:3]] == [
        ["liaison_officer"],
        ["agency_admin"],
        ["head", "national_admin"],
    ]


def test_who_answered_late_is_noted_also_when_nobody_looked_in_time() -> None:
    late = [*assigned_case(), update("followed_up", WORKS, 1, 30 * DAY)]
    due = HUB.due(numbered(late), after(30))

    first = [s.stage for c, s in due if c.kind is K.FIRST_FOLLOW_UP]
    assert first == [ClockStage.BREACH]
    assert only(late, K.FIRST_FOLLOW_UP).state(EVER) is ClockState.BREACHED


def test_another_limit_warns_anew() -> None:
    warned = struck(assigned_case(), datetime(2026, 12, 10, tzinfo=UTC))
    graded = [*warned, event("classified", 20 * DAY, supervisory_grade=True)]

    stages = [
        (s.stage, s.at.date())
        for c, s in HUB.due(numbered(graded), EVER)
        if c.kind is K.SETTLE
    ]
    assert stages[0] == (ClockStage.WARNING, date(2027, 2, 4))
    assert len(stages) == 4


def test_a_limit_of_one_day_has_no_warning() -> None:
    one = DeadlineTable(limits=(Limit(clock=K.VERIFY, working_days=1),))
    clock = only([event("received")], K.VERIFY, Deadlines(one, public_holidays))

    assert clock.steps[0].stage is ClockStage.BREACH


def test_the_name_of_a_step_fits_its_column_however_long_the_agencys_is() -> None:
    long = ("a" * 60, 12)
    names = [
        s.cause_id
        for c in HUB.clocks(numbered(assigned_case(WORKS, long)))
        for s in c.steps
    ]

    assert max(map(len, names)) == CAUSE_MAX
    assert len(set(names)) == len(names)


# --- calendars of agencies and regions -----------------------------------------


def special(**given: Any) -> Deadlines:
    override = DayOverride(first=date(2026, 11, 25), why="pilkada", **given)
    return Deadlines(DeadlineTable(days=(override,)), public_holidays)


def test_a_day_off_may_be_an_agencys_a_regions_or_everybodys() -> None:
    region = {"scheme": "kemendagri", "code": "32.76"}
    opening = [event("received", region=region), *assigned_case(WORKS)[1:]]

    for table, due in (
        (special(), "2026-12-15"),
        (special(agency=("dinas_pupr",)), "2026-12-15"),
        (special(agency=("dinkes",)), "2026-12-14"),
        (special(region=("32",)), "2026-12-15"),
        (special(region=("31",)), "2026-12-14"),
    ):
        assert due_on(only(opening, K.SETTLE, table)) == due


def test_a_later_line_takes_an_earlier_one_back() -> None:
    day = date(2026, 12, 24)
    back = DayOverride(first=day, working=True, why="revised")
    off = DayOverride(first=day, why="joint leave")

    for days, works in (((back,), True), ((back, off), False), ((off, back), True)):
        table = Deadlines(DeadlineTable(days=days), public_holidays)
        assert table.calendar().is_working(day) is works


def test_a_working_day_ends_in_the_zone_of_the_region_or_of_the_agency() -> None:
    east = {"scheme": "kemendagri", "code": "91.71"}
    events = [event("received", region=east), *assigned_case()[1:]]
    zones = Deadlines(DeadlineTable(zones={"dinas_pupr": "Asia/Makassar"}), dict)

    assert only(events, K.SETTLE).due_at == datetime(2026, 12, 14, 7, tzinfo=UTC)
    assert only(assigned_case(), K.SETTLE, zones).steps[0].at.hour == 8


# --- pure ----------------------------------------------------------------------


def essence(events: Sequence[tuple[int, NewEvent]]) -> Any:
    """Show every clock, with the event that started it instead of its seq."""
    cause = {seq: e.cause.id for seq, e in events}
    return [
        (
            c.kind,
            c.run.leg,
            cause[c.run.start_seq],
            c.run.started_at,
            c.run.pauses,
            c.run.stopped_at,
            c.run.ended_by,
            c.terms,
            [(s.stage, s.at) for s in c.steps],
        )
        for c in HUB.clocks(events)
    ]


@settings(max_examples=150, deadline=None)
@given(st.data(), hub_events(), updates())
def test_every_arrival_order_and_repetition_gives_the_same_clocks(
    data: st.DataObject, own: list[NewEvent], news: list[NewEvent]
) -> None:
    one = data.draw(st.composite(interleaved)(own, news))
    other = data.draw(st.composite(interleaved)(own, news))

    assert essence(one) == essence(other) == essence(numbered([*own, *news]))


@settings(max_examples=100, deadline=None)
@given(hub_events(), updates())
def test_what_is_due_is_noted_once_and_then_nothing_is_due(
    own: list[NewEvent], news: list[NewEvent]
) -> None:
    events = [*own, *news]
    for _ in range(6):
        grown = struck(events, EVER)
        if grown == events:
            break
        events = grown

    assert HUB.due(numbered(events), EVER) == []
    causes = [e.cause.id for e in events if e.cause.kind == "clock"]
    assert len(set(causes)) == len(causes)


@settings(max_examples=100, deadline=None)
@given(hub_events(), updates())
def test_an_event_that_concerns_no_clock_changes_no_clock(
    own: list[NewEvent], news: list[NewEvent]
) -> None:
    events = [*own, *news]
    before = HUB.next_at(numbered(events))
    for silent in ("handed_over", "hand_over_failed", "third_party_comment"):
        said = event(silent, 60 * DAY, leg=WORKS)
        assert not moves_clocks(said)
        assert HUB.next_at(numbered([*events, said])) == before
