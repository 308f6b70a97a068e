"""An agency's word that was said before its author knew of a decision."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.conflicts import STANDS
from hub.domain.folding import Folding
from hub.domain.lifecycle import CASE_MOVES, LEG_MOVES, CaseState, why_unmoved
from schemas.events import NewEvent
from schemas.status import Status
from tests.unit.domain.builders import (
    CIVIL_REGISTRY,
    WORKS,
    assigned_case,
    event,
    folded,
    numbered,
    update,
)

SETTLED = [*assigned_case(), update("resolved", WORKS, 1, 5)]
"""Six events; the case is closed."""
REOPENED = [*SETTLED, event("reopened", 10)]
GOING_ON = [*assigned_case(), update("followed_up", WORKS, 1, 5)]


def said(name: str, heard: int | None, minutes: float = 20) -> NewEvent:
    told: dict[str, Any] = {} if heard is None else {"heard_seq": heard}
    return update(name, WORKS, 2, minutes, **told)


def test_who_settles_before_hearing_of_the_objection_does_not_close_it() -> None:
    state = folded([*REOPENED, said("resolved", 5)])

    assert state.status is Status.IN_PROGRESS
    assert state.overtaken == ((7, 6),)
    assert state.illegal == ()
    assert "overtaken by event 6" in why_unmoved(state, 7)


@pytest.mark.parametrize("heard", [6, 7, None])
def test_who_has_heard_of_it_settles_again(heard: int | None) -> None:
    state = folded([*REOPENED, said("resolved", heard)])

    assert state.status is Status.CLOSED
    assert state.overtaken == ()


def test_a_reply_that_reopens_counts_as_an_objection() -> None:
    state = folded([*SETTLED, event("reporter_replied", 10), said("resolved", 5)])

    assert state.status is Status.IN_PROGRESS
    assert state.overtaken == ((7, 6),)


def test_a_reply_that_moves_nothing_is_no_decision() -> None:
    state = folded([*GOING_ON, event("reporter_replied", 10), said("resolved", 5)])

    assert state.status is Status.CLOSED


@pytest.mark.parametrize("decision", ["accepted", "closed"])
@pytest.mark.parametrize("word", ["work_started", "followed_up", "leg_put_on_hold"])
def test_what_was_accepted_or_closed_stays_closed(decision: str, word: str) -> None:
    state = folded([*GOING_ON, event(decision, 10), said(word, 5)])

    assert state.status is Status.CLOSED
    assert state.overtaken == ((7, 6),)
    assert folded([*GOING_ON, event(decision, 10), said(word, 6)]).overtaken == ()


def test_an_answer_ends_a_silence_whatever_its_author_has_heard() -> None:
    state = folded([*GOING_ON, event("closed_by_silence", 10), said("followed_up", 5)])

    assert state.status is Status.IN_PROGRESS


def test_a_later_decision_takes_the_place_of_an_earlier_one() -> None:
    both = [*REOPENED, event("closed", 12)]
    state = folded([*both, said("resolved", 5)])

    assert state.overtaken == ()
    assert state.status is Status.CLOSED


def test_another_leg_is_overtaken_by_the_same_decision() -> None:
    legs = assigned_case(WORKS, CIVIL_REGISTRY)
    settled = [update("resolved", leg, 1, 5) for leg in (WORKS, CIVIL_REGISTRY)]
    late = update("resolved", CIVIL_REGISTRY, 2, 20, heard_seq=7)
    state = folded([*legs, *settled, event("reopened", 10), late])

    assert state.legs[CIVIL_REGISTRY].status is Status.IN_PROGRESS


def test_the_table_names_decisions_and_words_that_exist() -> None:
    assert set(STANDS) <= set(CASE_MOVES)
    assert set().union(*STANDS.values()) <= set(LEG_MOVES)


def essence(state: CaseState) -> Any:
    legs = {k: leg.status for k, leg in state.legs.items()}
    return legs, state.status, state.decided, state.overtaken, state.illegal


_DECISIONS = st.sampled_from(
    [*STANDS, "appealed", "reporter_replied", "put_on_hold", "resumed"]
)
_WORDS = st.sampled_from(sorted(LEG_MOVES))


@given(
    st.lists(
        st.tuples(st.booleans(), _DECISIONS, _WORDS, st.integers(0, 12)), max_size=10
    )
)
def test_growing_event_by_event_finds_the_same_conflicts(
    drawn: list[tuple[bool, str, str, int]],
) -> None:
    events: list[NewEvent] = list(assigned_case())
    for n, (decides, decision, word, heard) in enumerate(drawn, start=1):
        if decides or word in {"return_refused", "returned"}:
            events.append(event(decision, n))
        else:
            events.append(update(word, WORKS, n, n, heard_seq=heard))
    growing = Folding()
    for seq, one in numbered(events):
        growing.take(seq, one, growing.after(seq, one))

    assert essence(growing.state) == essence(folded(events))
