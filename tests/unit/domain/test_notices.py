"""What a citizen reads."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.protocols.sms.gsm import segments, septets
from hub.domain.local_time import WIB, WIT, WITA, clock_of, local_words
from hub.domain.notice_words import ANSWERS, NOTICES, PLACES, Sentence
from hub.domain.notices import (
    KINDS,
    LANGUAGES,
    WordingError,
    answer,
    notice,
    strange_places,
    worded,
)
from schemas.events import CATALOGUE, Audience
from schemas.reasons import REASONS
from schemas.status import LABELS, Status

WANTED = [n for n, row in CATALOGUE.items() if Audience.REPORTER in row.wanted_by]
SINCE = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
FACTS = {"code": "0123-4567-8", "unit": "Bidang Jalan", "since": SINCE.isoformat()}
NUMBER = {"reference": "PUPR-26-000123"}
AGENCY = "Dinas Pekerjaan Umum dan Penataan Ruang"


@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize("name", WANTED)
def test_everything_a_reporter_is_told_has_words_in_both_languages(
    name: str, *, short: bool
) -> None:
    pair = notice(name, FACTS, NUMBER, AGENCY, short=short)

    assert all(pair)
    assert pair[0] != pair[1]
    assert not any(sign in text for text in pair for sign in "{}")


@pytest.mark.parametrize("name", WANTED)
def test_a_short_notice_with_its_code_is_one_message_of_the_air(name: str) -> None:
    pair = notice(name, FACTS, NUMBER, AGENCY, short=True)

    for text in pair:
        assert septets(text) is not None
        assert segments(f"Laporan 0123-4567-8: {text}") == 1


@pytest.mark.parametrize("name", WANTED)
@pytest.mark.parametrize("reason", REASONS)
def test_a_short_notice_with_any_reason_is_two_messages_at_most(
    name: str, reason: str
) -> None:
    facts = {**FACTS, "reason_code": reason}
    pair = notice(name, facts, NUMBER, AGENCY, short=True)

    for text, why in zip(pair, REASONS[reason], strict=True):
        assert why in text
        assert segments(f"Laporan 0123-4567-8: {text}") <= 2


def test_no_notice_is_for_an_event_that_no_reporter_is_told() -> None:
    assert set(NOTICES) == set(WANTED)


@pytest.mark.parametrize("name", [*NOTICES, *ANSWERS])
def test_the_sentences_that_come_with_simpul_use_what_is_filled(name: str) -> None:
    sentence = {**NOTICES, **ANSWERS}[name]

    for kind in KINDS:
        assert not list(strange_places(name, getattr(sentence, kind)))


def test_every_name_that_a_sentence_may_use_belongs_to_a_sentence() -> None:
    assert set(PLACES) <= {*NOTICES, *ANSWERS}


def test_an_agencys_words_follow_as_they_were_written() -> None:
    said = {"text": " Sudah {ditambal} 100% ", "reference": ""}

    indonesian, english = notice("followed_up", {}, said, "Dinas {PUPR}")

    assert indonesian == 'Dinas {PUPR} menjawab laporan Anda. "Sudah {ditambal} 100%"'
    assert english == 'Dinas {PUPR} answered your report. "Sudah {ditambal} 100%"'


def test_a_decision_is_told_with_its_reason_and_what_was_written() -> None:
    facts = {"reason_code": "needs_place"}
    pair = notice("put_on_hold", facts, {"text": "RT berapa?"}, "")

    assert pair[0].endswith('Alasan: Lokasi kejadian belum jelas. "RT berapa?"')
    assert pair[1].endswith('Reason: The place is not clear. "RT berapa?"')


def test_the_agencys_number_is_named_where_there_is_one() -> None:
    with_number = notice("handed_over", {}, {"reference": "PUPR-26-1"}, "Dinas PUPR")
    without = notice("handed_over", {}, {}, "Dinas PUPR")

    assert with_number[0] == (
        "Laporan Anda sudah sampai di Dinas PUPR, nomor mereka PUPR-26-1."
    )
    assert without[1] == "Your report is now with Dinas PUPR."


def test_a_late_hand_over_says_since_when_by_the_reporters_clock() -> None:
    facts = {"since": "2026-11-24T03:00:00Z"}
    pair = notice("hand_over_delayed", facts, {}, "Dinas PUPR", zone=WITA)

    assert "sejak 24 November 2026 pukul 11.00 WITA" in pair[0]
    assert "since 24 November 2026 11:00 WITA" in pair[1]


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


# --- a deployment's own words ----------------------------------------------------


def test_a_deployment_words_what_it_wants_and_keeps_the_rest() -> None:
    own = worded({"notices": {"closed": {"id": "Tutup, {code}."}}})

    assert own.notice("closed", FACTS, {}, "")[0] == "Tutup, 0123-4567-8."
    assert own.notice("closed", FACTS, {}, "", short=True)[0] == "Tutup, 0123-4567-8."
    assert own.notice("closed", FACTS, {}, "")[1] == notice("closed", FACTS, {}, "")[1]
    assert own.notice("archived", {}, {}, "") == notice("archived", {}, {}, "")
    assert own.answer("help") == answer("help")


@pytest.mark.parametrize(
    ("tree", "why"),
    [
        (
            {"notices": {"closed": {"id": "{agnecy}"}}},
            r"unknown placeholder \{agnecy\}",
        ),
        ({"notices": {"closed": {"id": "{agency}"}}}, r"legal: \{code\}"),
        ({"notices": {"closed": {"id": "{code.x}"}}}, r"placeholder \{code.x\}"),
        ({"notices": {"closed": {"id": "{code!r}"}}}, "unknown placeholder"),
        ({"notices": {"closed": {"id": "{code:>9}"}}}, "unknown placeholder"),
        ({"notices": {"closed": {"id": "{}"}}}, r"unknown placeholder \{\}"),
        ({"notices": {"closed": {"id": "{code"}}}, "a brace is not closed"),
        ({"notices": {"closed": {"id": " "}}}, "must be a sentence"),
        ({"notices": {"closed": {"id": 7}}}, "must be a sentence"),
        ({"notices": {"closed": {"fr": "a"}}}, r"closed\.fr: legal are id, en"),
        ({"notices": {"closed": "a"}}, "must be a table of id"),
        ({"notices": {"close": {"id": "a"}}}, r"notices\.close: no such sentence"),
        ({"notices": 1}, "notices: must be a table"),
        ({"notes": {}}, "notes: legal are notices and answers"),
        ({"answers": {"help": {"en": "{label}"}}}, r"answers\.help\.en: unknown"),
    ],
)
def test_words_that_cannot_be_used_are_named(tree: dict[str, Any], why: str) -> None:
    with pytest.raises(WordingError, match=why):
        worded(tree)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    wrong = {"notices": {"closed": {"id": "{a}"}, "resumed": {"en": "{b}"}}}

    with pytest.raises(WordingError, match=r"\{a\}.*; .*\{b\}"):
        worded(wrong)


@given(st.text(max_size=60), st.sampled_from(sorted(NOTICES)))
def test_a_sentence_that_is_let_through_can_be_said(text: str, name: str) -> None:
    try:
        own = worded({"notices": {name: {"id": text}}})
    except WordingError:
        return

    assert own.notice(name, FACTS, NUMBER, AGENCY)[0].strip()


def test_a_sentence_says_its_long_form_where_it_has_no_short_one() -> None:
    sentence = Sentence("panjang", "long", en_short="short")
    said = [sentence.said(one, short=True) for one in LANGUAGES]

    assert said == ["panjang", "short"]


# --- zones -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("region", "zone"),
    [
        ({"scheme": "kemendagri", "code": "32.76"}, WIB),
        ({"code": "51.71"}, WITA),
        ({"code": "94"}, WIT),
        ({"scheme": "bps", "code": "94"}, WIB),
        ({"code": ""}, WIB),
        ({}, WIB),
        (None, WIB),
    ],
)
def test_a_region_has_the_zone_of_its_province(region: Any, zone: Any) -> None:
    assert clock_of(region) is zone


def test_an_instant_is_said_as_people_say_it() -> None:
    assert local_words(SINCE, WIB, "id") == "24 November 2026 pukul 10.00 WIB"
    assert local_words("2026-05-31T20:30:00", WIT, "en") == "1 June 2026 05:30 WIT"


def test_who_wrote_more_than_is_kept_is_asked_for_what_matters() -> None:
    cut = notice("registered", FACTS | {"truncated": True}, {}, "")
    whole = notice("registered", FACTS, {}, "")

    assert all(said.startswith(text) for said, text in zip(cut, whole, strict=True))
    assert "lebih kecil" in cut[0]
    assert "too large" in cut[1]
