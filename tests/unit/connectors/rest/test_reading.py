"""Updates by formulas, of born cases, in XML, in epochs; and how cases stand."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.errors import OutcomeUnknown
from connectors.systems.rest import RestSystem
from schemas.agency import OrderBy
from schemas.updates import AgencyComplaint, AgencyUpdate, Corrupt
from tests.unit.connectors.rest.asked import answers, asking, described
from tests.unit.connectors.rest.builders import entry
from tests.unit.connectors.rest.servers import says


def system(settings: dict[str, Any], **fields: Any) -> RestSystem:
    return RestSystem.from_manifest(described(settings, **fields))


def read(settings: dict[str, Any], message: Any) -> list[Any]:
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return list(system(settings).read(entry(body)))


def test_formulas_find_what_stands_nowhere_by_itself() -> None:
    update = {
        "items": "jsonata:journals.{'j': $, 'issue': %.issue.id}",
        "reference": "jsonata:$string(issue)",
        "status": "jsonata:j.details[name='status'].new",
        "where": "$exists(j.details[name='status'])",
        "event_id": "j.id",
        "text": "j.notes",
    }
    update["items"] = "jsonata:($i := issue.id; journals.{'j': $, 'issue': $i})"
    message = {
        "issue": {"id": 77},
        "journals": [
            {"id": 1, "details": [{"name": "priority", "new": "High"}]},
            {"id": 2, "details": [{"name": "status", "new": "dikerjakan"}]},
            {"id": 3, "details": [{"name": "status", "new": "Diterima"}], "notes": "x"},
        ],
    }
    first, second = read({"update": update}, message)

    assert isinstance(first, AgencyUpdate)
    assert (first.reference, first.event_id) == ("77", "2")
    assert (first.event_type, second.event_type) == ("work_started", "acknowledged")
    rest = system({"update": update})
    parts = rest.split(entry(json.dumps(message).encode()))
    assert [one for part in parts for one in rest.read(entry(part))] == [first, second]


@pytest.mark.parametrize(
    ("time_format", "value", "seconds"),
    [
        ("epoch", 1764000000, 0),
        ("epoch", "1764000000.5", 0.5),
        ("epoch_ms", 1764000000250, 0.25),
    ],
)
def test_times_may_count_from_1970(
    time_format: str, value: Any, seconds: float
) -> None:
    update = {
        "reference": "id",
        "status": "s",
        "time": "at",
        "time_format": time_format,
    }
    (found,) = read({"update": update}, {"id": 1, "s": "Diterima", "at": value})

    assert isinstance(found, AgencyUpdate)
    assert found.occurred_at == datetime.fromtimestamp(1764000000 + seconds, UTC)


@pytest.mark.parametrize("value", ["soon", "nan", "1e40", "inf"])
def test_what_is_no_epoch_is_a_bad_time(value: str) -> None:
    update = {"reference": "id", "status": "s", "time": "at", "time_format": "epoch"}
    (found,) = read({"update": update}, {"id": 1, "s": "Diterima", "at": value})

    assert isinstance(found, Corrupt)
    assert found.code == "bad_time"


XML = b"""<?xml version="1.0"?><a:list xmlns:a="urn:x">
<case id="5"><status>Diterima</status></case>
<case id="6"><status>Dikerjakan</status></case></a:list>"""
XML_UPDATE = {"items": "list.case", "reference": "@id", "status": "status"}


def test_xml_is_read_by_the_same_paths_and_split_into_records() -> None:
    settings = {"answers": "xml", "update": XML_UPDATE}
    found = read(settings, XML)
    rest = system(settings)
    parts = rest.split(entry(XML))

    assert [one.reference for one in found] == ["5", "6"]
    assert [one for part in parts for one in rest.read(entry(part))] == found


def test_xml_with_entities_is_not_read() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "b">]><list><case id="&a;"/></list>'
    (found,) = read({"answers": "xml", "update": XML_UPDATE}, bomb)

    assert isinstance(found, Corrupt)


BORN = {
    "update": {"items": "data", "reference": "id", "status": "status", "time": "at"},
    "born": {
        "where": "$not($exists(source)) or source != 'simpul'",
        "new": ["Baru"],
        "fields": {
            "title": "subject",
            "body": "text",
            "reporter.name": "jsonata:$trim(by.name)",
            "region.code": "=32.76",
            "anonymous": False,
        },
    },
}
CASE = {
    "id": 9,
    "status": "Baru",
    "at": "2026-11-24T10:00:00",
    "subject": "Lampu",
    "text": "Lampu jalan mati.",
    "by": {"name": " Ibu Contoh "},
}


def test_cases_that_began_there_become_complaints() -> None:
    assert system(BORN).capabilities.originates
    ours = {**CASE, "source": "simpul", "status": "Diterima"}
    later = {**CASE, "status": "Dikerjakan"}
    born, update, moved = read(BORN, {"data": [CASE, ours, later]})

    assert isinstance(born, AgencyComplaint)
    assert born.event_type == ""
    assert born.complaint.body == "Lampu jalan mati."
    assert born.complaint.reporter.name == "Ibu Contoh"
    assert born.complaint.region is not None
    assert born.occurred_at == datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
    assert isinstance(update, AgencyUpdate)
    assert isinstance(moved, AgencyComplaint)
    assert moved.event_type == "work_started"


@pytest.mark.parametrize(
    "change", [{"text": ""}, {"text": None}, {"by": {"name": {"x": 1}}}, {"id": None}]
)
def test_a_born_case_that_cannot_be_read_is_corrupt(change: dict[str, Any]) -> None:
    (found,) = read(BORN, {"data": [{**CASE, **change}]})

    assert isinstance(found, Corrupt)


VIEW: dict[str, Any] = {
    "update": {"items": "data", "reference": "id", "status": "status"},
    "snapshot": {"kind": "all", "path": "/cases", "query": {"p": "{page}"}},
}


def test_all_cases_are_seen_over_all_pages_and_what_is_missing_is_said() -> None:
    paging = {"kind": "page"}
    settings = {**VIEW, "snapshot": {**VIEW["snapshot"], "paging": paging, "key": "k"}}
    rows = [
        {"id": 1, "status": "Diterima", "k": "k-1"},
        {"id": 2, "status": "Entah"},
    ]
    said = answers({"data": rows[:1]}, {"data": rows[1:]}, {"data": []})
    with asking(settings, *said) as (rest, _):
        assert rest.capabilities.snapshots == "all"
        views = {view.reference: view for view in rest.snapshot(["1", "3"])}

    assert views["1"].event_type == "acknowledged"
    assert views["1"].key == "k-1"
    assert (views["2"].raw_status, views["2"].event_type) == ("Entah", "")
    assert not views["3"].present


def test_of_pages_that_were_not_read_nothing_is_said_to_be_missing() -> None:
    paging = {"kind": "page", "pages_max": 1}
    settings = {**VIEW, "snapshot": {**VIEW["snapshot"], "paging": paging}}
    with asking(settings, *answers({"data": [{"id": 1}]})) as (rest, _):
        views = list(rest.snapshot(["1", "3"]))

    assert [view.reference for view in views] == ["1"]


def test_cases_are_seen_one_by_one() -> None:
    settings = {
        "update": {"items": "case", "reference": "id", "status": "status"},
        "snapshot": {"path": "/cases/{reference}"},
    }
    said = [*answers({"case": {"status": "Dikerjakan"}}), says(404), says(500)]
    with asking(settings, *said) as (rest, _):
        seen = iter(rest.snapshot(["a", "b", "c"]))
        first, second = next(seen), next(seen)
        with pytest.raises(OutcomeUnknown):
            next(seen)

    assert (first.reference, first.event_type) == ("a", "work_started")
    assert (second.reference, second.present) == ("b", False)


def test_an_order_without_its_field_is_refused_at_load() -> None:
    with pytest.raises(ValueError, match="order_by is time"):
        system({}, order_by=OrderBy.TIME)
