"""Handing complaints over to a strict server, and to servers of the wild."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest

from connectors.contract import CannotTell, Done, File, Found, NotFound, Pending
from connectors.errors import Misconfigured, OutcomeUnknown, Refused, Retryable
from connectors.systems.open311 import Open311System
from connectors.systems.open311.keys import as_digits
from hub.simulator.faults import Fault
from hub.simulator.utility import SimulatedUtility
from tests.unit.connectors.open311.builders import (
    KEY,
    VIEW,
    delivery,
    event,
    system,
    utility,
)
from tests.unit.connectors.rest.servers import RawServer, in_turn, says, serving

ENDING = f"No. SP-000123\n\nSimpul-Ref: {as_digits('k-1')}"
UNKEYED: dict[str, Any] = {"key_attribute": "", "honours_key": False}
ID = b"<service_requests><request><service_request_id>%s</service_request_id>"
END = b"</request></service_requests>"


@pytest.fixture
def tirta() -> Iterator[SimulatedUtility]:
    with utility() as made:
        yield made


@pytest.fixture
def speaks(tirta: SimulatedUtility) -> Iterator[Open311System]:
    with system(tirta.url) as made:
        yield made


def form(server: RawServer, number: int = 0) -> dict[str, list[str]]:
    return parse_qs(server.seen[number].body.decode(), keep_blank_values=True)


def posted(tirta: SimulatedUtility) -> dict[str, list[str]]:
    request = next(r for r in tirta.requests if r.method == "POST")
    return parse_qs(request.body.decode(), keep_blank_values=True)


@pytest.mark.parametrize("written", ["xml", "json"])
@pytest.mark.parametrize("slash", ["/", ""])
def test_a_strict_server_takes_a_complaint(
    tirta: SimulatedUtility, written: str, slash: str
) -> None:
    base = tirta.url.rstrip("/") + slash

    with system(base, format=written) as speaks:
        done = speaks.submit(delivery())

    assert isinstance(done, Done)
    assert done.reference == tirta.cases[0].nomor == "TS0000001"
    assert posted(tirta) == {
        "jurisdiction_id": ["sukamaju"],
        "api_key": [KEY],
        "service_code": ["AIR-MATI"],
        "description": [
            f"Air mati\n\nSudah empat hari.\nTolong ditindak.\n\n{ENDING}",
        ],
        "lat": ["-6.400000"],
        "long": ["106.800000"],
        "address_string": ["Perum Griya Asri blok C"],
        "first_name": ["Ibu"],
        "last_name": ["Contoh Warga"],
        "phone": ["08120000001"],
        "attribute[fixmystreet_id]": [as_digits("k-1")],
    }


def test_a_case_without_any_place_says_so(
    tirta: SimulatedUtility, speaks: Open311System
) -> None:
    speaks.submit(delivery(complaint={"title": "Tagihan", "body": "Salah."}))

    assert posted(tirta)["address_id"] == ["#NOTPINPOINTED#"]
    assert posted(tirta)["service_code"] == ["LAIN"]
    assert not {"lat", "first_name", "last_name"} & set(posted(tirta))


def test_one_name_has_a_dash_for_the_other(
    tirta: SimulatedUtility, speaks: Open311System
) -> None:
    speaks.submit(delivery(complaint={**VIEW, "reporter": {"name": "Contoh"}}))

    assert posted(tirta)["last_name"] == ["-"]


def test_links_to_attachments_are_repeated_media_urls(
    tirta: SimulatedUtility, speaks: Open311System
) -> None:
    links = [{"url": f"https://simpul.example/files/{n}"} for n in "ab"]
    view = {**VIEW, "attachments": {"links": links, "note": "2 lampiran"}}

    speaks.submit(delivery(complaint=view))

    assert posted(tirta)["media_url"] == [link["url"] for link in links]
    assert "lampiran" not in posted(tirta)["description"][0]


def test_where_nothing_else_shows_attachments_a_line_does(
    tirta: SimulatedUtility, speaks: Open311System
) -> None:
    view = {**VIEW, "attachments": {"note": "2 lampiran ada di meja pusat"}}

    speaks.submit(delivery(complaint=view))

    assert "2 lampiran ada di meja" in posted(tirta)["description"][0]


def test_files_are_uploaded_under_names_that_tell_nothing(
    tirta: SimulatedUtility,
) -> None:
    files = (File(name="ktp-ibu.png", media_type="image/png", content=b"\x89PNG\r\n"),)

    with system(tirta.url, files="upload") as speaks:
        speaks.submit(delivery(files=files))

    assert tirta.cases[0].body["photo1"] == ["photo1.png"]
    assert tirta.cases[0].body["description"][0].startswith("Air mati")
    assert b"ktp-ibu" not in tirta.requests[0].body
    assert b"\x89PNG\r\n" in tirta.requests[0].body


def test_a_repeated_hand_over_has_one_effect(
    tirta: SimulatedUtility, speaks: Open311System
) -> None:
    first, second = speaks.submit(delivery()), speaks.submit(delivery())

    assert isinstance(first, Done)
    assert isinstance(second, Done)
    assert first.reference == second.reference
    assert len(tirta.cases) == 1


def test_without_a_key_attribute_none_is_sent() -> None:
    with (
        utility(declares_key=False) as tirta,
        system(tirta.url, **UNKEYED, find="") as speaks,
    ):
        speaks.submit(delivery())

        assert not any("attribute" in name for name in posted(tirta))
        assert "Simpul-Ref" not in posted(tirta)["description"][0]
        assert (speaks.capabilities.honours_key, speaks.capabilities.finds) == (
            False,
            False,
        )


def test_a_field_that_is_not_declared_is_refused(tirta: SimulatedUtility) -> None:
    with (
        system(tirta.url, service_code="ASING", services={}) as speaks,
        pytest.raises(Refused),
    ):
        speaks.submit(delivery())


def test_a_wrong_key_is_a_misconfiguration(tirta: SimulatedUtility) -> None:
    with system(tirta.url, api_key="salah") as speaks, pytest.raises(Misconfigured):
        speaks.submit(delivery())


@pytest.mark.parametrize("written", ["xml", "json"])
def test_a_token_is_asked_for_its_id_until_it_is_there(written: str) -> None:
    with (
        utility(gives_tokens=True) as tirta,
        system(tirta.url, format=written) as speaks,
    ):
        first = speaks.submit(delivery())
        assert isinstance(first, Pending)
        second = speaks.submit(delivery(progress=first.progress))
        assert isinstance(second, Pending)
        third = speaks.submit(delivery(progress=second.progress))

    assert (first.poll_after_seconds, second.poll_after_seconds) == (2.0, 2.0)
    assert isinstance(third, Done)
    assert third.reference == "TS0000001"
    assert len(tirta.cases) == 1


def test_a_token_that_nobody_knows_is_unknown_in_the_end() -> None:
    progress = b'{"v": 1, "token": "a/../b", "asks": 0}'
    with serving(says(404)) as server, system(server.url) as speaks:
        for _ in range(8):
            found = speaks.submit(delivery(progress=progress))
            assert isinstance(found, Pending)
            progress = found.progress
        with pytest.raises(OutcomeUnknown):
            speaks.submit(delivery(progress=progress))

    assert server.seen[0].target.startswith("/tokens/a%2F..%2Fb.xml")


def test_a_token_that_cannot_be_asked_now_is_asked_later() -> None:
    progress = b'{"v": 1, "token": "t", "asks": 0}'
    with (
        serving(says(500)) as server,
        system(server.url) as speaks,
        pytest.raises(Retryable),
    ):
        speaks.submit(delivery(progress=progress))


@pytest.mark.parametrize(
    "body",
    [
        ID % b"0" + END,
        ID % b"" + END,
        b'[{"service_request_id": 0}]',
        b"<!DOCTYPE html><html><body>Masuk</body></html>",
        b"<html><body>Masuk</body></html>",
        b"",
        b"<service_requests/>",
        b"<service_requests><request>",
    ],
)
def test_a_success_without_an_id_is_unknown(body: bytes) -> None:
    with (
        serving(says(200, body)) as server,
        system(server.url) as speaks,
        pytest.raises(OutcomeUnknown),
    ):
        speaks.submit(delivery())


@pytest.mark.parametrize(
    "body",
    [
        ID % b"A-7" + END,
        b'[{"service_request_id": "A-7"}]',
        b'{"service_requests": [{"service_request_id": "A-7"}]}',
        b'{"service_requests": {"request": {"service_request_id": "A-7"}}}',
        b'{"service_request_id": "A-7", "service_notice": null}',
    ],
)
@pytest.mark.parametrize("status", [200, 201])
def test_an_id_is_read_from_every_shape(body: bytes, status: int) -> None:
    with serving(says(status, body)) as server, system(server.url) as speaks:
        done = speaks.submit(delivery())

    assert isinstance(done, Done)
    assert done.reference == "A-7"


def test_a_number_is_an_id_too() -> None:
    body = b'[{"service_request_id": 12345}]'
    with serving(says(201, body)) as server, system(server.url) as speaks:
        done = speaks.submit(delivery())

    assert isinstance(done, Done)
    assert done.reference == "12345"


def test_a_500_is_unknown_unless_it_names_the_request() -> None:
    theirs = (
        b"<errors><error><code>404</code><description>x</description></error></errors>"
    )
    for body, kind in ((b"oops", OutcomeUnknown), (theirs, Refused)):
        with (
            serving(says(500, body)) as server,
            system(server.url) as speaks,
            pytest.raises(kind),
        ):
            speaks.submit(delivery())


def test_what_exists_already_is_looked_up() -> None:
    exists = says(400, b"Bad request: already exists")
    listed = b'[{"service_request_id": "A-7", "fixmystreet_id": "%s"}]'
    found = says(200, listed % as_digits("k-1").encode())
    with serving(in_turn(exists, found)) as server, system(server.url) as speaks:
        done = speaks.submit(delivery())

    assert isinstance(done, Done)
    assert done.reference == "A-7"


def test_what_exists_already_and_is_not_found_is_unknown() -> None:
    exists = says(400, b"Bad request: already exists")
    with (
        serving(in_turn(exists, says(200, b"[]"))) as server,
        system(server.url) as speaks,
        pytest.raises(OutcomeUnknown),
    ):
        speaks.submit(delivery())


def test_a_lost_answer_is_found_by_its_key(
    tirta: SimulatedUtility, speaks: Open311System
) -> None:
    tirta.faults.for_next(1, Fault.RESET_AFTER_COMMIT, method="POST")
    with pytest.raises(OutcomeUnknown):
        speaks.submit(delivery())

    assert speaks.find(delivery()) == Found(reference="TS0000001")
    assert speaks.find(delivery(key="k-2")) == NotFound()


def test_the_mark_in_the_description_is_enough() -> None:
    with utility(declares_key=False) as tirta, system(tirta.url, **UNKEYED) as speaks:
        speaks.submit(delivery())

        assert speaks.find(delivery()) == Found(reference="TS0000001")
        assert speaks.find(delivery(key="k-2")) == NotFound()


@pytest.mark.parametrize(
    ("switches", "seen"),
    [
        ({}, True),
        ({"repeats_last_page": True}, True),
        ({"newest_first": False}, True),
        ({"ignores_pages": True}, False),
    ],
)
def test_a_look_up_reads_every_page_or_cannot_tell(
    switches: dict[str, Any], *, seen: bool
) -> None:
    with utility(page_cap=20, **switches) as tirta, system(tirta.url) as speaks:
        for n in range(45):
            speaks.submit(delivery(key=f"k-{n}"))

        first = speaks.find(delivery(key="k-0"))
        nobody = speaks.find(delivery(key="nobody's"))

    assert isinstance(first, Found) == seen
    assert isinstance(nobody, NotFound if seen else CannotTell)


def test_a_server_that_repeats_nothing_of_ours_cannot_deny() -> None:
    body = b'[{"service_request_id": "A-7", "status": "open"}]'
    with serving(says(200, body)) as server, system(server.url) as speaks:
        assert isinstance(speaks.find(delivery()), CannotTell)


def test_an_update_is_sent_as_the_dialect_wants_it(
    tirta: SimulatedUtility, speaks: Open311System
) -> None:
    speaks.submit(delivery())
    reference = tirta.cases[0].nomor

    done = speaks.send(delivery(reference=reference, events=(event(),)))

    assert isinstance(done, Done)
    assert tirta.cases[0].events == (
        {
            "id": as_digits("e-1"),
            "jenis": "update",
            "status": "IN_PROGRESS",
            "waktu": "2026-11-24T03:00:00Z",
            "isi": "Masih mati.",
        },
    )


def test_a_repeated_update_exists_already_and_is_done(
    tirta: SimulatedUtility, speaks: Open311System
) -> None:
    speaks.submit(delivery())
    told = delivery(reference=tirta.cases[0].nomor, events=(event(),))

    assert isinstance(speaks.send(told), Done)
    assert isinstance(speaks.send(told.model_copy(update={"key": "late"})), Done)
    assert len(tirta.cases[0].events) == 1


@pytest.mark.parametrize(
    ("status", "extended", "word"),
    [
        ("in_progress", True, "IN_PROGRESS"),
        ("closed", True, "CLOSED"),
        ("archived", True, "NO_FURTHER_ACTION"),
        ("in_progress", False, "OPEN"),
        ("archived", False, "CLOSED"),
        ("merged", False, "CLOSED"),
    ],
)
def test_partners_without_extended_statuses_hear_open_or_closed(
    status: str, word: str, *, extended: bool
) -> None:
    told = event(status=status, words={})
    with (
        serving(says(200)) as server,
        system(server.url, extended_statuses=extended) as speaks,
    ):
        speaks.send(delivery(reference="A-7", events=(told,)))

    assert form(server)["status"] == [word]
    assert form(server)["description"] == ["reporter replied"]


def test_an_update_of_a_case_that_is_not_there_yet_is_told_later() -> None:
    body = b'{"errors": {"code": 400, "description": "Bad request: not found"}}'
    with (
        serving(says(400, body)) as server,
        system(server.url) as speaks,
        pytest.raises(Retryable) as raised,
    ):
        speaks.send(delivery(reference="A-7", events=(event(),)))

    assert raised.value.after_seconds == 3600
    assert not raised.value.throttled


def test_an_update_of_a_case_that_is_gone_is_refused(
    tirta: SimulatedUtility, speaks: Open311System
) -> None:
    with pytest.raises(Refused):
        speaks.send(delivery(reference="TS9999999", events=(event(),)))


def test_an_answer_of_html_to_an_update_is_unknown(
    tirta: SimulatedUtility, speaks: Open311System
) -> None:
    tirta.faults.set(Fault.HTML_PAGE)

    with pytest.raises(OutcomeUnknown):
        speaks.send(delivery(reference="TS0000001", events=(event(),)))
