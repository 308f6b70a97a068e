"""What the agency gets, in its own words."""

import json
from typing import Any

import pytest

from connectors.contract import (
    Done,
    File,
    Skipped,
)
from connectors.errors import OutcomeUnknown, Refused
from tests.unit.connectors.rest.builders import (
    SETTINGS,
    delivery,
    event,
    system,
)
from tests.unit.connectors.rest.servers import (
    RawServer,
    in_turn,
    says,
    serving,
)

CREATED = says(201, b'{"data": {"nomor": "PUPR-26-000123"}}')
FOUND = says(200, b'{"data": [{"nomor": "PUPR-26-000123"}]}')
NOTHING = says(200, b'{"data": []}')


def sent(server: RawServer, number: int = 0) -> Any:
    return json.loads(server.seen[number].body)


def test_a_complaint_is_handed_over_in_the_agencys_words() -> None:
    with serving(CREATED) as server, system(f"{server.url}/v2/") as rest:
        done = rest.submit(delivery())

    request = server.seen[0]
    assert isinstance(done, Done)
    assert done.reference == "PUPR-26-000123"
    assert (request.method, request.target) == ("POST", "/v2/cases")
    assert request.headers["authorization"] == "Bearer t0ken"
    assert request.headers["idempotency-key"] == "k-1"
    assert request.headers["content-type"] == "application/json"
    assert sent(server) == {
        "judul": "Jalan berlubang",
        "isi": "Di depan pasar Sukamaju.",
        "pelapor": {"nama": "Ibu Contoh"},
        "sumber": "simpul",
        "kunci": "k-1",
    }


def test_a_view_with_dotted_names_is_read_too() -> None:
    view = {"title": "J", "reporter.name": "Ibu Contoh"}

    with serving(CREATED) as server, system(server.url) as rest:
        rest.submit(delivery(complaint=view))

    assert sent(server)["pelapor"] == {"nama": "Ibu Contoh"}


def test_what_is_absent_is_null_only_where_the_agency_wants_it_so() -> None:
    submit = {**SETTINGS["submit"], "nulls": ["pelapor.nama"]}

    with serving(CREATED) as server, system(server.url, submit=submit) as rest:
        rest.submit(delivery(complaint={"title": "J", "body": None}))

    assert sent(server) == {
        "judul": "J",
        "pelapor": {"nama": None},
        "sumber": "simpul",
        "kunci": "k-1",
    }


def test_false_and_zero_are_something() -> None:
    submit = {**SETTINGS["submit"], "fields": {"a": "title", "b": "body"}}

    with serving(CREATED) as server, system(server.url, submit=submit) as rest:
        rest.submit(delivery(complaint={"title": False, "body": 0}))

    assert sent(server) == {"a": False, "b": 0, "kunci": "k-1"}


def test_files_are_sent_where_the_agency_takes_them() -> None:
    file = File(name="lubang.jpg", media_type="image/jpeg", content=b"\xff\xd8")
    taking = {**SETTINGS["submit"], "files": {"field": "berkas", "content": "isi"}}

    with serving(CREATED) as server:
        with system(server.url, submit=taking) as rest:
            rest.submit(delivery(files=(file,)))
        with system(server.url) as rest:
            rest.submit(delivery(files=(file,)))

    assert sent(server, 0)["berkas"] == [
        {"name": "lubang.jpg", "media_type": "image/jpeg", "isi": "/9g="}
    ]
    assert "berkas" not in sent(server, 1)


def test_a_repeated_key_that_the_agency_knows_is_done() -> None:
    known = says(200, b'{"data": {"nomor": "PUPR-26-000123"}}')

    with serving(in_turn(CREATED, known)) as server, system(server.url) as rest:
        first = rest.submit(delivery())
        again = rest.submit(delivery())

    assert isinstance(first, Done)
    assert first == again


def test_a_number_is_a_reference() -> None:
    with (
        serving(says(201, b'{"data": {"nomor": 17}}')) as server,
        system(server.url) as rest,
    ):
        done = rest.submit(delivery())

    assert isinstance(done, Done)
    assert done.reference == "17"


def test_events_go_together_to_the_case() -> None:
    events = (event(words={"text": "Belum."}), event(event_id="e-2", type="reopened"))

    with serving(says(200, b'{"data": {}}')) as server, system(server.url) as rest:
        done = rest.send(delivery(reference="00012/KES a", events=events))

    assert done == Done(reference="00012/KES a", response=b'{"data": {}}')
    assert server.seen[0].target == "/cases/00012%2FKES%20a/events"
    assert sent(server) == {
        "kunci": "k-1",
        "peristiwa": [
            {"id": "e-1", "jenis": "reporter_replied", "isi": "Belum."},
            {"id": "e-2", "jenis": "reopened"},
        ],
    }


def test_an_event_goes_alone_where_there_is_no_list() -> None:
    send = {
        "path": "/cases/{reference}/news",
        "fields": {
            "apa.jenis": "type",
            "apa.kapan": "occurred_at",
            "sebab": "facts.reason_code",
            "kabar": "notice.id",
        },
    }
    news = event(facts={"reason_code": "done"}, notice=("Selesai.", "Closed."))

    with serving(says(204)) as server, system(server.url, send=send) as rest:
        assert not rest.capabilities.coalesces
        rest.send(delivery(reference="1", events=(news,)))
        with pytest.raises(Refused):
            rest.send(delivery(reference="1", events=(news, news)))

    assert sent(server) == {
        "apa": {"jenis": "reporter_replied", "kapan": "2026-11-24T03:00:00Z"},
        "sebab": "done",
        "kabar": "Selesai.",
    }
    assert len(server.seen) == 1


def test_an_agency_that_takes_no_events_skips_them() -> None:
    with system(without=("send", "find_event")) as rest:
        assert not rest.capabilities.sends
        assert isinstance(rest.send(delivery(reference="1")), Skipped)


def test_a_page_instead_of_an_answer_leaves_an_event_unknown() -> None:
    with (
        serving(says(200, b"<html>")) as server,
        system(server.url) as rest,
        pytest.raises(OutcomeUnknown),
    ):
        rest.send(delivery(reference="1", events=(event(),)))


def test_capabilities_are_those_of_the_manifest() -> None:
    with system(honours_key=True, without=("find", "find_event")) as rest:
        assert rest.capabilities.honours_key
        assert not rest.capabilities.finds
    with system() as rest:
        assert not rest.capabilities.honours_key
        assert rest.capabilities.finds
        assert rest.capabilities.coalesces
