"""What the answer to a hand-over means, and looking for one that was lost."""

from typing import Any

import pytest

from connectors.contract import CannotTell, Done, Found, NotFound, Pending
from connectors.errors import OutcomeUnknown, Refused, Retryable
from connectors.systems.open311 import Open311System
from connectors.systems.open311.keys import as_digits
from hub.simulator.faults import Fault
from hub.simulator.utility import SimulatedUtility
from tests.unit.connectors.open311.builders import (
    delivery,
    system,
    utility,
)
from tests.unit.connectors.rest.servers import in_turn, says, serving

UNKEYED: dict[str, Any] = {"key_attribute": "", "honours_key": False}
ID = b"<service_requests><request><service_request_id>%s</service_request_id>"
END = b"</request></service_requests>"


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
    page = b"<html><body>Not found</body></html>"
    unknown = OutcomeUnknown
    for body, kind in ((b"oops", unknown), (page, unknown), (theirs, Refused)):
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


def test_a_service_that_is_not_found_is_refused_and_not_waited_for() -> None:
    body = b'[{"code": 400, "description": "service not found"}]'
    with (
        serving(says(400, body)) as server,
        system(server.url) as speaks,
        pytest.raises(Refused),
    ):
        speaks.submit(delivery())
