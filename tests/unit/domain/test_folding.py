"""A log that grows is folded to what folding it anew gives."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain import folding
from hub.domain.folding import Folding
from hub.domain.lifecycle import CaseState, fold
from schemas.events import NewEvent
from tests.unit.domain.builders import (
    WORKS,
    assigned,
    numbered,
    update,
    verified_case,
)
from tests.unit.domain.test_lifecycle_order import hub_events, interleaved, updates


def grown(events: list[tuple[int, NewEvent]], known: int) -> Folding:
    """Fold the first `known` events at once, then one by one."""
    found = Folding(events[:known])
    for seq, event in events[known:]:
        found.take(seq, event, found.after(seq, event))
    return found


@settings(max_examples=400, deadline=None)
@given(st.data(), hub_events(), updates())
def test_a_growing_log_folds_like_the_whole_one(
    data: st.DataObject, own: list[NewEvent], news: list[NewEvent]
) -> None:
    events = data.draw(st.composite(interleaved)(own, news))
    known = data.draw(st.integers(0, len(events)))
    found = Folding(events[:known])
    for n, (seq, event) in enumerate(events[known:], start=known + 1):
        found.take(seq, event, found.after(seq, event))
        assert found.state == fold(events[:n])
    assert found.events == events


def test_looking_ahead_changes_nothing() -> None:
    found = grown(numbered([*verified_case(), assigned(WORKS)]), 0)
    before = found.state
    found.after(9, update("work_started", WORKS, 1, 30))
    assert found.state == before


def test_the_usual_history_is_never_folded_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usual = [
        *verified_case(),
        assigned(WORKS),
        *(update("followed_up", WORKS, n, 30 + n) for n in range(5)),
    ]
    folded: list[int] = []

    def counted(events: list[tuple[int, NewEvent]]) -> CaseState:
        folded.append(len(events))
        return fold(events)

    monkeypatch.setattr(folding, "fold", counted)
    grown(numbered(usual), 0)
    assert folded == [0]
