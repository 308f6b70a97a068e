"""Invariant 3: arrival order and repetition never change what a complaint is."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.lifecycle import LEG_RANK, fold
from hub.domain.order import effective_order
from schemas.events import AGENCY_EVENTS, NewEvent
from schemas.parties import Role
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
    numbered,
    update,
    verified_case,
)

LEGS = (WORKS, CIVIL_REGISTRY, HEALTH)
HUB_LEG_EVENTS = ("return_refused", "returned")
HUB_CASE_EVENTS = (
    "put_on_hold",
    "resumed",
    "verified",
    "reporter_replied",
    "accepted",
    "appealed",
    "reopened",
    "archived",
    "restored",
    "withdrawn",
    "closed_by_silence",
    "rejected",
    "merged_into",
)
MONTH = 30 * 24 * 60

minutes = st.integers(0, MONTH) | st.integers(0, 12)
words = st.sampled_from(sorted(AGENCY_EVENTS))


@st.composite
def updates(draw: st.DrawFn) -> list[NewEvent]:
    """Draw updates of all legs, legal or not, confirmed ones among them."""
    drawn = draw(
        st.lists(st.tuples(st.sampled_from(LEGS), words, minutes, st.booleans()))
    )
    return [
        update("confirmed", leg, n, when, stands_for=name)
        if confirmed
        else update(name, leg, n, when)
        for n, (leg, name, when, confirmed) in enumerate(drawn)
    ]


@st.composite
def hub_events(draw: st.DrawFn) -> list[NewEvent]:
    """Draw what the hub itself appends: three legs, then anything."""
    case = st.builds(event, st.sampled_from(HUB_CASE_EVENTS), minutes)
    leg = st.builds(
        event,
        st.sampled_from(HUB_LEG_EVENTS),
        minutes,
        leg=st.sampled_from(LEGS),
    )
    opening = [
        *verified_case(),
        assigned(WORKS),
        assigned(CIVIL_REGISTRY, 2),
        assigned(HEALTH, 4, Role.CC),
    ]
    return opening + draw(st.lists(case | leg, max_size=8))


def interleaved(
    draw: st.DrawFn, own: Sequence[NewEvent], news: Sequence[NewEvent]
) -> list[tuple[int, NewEvent]]:
    """Let news arrive in any order between the hub's own events, some twice."""
    again = draw(st.lists(st.sampled_from(news), max_size=4)) if news else []
    arrived = draw(st.permutations([*news, *again]))
    turns = draw(st.permutations([True] * len(own) + [False] * len(arrived)))
    mine, theirs = iter(own), iter(arrived)
    return numbered([next(mine if turn else theirs) for turn in turns])


def essence(events: Sequence[tuple[int, NewEvent]]) -> Any:
    """Show what must not depend on arrival: everything but the seqs."""
    state = fold(events)
    cause = {seq: e.cause.id for seq, e in events}
    legs = {
        key: replace(leg, opened_seq=0, closed_seq=None)
        for key, leg in state.legs.items()
    }
    timeline = [(when, e) for when, _, e in effective_order(events)]
    illegal = [cause[seq] for seq in state.illegal]
    return legs, state.status, state.closed_at, state.facts, timeline, illegal


@settings(max_examples=250, deadline=None)
@given(st.data(), hub_events(), updates())
def test_every_arrival_order_and_repetition_gives_the_same_case(
    data: st.DataObject, own: list[NewEvent], news: list[NewEvent]
) -> None:
    one = data.draw(st.composite(interleaved)(own, news))
    other = data.draw(st.composite(interleaved)(own, news))

    assert essence(one) == essence(other) == essence(numbered([*own, *news]))


@settings(max_examples=100, deadline=None)
@given(hub_events(), updates())
def test_the_hubs_own_events_keep_their_seq_order(
    own: list[NewEvent], news: list[NewEvent]
) -> None:
    rows = effective_order(numbered([*news, *own]))

    seqs = [seq for _, seq, e in rows if not e.occurrence_key]
    assert seqs == sorted(seqs)
    assert len(seqs) == len(own)
    assert [when for when, _, _ in rows] == sorted(when for when, _, _ in rows)


@settings(max_examples=150, deadline=None)
@given(hub_events(), updates())
def test_a_confirmed_update_folds_like_the_one_it_stands_for(
    own: list[NewEvent], news: list[NewEvent]
) -> None:
    spoken = [
        update(e.facts["stands_for"], e.leg, int(e.order_key), 0).model_copy(
            update={"occurred_at": e.occurred_at, "cause": e.cause}
        )
        if e.type == "confirmed" and e.leg == WORKS
        else e
        for e in news
    ]

    before, after = folded([*own, *news]), folded([*own, *spoken])

    assert before == after


CHAIN = ("unit_assigned", "work_started", "followed_up", "resolved")


@pytest.mark.parametrize("leg", [WORKS, CIVIL_REGISTRY])
@given(data=st.data())
def test_an_older_update_that_comes_late_moves_nothing_back(
    data: st.DataObject, leg: tuple[str, int]
) -> None:
    chain = [update(name, leg, n, n) for n, name in enumerate(CHAIN, start=1)]
    arrived = data.draw(st.permutations(chain))
    opening = assigned_case(leg)

    seen = [
        LEG_RANK[folded([*opening, *arrived[:n]]).status]
        for n in range(len(arrived) + 1)
    ]

    assert seen == sorted(seen)
    assert seen[-1] == LEG_RANK[Status.CLOSED]


def test_a_sequence_is_stronger_than_the_agencys_clock() -> None:
    first, second = (
        update("resolved", WORKS, 1, 60),
        update("work_started", WORKS, 2, 5),
    )

    state = folded([*assigned_case(), second, first])

    assert state.status is Status.IN_PROGRESS


def test_an_update_from_before_its_assignment_stands_right_after_it() -> None:
    early = update("work_started", WORKS, 1, -500)

    state = folded([early, *assigned_case()])
    order = effective_order(numbered([early, *assigned_case()]))

    assert state.status is Status.IN_PROGRESS
    assert order[-1] == (at(0), 1, early)


def test_going_back_and_forth_is_three_updates() -> None:
    news = [
        update("work_started", WORKS, 1, 10),
        update("resolved", WORKS, 2, 20),
        update("work_started", WORKS, 3, 30),
    ]

    assert folded([*assigned_case(), *news]).status is Status.IN_PROGRESS
    assert len(effective_order(numbered([*assigned_case(), *news, *news]))) == 7


def test_the_head_is_the_highest_seq_that_arrived() -> None:
    assert folded([]).head_seq == 0
    assert folded(assigned_case()).head_seq == 4
