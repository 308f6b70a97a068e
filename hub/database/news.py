"""Which word of an agency is news: what changes nothing wakes nobody."""

from dataclasses import replace
from typing import Any

from hub.database.case import Case
from hub.domain.echoes import is_echo
from hub.domain.lifecycle import CaseState
from hub.domain.order import is_from_above
from schemas.events import CATALOGUE, NewEvent, Scope


def confirmed_if_no_news(case: Case, after: CaseState, event: NewEvent) -> NewEvent:
    """Store an update that changes nothing so that it wakes nobody.

    An agency's changes its leg, an upstream platform's the case; the fold says so in
    whatever order they come, which the last status word that was heard could not.
    """
    from_above = is_from_above(event)
    if CATALOGUE[event.type].effect.scope is not Scope.LEG and not from_above:
        return event
    before = case.state
    text = event.sealed.get("text") and not is_echo(event, case.events)
    news = text or event.facts.get("attachments")
    news = news or len(after.overtaken) > len(before.overtaken)
    moved = before.legs != _without_seqs(after, before) or before.status != after.status
    moved = moved or (from_above and before.override != after.override)
    if news or moved or _is_first_word(case, event):
        return event
    facts = {**event.facts, "stands_for": event.type}
    return event.model_copy(update={"type": "confirmed", "facts": facts})


def _is_first_word(case: Case, event: NewEvent) -> bool:
    """That an agency saw it is news, once."""
    return event.type == "acknowledged" and not any(
        e.type == event.type and e.leg == event.leg for _, e in case.events
    )


def _without_seqs(after: CaseState, before: CaseState) -> dict[tuple[str, int], Any]:
    return {
        key: replace(leg, closed_seq=before.legs[key].closed_seq)
        if key in before.legs
        else leg
        for key, leg in after.legs.items()
    }
