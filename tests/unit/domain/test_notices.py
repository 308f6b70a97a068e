"""What a citizen reads."""

import pytest

from hub.domain.notices import ANSWERS, NOTICES, answer, notice
from schemas.events import CATALOGUE, Audience
from schemas.status import LABELS, Status

WANTED = [n for n, row in CATALOGUE.items() if Audience.REPORTER in row.wanted_by]
FACTS = {"code": "0123-4567-8", "unit": "Bidang Jalan"}


@pytest.mark.parametrize("name", WANTED)
def test_everything_a_reporter_is_told_has_words_in_both_languages(name: str) -> None:
    pair = notice(name, FACTS, {}, "Dinas PUPR")

    assert all(pair)
    assert pair[0] != pair[1]
    assert not any(sign in text for text in pair for sign in "{}")


def test_no_notice_is_for_an_event_that_no_reporter_is_told() -> None:
    assert set(NOTICES) == set(WANTED)


def test_an_agencys_words_follow_as_they_were_written() -> None:
    said = {"text": " Sudah {ditambal} 100% ", "reference": ""}

    indonesian, english = notice("followed_up", {}, said, "Dinas {PUPR}")

    assert indonesian == 'Dinas {PUPR} menjawab laporan Anda. "Sudah {ditambal} 100%"'
    assert english == 'Dinas {PUPR} answered your report. "Sudah {ditambal} 100%"'


def test_the_agencys_number_is_named_where_there_is_one() -> None:
    with_number = notice("handed_over", {}, {"reference": "PUPR-26-1"}, "Dinas PUPR")
    without = notice("handed_over", {}, {}, "Dinas PUPR")

    assert with_number[0] == (
        "Laporan Anda sudah sampai di Dinas PUPR, nomor mereka PUPR-26-1."
    )
    assert without[1] == "Your report is now with Dinas PUPR."


def test_what_no_reporter_is_told_has_no_words() -> None:
    assert notice("triage_requested", {}, {}, "") == ("", "")


@pytest.mark.parametrize("kind", ANSWERS)
def test_every_question_is_answered_in_both_languages(kind: str) -> None:
    pair = answer(kind, "0123-4567-8", Status.IN_PROGRESS)

    assert all(pair)
    assert not any(sign in text for text in pair for sign in "{}")


def test_a_status_is_answered_with_its_label() -> None:
    found = answer("status", "0123-4567-8", Status.CLOSED)

    assert found == ("Laporan 0123-4567-8: Selesai.", "Report 0123-4567-8: Closed.")


def test_every_status_has_a_label_in_both_languages() -> None:
    assert set(LABELS) == set(Status)
    assert all(all(pair) for pair in LABELS.values())
