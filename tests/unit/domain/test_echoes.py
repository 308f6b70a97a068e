"""An agency that sends back what it was told."""

from typing import Any

from hub.domain.echoes import WITHIN, is_echo
from schemas.events import NewEvent
from tests.unit.domain.builders import CIVIL_REGISTRY, WORKS, event, numbered, update


def said(leg: tuple[str, int], minutes: float = 0, mark: str = "m1") -> NewEvent:
    told: dict[str, Any] = {"text_mark": mark} if mark else {}
    return update("followed_up", leg, 1, minutes, **told)


def test_the_same_text_by_somebody_else_is_an_echo() -> None:
    assert is_echo(said(CIVIL_REGISTRY, 5), numbered([said(WORKS)]))
    reply = event("reporter_replied", text_mark="m1")
    assert is_echo(said(WORKS, 5), numbered([reply]))


def test_who_repeats_itself_is_no_echo() -> None:
    assert not is_echo(said(WORKS, 5), numbered([said(WORKS)]))


def test_another_text_none_at_all_or_one_long_after_is_no_echo() -> None:
    later = WITHIN.total_seconds() / 60 + 1
    assert not is_echo(said(CIVIL_REGISTRY, 5, "m2"), numbered([said(WORKS)]))
    assert not is_echo(said(CIVIL_REGISTRY, 5, ""), numbered([said(WORKS, mark="")]))
    assert not is_echo(said(CIVIL_REGISTRY, later), numbered([said(WORKS)]))
