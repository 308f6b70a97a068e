"""An agency hears of a case while it has it."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.concern import concerned_with, concerns
from hub.domain.lifecycle import fold
from schemas.events import LogEvent, NewEvent
from schemas.status import Status
from tests.unit.domain.builders import (
    START,
    WORKS,
    assigned,
    assigned_case,
    event,
    numbered,
    update,
)
from tests.unit.domain.test_lifecycle_order import hub_events, interleaved, updates

AGENCY = WORKS[0]


def log(events: Sequence[NewEvent]) -> list[LogEvent]:
    return [
        LogEvent(
            **dict(e),
            complaint_id="c-1",
            seq=seq,
            event_id=str(seq),
            recorded_at=START,
            status_after=Status.RECEIVED,
        )
        for seq, e in numbered(events)
    ]


def types(events: Sequence[NewEvent]) -> list[str]:
    found = concerned_with(log(events), AGENCY)
    return [e.type for seq, e in numbered(events) if seq in found]


REPLY = event("reporter_replied", 90)


def test_who_gave_a_case_back_hears_no_more_but_how_it_ends() -> None:
    gone = event("returned", 60, leg=WORKS)

    told = types([*assigned_case(), gone, REPLY, event("withdrawn", 95)])

    assert told[-2:] == ["returned", "withdrawn"]


def test_who_gets_it_again_hears_what_is_said_from_then_on() -> None:
    gone = event("returned", 60, leg=WORKS)
    again = assigned((AGENCY, 2), 80)

    told = types([*assigned_case(), gone, REPLY, again, REPLY])

    assert told[-3:] == ["returned", "assigned", "reporter_replied"]


@pytest.mark.parametrize("minutes", [61, 10_000])
def test_who_settled_a_case_hears_the_reply_that_opens_it(minutes: int) -> None:
    settled = update("resolved", WORKS, 1, 60)

    assert types([*assigned_case(), settled, REPLY])[-1] == "reporter_replied"


@settings(max_examples=200, deadline=None)
@given(st.data(), hub_events(), updates())
def test_what_concerns_an_agency_when_it_is_appended_concerns_it_when_it_is_sent(
    data: st.DataObject, own: list[NewEvent], news: list[NewEvent]
) -> None:
    events = data.draw(st.composite(interleaved)(own, news))
    opened = next(seq for seq, e in events if e.type == "assigned")
    when_appended = {
        seq
        for n, (seq, e) in enumerate(events, start=1)
        if seq >= opened and concerns(e, fold(events[:n]), AGENCY)
    }

    found = concerned_with(log([e for _, e in events]), AGENCY)

    assert {seq for seq in found if seq >= opened} == when_appended
