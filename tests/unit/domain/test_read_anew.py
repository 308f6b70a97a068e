"""What the hub reads anew out of a message corrects it, and decides nothing."""

from typing import Any

import pytest

from hub.domain.privacy import event_facts, event_words
from schemas.deadlines import ClockKind
from schemas.events import NewEvent
from schemas.parties import PartyKind
from schemas.status import Status
from tests.unit.domain.builders import WORKS, assigned_case, event, folded, update
from tests.unit.domain.test_deadlines import clocks

SPOKEN = ("reporter_replied", "corrected")
ANEW: dict[str, Any] = {"rereads": 1}


def after(name: str, before: list[NewEvent], **values: Any) -> Status:
    return folded([*before, event(name, 90, **values)]).status


@pytest.mark.parametrize("name", SPOKEN)
def test_it_ends_no_hold(name: str) -> None:
    held = [*assigned_case(), event("put_on_hold", 10)]

    assert after(name, held) is Status.ASSIGNED
    assert after(name, held, **ANEW) is Status.ON_HOLD


def test_it_opens_no_closed_case_again() -> None:
    closed = [*assigned_case(), update("resolved", WORKS, 1, 10)]

    assert after("reporter_replied", closed) is Status.IN_PROGRESS
    assert after("reporter_replied", closed, **ANEW) is Status.CLOSED


@pytest.mark.parametrize("name", SPOKEN)
def test_it_ends_no_silence(name: str) -> None:
    answered = [*assigned_case(), update("followed_up", WORKS, 1, 10)]
    (silence,) = clocks(
        [*answered, event(name, 90, **ANEW)], ClockKind.CLOSE_BY_SILENCE
    )
    (ended,) = clocks([*answered, event(name, 90)], ClockKind.CLOSE_BY_SILENCE)

    assert (silence.run.ended_by, ended.run.ended_by) == ("", name)


def test_its_place_in_the_log_is_no_fact_of_the_complaint() -> None:
    corrected = [*assigned_case(), event("corrected", 90, **ANEW)]

    assert "rereads" not in folded(corrected).facts
    assert "rereads" not in event_facts(corrected[-1])


def test_an_officer_reads_above_it_that_nobody_spoke() -> None:
    def told(name: str, **values: Any) -> str:
        words = event_words(
            event(name, **values), PartyKind.AGENCY, "dinas_pupr", ("body", "title")
        )
        return str(words["text"])

    for name in SPOKEN:
        assert told(name, **ANEW).startswith("Pesan pelapor, dibaca ulang")
        assert "dibaca ulang" not in told(name)
    assert told("corrected").startswith("Koreksi pelapor")
    assert told("reporter_replied", **ANEW).endswith("\nApakah ada kabar?")
