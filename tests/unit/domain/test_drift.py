"""What differs between an agency's view and ours."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from hub.domain.delivery import CursorState
from hub.domain.drift import DriftKind, Heal, OurCase, compare, strangers
from schemas.events import AGENCY_EVENTS, CATALOGUE
from schemas.status import Status
from schemas.updates import AgencyView

OURS = OurCase(
    "c1", 1, Status.ASSIGNED, is_open=True, state=CursorState.ACTIVE, reference="R-1"
)
views = st.builds(
    AgencyView,
    reference=st.sampled_from(["R-1", "R-2", "R-3"]),
    present=st.booleans(),
    event_type=st.sampled_from(["", *sorted(AGENCY_EVENTS)]),
)
cases = st.builds(
    replace,
    st.just(OURS),
    status=st.sampled_from(Status),
    is_open=st.booleans(),
    is_late=st.booleans(),
    state=st.sampled_from(CursorState),
)


def test_what_a_system_did_not_tell_of_is_no_difference() -> None:
    assert compare([OURS], []) == []
    assert compare([], [AgencyView(reference="R-9")]) == []


@given(cases, st.lists(views, max_size=3))
def test_a_case_differs_in_one_way_and_each_way_has_its_heal(
    case: OurCase, told: list[AgencyView]
) -> None:
    found = compare([case], told)

    assert len(found) <= 1
    for one in found:
        assert one.heal is not Heal.OPERATOR or one.why or one.theirs
        if one.kind is DriftKind.MISSING_THERE:
            assert case.is_open
        if one.heal in {Heal.HAND_OVER, Heal.WAKE}:
            assert case.state is CursorState.ACTIVE
        if one.kind is DriftKind.DIFFERENT_STATUS:
            assert one.theirs != case.status


@given(st.sampled_from(sorted(AGENCY_EVENTS)))
def test_a_word_that_puts_the_leg_where_it_stands_agrees(event: str) -> None:
    says = CATALOGUE[event].effect.to
    case = replace(OURS, status=says or Status.IN_PROGRESS)

    assert compare([case], [AgencyView(reference="R-1", event_type=event)]) == []


def test_strangers_are_those_that_are_neither_known_nor_under_our_key() -> None:
    told = [
        AgencyView(reference="old"),
        AgencyView(reference="theirs", key="somebody's"),
        AgencyView(reference="ours", key="key-1"),
        AgencyView(reference="gone", present=False),
    ]

    found = strangers(told, {"old"}, {"key-1": "c1"})

    assert [(one.kind, one.complaint_id, one.heal) for one in found] == [
        (DriftKind.MISSING_HERE, "", Heal.OPERATOR),
        (DriftKind.DIFFERENT_REFERENCE, "c1", Heal.NAME),
    ]
    assert "ours" not in repr(found[1]).replace("ours=", "")
