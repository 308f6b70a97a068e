"""Each item of an agency's message is read alone, by the agency's manifest."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.updates import AgencyUpdate, Corrupt
from tests.unit.connectors.rest.builders import SETTINGS
from tests.unit.connectors.rest.reading import GOOD, code_of, read, read_one


def test_an_update_is_read_in_canonical_words() -> None:
    assert read_one() == AgencyUpdate(
        reference="PUPR-26-000123",
        event_type="work_started",
        raw_status="Dikerjakan",
        text="Tim sudah di lokasi.",
        event_id="evt-17",
        sequence=3,
        occurred_at=datetime(2026, 11, 24, 3, 0, tzinfo=UTC),
    )


def test_a_bad_item_harms_none_of_its_neighbours() -> None:
    items = [
        GOOD,
        {**GOOD, "status": "Menunggu Rapat"},
        {"nomor": None, "status": 17, "waktu": "kemarin sore"},
        "not an object",
        None,
        {**GOOD, "waktu": "kemarin sore"},
        {**GOOD, "urutan": "banyak"},
        {**GOOD, "catatan": "\ud800"},
        {**GOOD, "id": "evt-18"},
    ]

    found = read({"items": items})

    codes = [one.code if isinstance(one, Corrupt) else "ok" for one in found]
    assert codes == [
        "ok",
        "unmapped_status",
        "missing_field",
        "malformed",
        "malformed",
        "bad_time",
        "malformed",
        "malformed",
        "ok",
    ]


def test_one_item_may_stand_alone() -> None:
    assert len(read({"items": GOOD})) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b"{}",
        b"[]",
        b'{"items": null}',
        b'{"items": "x"}',
        b'{"items": [' + b"1" * 5000 + b"]}",
    ],
)
def test_a_message_that_cannot_be_read_is_one_corrupt_record(body: bytes) -> None:
    (found,) = read(body)

    assert code_of(found) == "malformed"


def test_no_items_are_no_updates() -> None:
    assert read({"items": []}) == []


def test_a_list_at_the_top_is_read_where_no_place_is_declared() -> None:
    update = {**SETTINGS["update"], "items": ""}

    assert len(read([GOOD, GOOD], update=update)) == 2


def test_an_agency_without_a_mapping_gives_a_record_that_says_so() -> None:
    (found,) = read({"items": [GOOD]}, without=("update", "webhook"))

    assert isinstance(found, Corrupt)
    assert "[settings.update]" in found.why


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
ITEMS = st.dictionaries(st.sampled_from(sorted(GOOD)), JSON)


@given(st.lists(ITEMS | JSON, max_size=5))
@settings(deadline=None)
def test_no_item_breaks_the_reading(items: list[Any]) -> None:
    found = read({"items": items})

    assert len(found) == len(items)


@given(st.binary())
@settings(deadline=None)
def test_no_message_breaks_the_reading(body: bytes) -> None:
    read(body)
