"""Status, time and number of an update: read as declared, never guessed."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.protocols.records.times import read_time
from connectors.protocols.records.words import normalise_status
from schemas.agency import OrderBy
from schemas.updates import AgencyUpdate, Corrupt
from tests.unit.connectors.rest.builders import SETTINGS, STATUSES
from tests.unit.connectors.rest.reading import GOOD, code_of, read, read_one

WIB = ZoneInfo("Asia/Jakarta")


# --- status ----------------------------------------------------------------


@pytest.mark.parametrize(
    "word",
    ["bukan wewenang", "BUKAN  WEWENANG", " Bukan\t\u00a0Wewenang ", "BukanWewenang"],
)
def test_case_and_spaces_of_a_status_do_not_matter(word: str) -> None:
    found = read_one(status=word)

    assert isinstance(found, AgencyUpdate)
    assert found.event_type == "return_requested"
    assert found.raw_status == " ".join(word.split())


def test_an_unmapped_status_says_what_to_do_and_repeats_nothing() -> None:
    found = read_one(status="Ibu Contoh menelepon")

    assert isinstance(found, Corrupt)
    assert found.code == "unmapped_status"
    assert found.reference == "PUPR-26-000123"
    assert "[statuses]" in found.why
    assert "Bukan Wewenang, Dikerjakan, Diterima" in found.why
    assert "Contoh" not in found.why


@given(st.sampled_from(sorted(STATUSES)), st.data())
def test_any_spelling_of_a_known_word_is_found(word: str, data: st.DataObject) -> None:
    letters = [
        data.draw(st.sampled_from([letter, letter.upper(), letter.lower()]))
        + data.draw(st.sampled_from(["", " ", "\t", "\u00a0"]))
        for letter in word
    ]

    assert normalise_status("".join(letters)) == normalise_status(word)


@given(st.text())
def test_normalising_twice_changes_nothing(word: str) -> None:
    once = normalise_status(word)

    assert normalise_status(once) == once


# --- time ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "hour"),
    [
        ("2026-11-24 10:00:00", 3),
        ("2026-11-24T10:00:00", 3),
        ("2026-11-24T10:00:00Z", 10),
        ("2026-11-24T10:00:00+07:00", 3),
        ("2026-11-24T10:00:00+09:00", 1),
    ],
)
def test_a_time_without_a_zone_is_the_agencys(written: str, hour: int) -> None:
    found = read_one(waktu=written)

    assert isinstance(found, AgencyUpdate)
    assert found.occurred_at == datetime(2026, 11, 24, hour, 0, tzinfo=UTC)


def test_the_zone_is_that_of_the_manifest() -> None:
    (found,) = read({"items": [GOOD]}, manifest_fields={"zone": "Asia/Jayapura"})

    assert isinstance(found, AgencyUpdate)
    assert found.occurred_at == datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "kemarin sore",
        "2026-13-01 00:00:00",
        "0000-00-00 00:00:00",
        "0001-01-01 00:00:00",
        "24/11/2026 10:00",
        1_795_000_000,
        True,
        {"at": "2026-11-24"},
    ],
)
def test_a_time_that_cannot_be_read_is_never_guessed(written: Any) -> None:
    assert code_of(read_one(waktu=written)) == "bad_time"


def test_a_format_of_the_agencys_own_may_be_declared() -> None:
    update = {**SETTINGS["update"], "time_format": "%d/%m/%Y %H:%M"}

    (good, bad) = read(
        {"items": [{**GOOD, "waktu": "24/11/2026 10:00"}, GOOD]}, update=update
    )

    assert isinstance(good, AgencyUpdate)
    assert good.occurred_at == datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
    assert code_of(bad) == "bad_time"


@given(st.datetimes(timezones=st.just(UTC)))
@example(datetime.min.replace(tzinfo=UTC))
@example(datetime.max.replace(tzinfo=UTC))
def test_a_time_with_a_zone_comes_through_unchanged(moment: datetime) -> None:
    assert read_time(moment.isoformat(), WIB) == moment


@given(st.text())
def test_any_text_is_a_time_or_a_value_error(text: str) -> None:
    try:
        moment = read_time(text, WIB)
    except ValueError:
        return
    assert moment.tzinfo is UTC


# --- what must be there ----------------------------------------------------


@pytest.mark.parametrize("name", ["nomor", "status", "urutan"])
@pytest.mark.parametrize("value", [None, "", "  "])
def test_what_must_be_there_is_named(name: str, value: Any) -> None:
    counted = {"order_by": OrderBy.SEQUENCE}

    (found,) = read({"items": [{**GOOD, name: value}]}, manifest_fields=counted)

    assert isinstance(found, Corrupt)
    assert found.code == "missing_field"
    assert name in found.why


@pytest.mark.parametrize("name", ["waktu", "id", "catatan"])
def test_what_may_be_absent_is_absent(name: str) -> None:
    item = {key: value for key, value in GOOD.items() if key != name}

    (found,) = read({"items": [item]})

    assert isinstance(found, AgencyUpdate)


@pytest.mark.parametrize(
    ("order_by", "name"), [(OrderBy.TIME, "waktu"), (OrderBy.SEQUENCE, "urutan")]
)
def test_what_orders_the_updates_must_be_there(order_by: OrderBy, name: str) -> None:
    item = {key: value for key, value in GOOD.items() if key != name}

    (found,) = read({"items": [item]}, manifest_fields={"order_by": order_by})
    (by_arrival,) = read({"items": [item]})

    assert code_of(found) == "missing_field"
    assert isinstance(by_arrival, AgencyUpdate) or order_by is OrderBy.SEQUENCE


@pytest.mark.parametrize("number", [3, "03", " 3 "])
def test_a_number_may_be_written_as_text(number: Any) -> None:
    found = read_one(urutan=number)

    assert isinstance(found, AgencyUpdate)
    assert found.sequence == 3


@pytest.mark.parametrize("number", [-1, 1.5, True, "3a", "²", 2**63, [3], "9" * 190])
def test_a_number_that_is_none_is_malformed(number: Any) -> None:
    assert code_of(read_one(urutan=number)) == "malformed"


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "a\x07b"},
        {"id": ["evt"]},
        {"id": "x" * 201},
        {"status": "x" * 201},
        {"catatan": {"a": 1}},
    ],
)
def test_values_of_the_wrong_kind_are_malformed(changes: Any) -> None:
    assert code_of(read_one(**changes)) == "malformed"


def test_a_long_text_is_cut_and_the_status_is_kept() -> None:
    found = read_one(catatan="a" * 20_000)

    assert isinstance(found, AgencyUpdate)
    assert len(found.text) == 10_000
