"""What each event does to a complaint and to its legs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.lifecycle import CASE_MOVES, LEG_MOVES, LEG_RANK, REOPEN_WINDOW
from schemas.events import CATALOGUE, NewEvent
from schemas.parties import Author, AuthorKind, Role
from schemas.status import Status
from tests.unit.domain.builders import (
    CIVIL_REGISTRY,
    HEALTH,
    WORKS,
    assigned,
    assigned_case,
    at,
    event,
    folded,
    update,
    verified_case,
)

S = Status
DAY = 24 * 60
WINDOW = REOPEN_WINDOW.total_seconds() / 60


def leg_event(name: str, minutes: float = 1) -> NewEvent:
    if name in {"return_refused", "returned"}:
        return event(name, minutes, leg=WORKS)
    return update(name, WORKS, int(minutes), minutes)


LEG_ROADS: dict[Status, tuple[str, ...]] = {
    S.ASSIGNED: (),
    S.ASSIGNED_UNIT: ("unit_assigned",),
    S.RETURN_REQUESTED: ("return_requested",),
    S.IN_PROGRESS: ("work_started",),
    S.ON_HOLD: ("leg_put_on_hold",),
    S.CLOSED: ("resolved",),
    S.RETURNED: ("returned",),
}
CASE_ROADS: dict[Status, list[NewEvent]] = {
    S.RECEIVED: [event("received")],
    S.ON_HOLD: [event("received"), event("put_on_hold")],
    S.VERIFIED: verified_case(),
    **{
        status: [*assigned_case(), *(leg_event(name) for name in road)]
        for status, road in LEG_ROADS.items()
        if status not in {S.ON_HOLD, S.RETURNED}
    },
    S.APPEALED: [*assigned_case(), leg_event("resolved"), event("appealed", 2)],
    S.ARCHIVED: [event("received"), event("archived")],
    S.REJECTED: [event("received"), event("rejected")],
    S.MERGED: [event("received"), event("merged_into")],
    S.EMERGENCY_REDIRECTED: [event("received"), event("emergency_redirected")],
    S.WITHDRAWN: [event("received"), event("withdrawn")],
}
TERMINAL = {S.REJECTED, S.MERGED, S.EMERGENCY_REDIRECTED, S.WITHDRAWN}


def test_the_roads_lead_to_every_status() -> None:
    assert set(CASE_ROADS) == set(Status) - {S.RETURNED}
    assert set(LEG_ROADS) == set(LEG_RANK)
    for status, road in CASE_ROADS.items():
        assert folded(road).status is status
        assert folded(road).illegal == ()


@pytest.mark.parametrize("start", CASE_ROADS)
@pytest.mark.parametrize("name", CASE_MOVES)
def test_a_case_moves_only_from_where_it_may(name: str, start: Status) -> None:
    road = CASE_ROADS[start]

    state = folded([*road, event(name, 5)])

    if start in CASE_MOVES[name]:
        assert state.illegal == ()
        assert state.status is CATALOGUE[name].effect.to
    else:
        assert state.illegal == (len(road) + 1,)
        assert state.status is start


@pytest.mark.parametrize("start", sorted(TERMINAL))
def test_what_ended_for_good_takes_no_move(start: Status) -> None:
    assert not any(start in legal for legal in CASE_MOVES.values())


@pytest.mark.parametrize("start", LEG_ROADS)
@pytest.mark.parametrize("name", LEG_MOVES)
def test_a_leg_moves_only_from_where_it_may(name: str, start: Status) -> None:
    road = [*assigned_case(), *(leg_event(step) for step in LEG_ROADS[start])]

    state = folded([*road, leg_event(name, 5)])

    if start in LEG_MOVES[name]:
        assert state.illegal == ()
        assert state.legs[WORKS].status is (CATALOGUE[name].effect.to or start)
    else:
        assert state.illegal == (len(road) + 1,)
        assert state.legs[WORKS].status is start


def test_the_tables_name_every_move_of_the_catalogue() -> None:
    moves = {n for n, row in CATALOGUE.items() if row.effect.scope == "leg"}

    assert set(LEG_MOVES) == moves - {"assigned"}
    assert set(CASE_MOVES) <= {n for n, r in CATALOGUE.items() if r.effect.to}


# --- several legs ---------------------------------------------------------------


def test_the_case_stands_where_its_least_advanced_open_main_leg_stands() -> None:
    opening = assigned_case(WORKS, CIVIL_REGISTRY)

    one = folded([*opening, update("work_started", WORKS, 1, 1)])
    ended = folded([*opening, update("resolved", WORKS, 1, 1)])
    both = folded(
        [
            *opening,
            update("resolved", WORKS, 1, 1),
            update("resolved", CIVIL_REGISTRY, 2, 2),
        ]
    )

    assert one.status is S.ASSIGNED
    assert ended.status is S.ASSIGNED
    assert both.status is S.CLOSED
    assert both.closed_at == at(2)


def test_a_case_whose_only_leg_was_returned_waits_for_another_agency() -> None:
    state = folded([*assigned_case(), event("returned", 3, leg=WORKS)])

    assert state.status is S.VERIFIED
    assert folded([*assigned_case(), event("returned", 3, leg=WORKS)]).illegal == ()


@given(st.lists(st.sampled_from(sorted(LEG_MOVES))))
def test_a_copied_agency_never_counts(names: list[str]) -> None:
    copy = assigned(HEALTH, 1, Role.CC)
    news = [
        event(name, n, leg=HEALTH)
        if name in {"return_refused", "returned"}
        else update(name, HEALTH, n, n)
        for n, name in enumerate(names, start=2)
    ]

    for road in (assigned_case(), verified_case(), CASE_ROADS[S.CLOSED]):
        assert folded([*road, copy, *news]).status is folded(road).status


@pytest.mark.parametrize("end", ["accepted", "appealed"])
def test_copying_an_agency_in_opens_nothing_again(end: str) -> None:
    road = [*CASE_ROADS[S.CLOSED], event(end, 2)]

    copied = folded([*road, assigned(HEALTH, 3, Role.CC)])

    assert copied.status is folded(road).status
    assert HEALTH in copied.legs


def test_another_main_agency_opens_an_appealed_case() -> None:
    state = folded([*CASE_ROADS[S.APPEALED], assigned(CIVIL_REGISTRY, 3)])

    assert state.status is S.ASSIGNED


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("acknowledged", S.CLOSED),
        ("resolved", S.CLOSED),
        ("followed_up", S.IN_PROGRESS),
    ],
)
def test_only_an_agency_that_goes_on_opens_an_accepted_case(
    name: str, status: Status
) -> None:
    road = [*CASE_ROADS[S.IN_PROGRESS], event("accepted", 2)]

    assert folded([*road, update(name, WORKS, 3, 3)]).status is status


def test_nobody_is_assigned_before_the_case_is_verified() -> None:
    state = folded([event("received"), assigned(WORKS)])

    assert state.legs == {}
    assert state.illegal == (2,)


def test_a_leg_opens_once() -> None:
    state = folded([*assigned_case(), assigned(WORKS, 1)])

    assert state.illegal == (5,)
    assert state.legs[WORKS].opened_seq == 4


# --- the reporter ---------------------------------------------------------------


def test_a_reply_ends_the_hold() -> None:
    before = folded([*CASE_ROADS[S.ON_HOLD], event("reporter_replied", 5)])
    later = folded(
        [*assigned_case(), event("put_on_hold", 4), event("reporter_replied", 5)]
    )

    assert before.status is S.RECEIVED
    assert later.status is S.ASSIGNED


@pytest.mark.parametrize(
    ("minutes", "status"),
    [(1, S.IN_PROGRESS), (WINDOW, S.IN_PROGRESS), (WINDOW + 1, S.CLOSED)],
)
def test_a_reply_opens_a_closed_case_within_the_window(
    minutes: float, status: Status
) -> None:
    closed = [*assigned_case(), update("resolved", WORKS, 1, 60)]

    state = folded([*closed, event("reporter_replied", 60 + minutes)])

    assert state.status is status
    assert state.illegal == ()


def test_a_reply_opens_a_case_that_silence_closed() -> None:
    silent = [*CASE_ROADS[S.IN_PROGRESS], event("closed_by_silence", 10 * DAY)]

    state = folded([*silent, event("reporter_replied", 11 * DAY)])

    assert folded(silent).closed_at == at(10 * DAY)
    assert state.status is S.IN_PROGRESS


def test_a_second_receipt_changes_no_facts() -> None:
    again = event("received", 1, reporter_id="r-2")

    state = folded([event("received"), again])

    assert state.facts["reporter_id"] == "r-1"
    assert state.illegal == (2,)


def test_what_officials_set_is_taken_into_the_facts() -> None:
    state = folded(
        [event("received"), event("classified", supervisory_grade=True), event("rated")]
    )

    assert state.facts["supervisory_grade"] is True
    assert state.facts["stars"] == 4
    assert state.facts["report_type"] == "complaint"


def test_a_merged_case_names_the_one_it_follows() -> None:
    assert folded(CASE_ROADS[S.MERGED]).merged_into == "c-2"


# --- flags ----------------------------------------------------------------------

flag = st.sampled_from([None, True, False])


@given(st.booleans(), st.booleans(), st.lists(st.tuples(flag, flag)))
def test_flags_only_get_stricter_without_a_second_person(
    anonymous: bool,  # noqa: FBT001
    confidential: bool,  # noqa: FBT001
    changes: list[tuple[bool | None, bool | None]],
) -> None:
    state = folded(
        [
            event("received", anonymous=anonymous, confidential=confidential),
            *(
                event("flags_changed", n, anonymous=a, confidential=c)
                for n, (a, c) in enumerate(changes)
            ),
        ]
    )

    assert state.facts["anonymous"] is (anonymous or any(a for a, _ in changes))
    assert state.facts["confidential"] is (confidential or any(c for _, c in changes))


def test_two_persons_lift_a_flag_and_leave_the_other() -> None:
    lifted = event("flags_changed", 1, anonymous=False, second_person="officer-2")

    state = folded([event("received", anonymous=True, confidential=True), lifted])

    assert state.facts["anonymous"] is False
    assert state.facts["confidential"] is True


def test_facts_that_the_fold_does_not_know_change_nothing() -> None:
    road = assigned_case()

    assert folded([*road, event("triage_requested")]).status is folded(road).status
    assert folded([*road, event("handed_over", leg=WORKS)]).illegal == ()


def test_a_reply_that_crosses_an_archive_by_the_clock_takes_it_back() -> None:
    clock = Author(kind=AuthorKind.CLOCK, id="missing_documents")
    officer = Author(kind=AuthorKind.OPERATOR, id="cli:siti")
    case = [event("received"), event("put_on_hold", 1)]

    def after_reply(author: Author) -> Status:
        archived = event("archived", 5, author=author, reason_code="no_answer")
        return folded([*case, archived, event("reporter_replied", 6)]).status

    assert after_reply(clock) is Status.RECEIVED
    assert after_reply(officer) is Status.ARCHIVED
