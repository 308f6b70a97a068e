"""A thousand histories: arrival order and repetition never change what happened.

`SIMPUL_HISTORY_SEED` repeats a run, whose seed is printed where one fails.
"""

import os
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from hub.database.case import Case
from hub.database.news import confirmed_if_no_news
from hub.domain.folding import Folding
from hub.domain.lifecycle import fold
from hub.domain.order import effective_order
from hub.domain.workflow import WORKFLOW
from schemas.events import CATALOGUE, NewEvent
from schemas.status import Status
from tests.unit.domain.histories.drawing import History, draw

pytestmark = pytest.mark.slow

HISTORIES = 1000
ORDERS = 3
SEED = int(os.environ.get("SIMPUL_HISTORY_SEED", random.randrange(10**6)))
Log = list[tuple[int, NewEvent]]

AFTER_RECEIVED = set(Status) - {Status.RECEIVED}
"""Every history begins with a verified complaint."""


def histories() -> Iterator[tuple[str, random.Random, History]]:
    for n in range(HISTORIES):
        dice = random.Random(f"{SEED}/{n}")
        yield f"SIMPUL_HISTORY_SEED={SEED}, history {n}", dice, draw(dice)


def arrivals(history: History, dice: random.Random) -> list[NewEvent]:
    """Let news arrive in any order between what the hub says, some of it again."""
    news = list(history.news)
    news += dice.choices(news, k=4) if news else []
    dice.shuffle(news)
    turns = [True] * len(history.own) + [False] * len(news)
    dice.shuffle(turns)
    mine, theirs = iter(history.own), iter(news)
    return [next(mine if turn else theirs) for turn in turns]


def numbered(events: list[NewEvent]) -> Log:
    return list(enumerate(events, start=1))


def appended(events: list[NewEvent]) -> tuple[Log, Folding]:
    """Append as the log does: nothing twice, and `confirmed` where nothing changed."""
    case = Case("c-1", "", "", None, "")
    known: set[tuple[Any, str]] = set()
    for event in events:
        if event.occurrence_key:
            if (event.leg, event.occurrence_key) in known:
                continue
            known.add((event.leg, event.occurrence_key))
        seq = len(case.events) + 1
        grown = case.folding.after(seq, event)
        if event.occurrence_key:
            event = confirmed_if_no_news(case, grown.state, event)  # noqa: PLW2901
        case.folding.take(seq, event, grown)
    return list(case.events), case.folding


def meaning(event: NewEvent) -> tuple[str, str]:
    """Name an event by its cause, and by what it says or stands for."""
    return (event.cause.id, str(event.facts.get("stands_for", event.type)))


def essence(log: Log) -> Any:
    """Show what must not depend on arrival: everything but the seqs."""
    state, by_seq = fold(log), dict(log)
    legs = {
        key: (
            replace(leg, opened_seq=0, closed_seq=None),
            meaning(by_seq[leg.opened_seq]),
            meaning(by_seq[leg.closed_seq]) if leg.closed_seq else None,
        )
        for key, leg in state.legs.items()
    }
    case = replace(
        state, head_seq=0, legs={}, decided=("", 0), illegal=(), overtaken=()
    )
    timeline = [(at, meaning(event)) for at, _, event in effective_order(log)]
    illegal = [meaning(by_seq[seq]) for seq in state.illegal]
    overtaken = [(meaning(by_seq[a]), meaning(by_seq[b])) for a, b in state.overtaken]
    _, last = state.decided
    decided = meaning(by_seq[last]) if last else None
    return legs, case, state.status, timeline, illegal, overtaken, decided


def test_any_arrival_order_and_any_repetition_give_one_case_and_one_timeline() -> None:
    for name, dice, history in histories():
        expected = essence(numbered([*history.own, *history.news]))
        for _ in range(ORDERS):
            events = arrivals(history, dice)
            assert essence(numbered(events)) == expected, name
            log, _ = appended(events)
            assert essence(log) == expected, f"{name}, as the log keeps it"


def test_folding_event_by_event_gives_what_folding_all_gives() -> None:
    for name, dice, history in histories():
        found = Folding()
        events = numbered(arrivals(history, dice))
        for seq, event in events:
            found.take(seq, event, found.after(seq, event))
            assert found.state == fold(events[:seq]), f"{name}, after {seq} events"
        log, growing = appended([event for _, event in events])
        assert growing.state == fold(log), f"{name}, as the log keeps it"


@pytest.fixture(scope="module")
def drawn() -> list[History]:
    return [history for _, _, history in histories()]


def test_the_histories_have_every_event_and_every_verb(drawn: list[History]) -> None:
    seen = {event.type for h in drawn for event in [*h.own, *h.news]}

    assert seen == set(CATALOGUE) - {"confirmed"}
    assert {verb for h in drawn for verb in h.verbs} == set(WORKFLOW)


def test_the_histories_reach_every_status_legally_and_break_rules(
    drawn: list[History],
) -> None:
    states = [fold(numbered([*h.own, *h.news])) for h in drawn]

    assert set().union(*(history.reached for history in drawn)) == AFTER_RECEIVED
    illegal = sum(bool(state.illegal) for state in states)
    assert HISTORIES / 4 < illegal < HISTORIES
    assert max(number for s in states for _, number in s.legs) > 1, "nothing came back"
