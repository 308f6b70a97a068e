"""Updates as an agency's program writes them, and what becomes of each."""

import json
from datetime import UTC, datetime
from typing import Any

import pika
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.systems.amqp.incoming import raw_of
from schemas.raw import JournalEntry
from schemas.updates import AgencyUpdate, Corrupt
from tests.unit.connectors.amqp.test_settings import made

MORNING = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
ITEM: dict[str, Any] = {"reference": "26-1", "status": "DITERIMA"}


def entry(body: bytes, **properties: Any) -> JournalEntry:
    said = pika.BasicProperties(**properties)
    raw = raw_of("pln_contoh", "kabar", said, body)
    return JournalEntry(journal_id="j-1", received_at=MORNING, raw=raw)


def read(item: Any, settings: Any = None, **more: Any) -> AgencyUpdate | Corrupt:
    fields = more.pop("manifest", {})
    (found,) = made(settings, **fields).read(entry(json.dumps(item).encode(), **more))
    return found


def test_the_canonical_shape_needs_no_settings() -> None:
    item = ITEM | {
        "text": "Regu berangkat.",
        "unit": "Regu 3",
        "event_id": "e-1",
        "sequence": 4,
        "occurred_at": "2026-11-24T10:00:00",
    }

    assert read(item) == AgencyUpdate(
        reference="26-1",
        event_type="acknowledged",
        raw_status="DITERIMA",
        text="Regu berangkat.",
        unit="Regu 3",
        event_id="e-1",
        sequence=4,
        occurred_at=MORNING,
    )


def test_dotted_paths_read_the_agencys_own_shape() -> None:
    update = {"reference": "nomor", "status": "data.kode", "time": "data.waktu"}
    update["time_format"] = "%d/%m/%Y %H:%M"
    item = {"nomor": 7, "data": {"kode": "di terima", "waktu": "24/11/2026 10:00"}}

    found = read(item, {"update": update})

    assert isinstance(found, AgencyUpdate), found
    assert (found.reference, found.occurred_at) == ("7", MORNING)


def test_the_envelope_says_what_the_body_does_not() -> None:
    headers = {"ce-id": "kabar-9", "ce-time": "2026-11-24T03:00:00Z"}

    found = read(ITEM, headers=headers)

    assert isinstance(found, AgencyUpdate)
    assert (found.event_id, found.occurred_at) == ("kabar-9", MORNING)


def test_an_event_whose_envelope_is_in_the_body_is_read_too() -> None:
    event = {"specversion": "1.0", "id": "kabar-9", "time": "2026-11-24T03:00:00Z"}

    found = read({**event, "data": ITEM}, content_type="application/cloudevents+json")

    assert isinstance(found, AgencyUpdate)
    assert (found.event_id, found.occurred_at) == ("kabar-9", MORNING)


def test_a_list_is_divided_and_its_items_share_no_id() -> None:
    pln = made()
    message = entry(json.dumps([ITEM, {}, ITEM]).encode(), message_id="kabar-9")

    bodies = pln.split(message)
    whole = pln.read(message)

    assert [len(json.loads(body)) for body in bodies] == [1, 1, 1]
    assert [type(found) for found in whole] == [AgencyUpdate, Corrupt, AgencyUpdate]
    assert {f.event_id for f in whole if isinstance(f, AgencyUpdate)} == {""}
    assert pln.split(entry(json.dumps([ITEM]).encode())) == []


@pytest.mark.parametrize(
    ("item", "manifest", "code"),
    [
        ({"status": "DITERIMA"}, {}, "missing_field"),
        ({"reference": "26-1"}, {}, "missing_field"),
        (ITEM | {"status": "RAPAT"}, {}, "unmapped_status"),
        (ITEM | {"occurred_at": "kemarin"}, {}, "bad_time"),
        (ITEM | {"sequence": -1}, {}, "malformed"),
        (ITEM | {"text": 5}, {}, "malformed"),
        (ITEM, {"order_by": "sequence"}, "missing_field"),
        (ITEM, {"order_by": "time"}, "missing_field"),
        ("kabar", {}, "malformed"),
    ],
)
def test_what_cannot_be_read_says_why(
    item: Any, manifest: dict[str, Any], code: str
) -> None:
    found = read(item, manifest=manifest)

    assert isinstance(found, Corrupt), found
    assert found.code == code


@given(st.binary(max_size=200))
def test_no_body_makes_the_reader_fail(body: bytes) -> None:
    pln = made()
    message = entry(body)

    assert all(isinstance(found, Corrupt) for found in pln.read(message))
    assert isinstance(list(pln.split(message)), list)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(list(ITEM)), inner),
    max_leaves=10,
)


@given(JSON)
def test_no_json_makes_the_reader_fail(tree: Any) -> None:
    made().read(entry(json.dumps(tree).encode()))


def test_the_same_message_has_the_same_key_whatever_the_broker_adds() -> None:
    body = json.dumps(ITEM).encode()
    first = entry(body, headers={"x-delivery-count": 0, "ce-type": "kabar"}).raw
    again = entry(body, headers={"x-delivery-count": 1, "ce-type": "kabar"}).raw
    other = entry(body, headers={"ce-type": "kabar"}, timestamp=5).raw

    assert first.source_key == again.source_key != other.source_key
    assert entry(body, message_id="kabar-9").raw.source_key == "kabar-9"
    assert entry(body, headers={"ce-id": "kabar-8"}).raw.source_key == "kabar-8"


def test_a_key_that_is_too_long_is_replaced_by_its_content() -> None:
    headers = {"ce-id": "a" * 2000} | {f"ce-{n}": "x" * 500 for n in range(50)}

    raw = entry(b"{}", headers=headers).raw

    assert raw.source_key.startswith("sha256:")
    assert len(raw.meta) <= 30
    assert max(len(value) for value in raw.meta.values()) <= 300
