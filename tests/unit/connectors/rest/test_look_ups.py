"""The look-up by our key settles what is unclear, conflicts among it."""

import time
from typing import Any

import pytest

from connectors.contract import (
    CannotTell,
    Done,
    Found,
    NotFound,
)
from connectors.errors import Misconfigured, OutcomeUnknown, Refused, Retryable
from schemas.agency import Limits
from tests.unit.connectors.rest.builders import (
    FIND,
    delivery,
    event,
    system,
)
from tests.unit.connectors.rest.servers import (
    drips,
    in_turn,
    response,
    says,
    serving,
    writes,
)

CREATED = says(201, b'{"data": {"nomor": "PUPR-26-000123"}}')
FOUND = says(200, b'{"data": [{"nomor": "PUPR-26-000123"}]}')
NOTHING = says(200, b'{"data": []}')


def test_a_case_is_found_by_our_key() -> None:
    with serving(FOUND) as server, system(server.url) as rest:
        assert rest.find(delivery(key="k 1&x")) == Found(reference="PUPR-26-000123")

    assert server.seen[0].target == "/cases?kunci=k+1%26x"
    assert server.seen[0].method == "GET"


def test_an_event_is_looked_up_in_its_own_place() -> None:
    with serving(FOUND) as server, system(server.url) as rest:
        assert isinstance(rest.find(delivery(reference="PUPR-26-000123")), Found)

    assert server.seen[0].target == "/events?kunci=k-1"


def test_an_empty_list_says_that_it_is_not_there() -> None:
    with serving(NOTHING) as server, system(server.url) as rest:
        assert rest.find(delivery()) == NotFound()


@pytest.mark.parametrize(
    "behave",
    [
        says(404),
        says(500),
        says(302),
        says(200, b"<html>"),
        says(200, b"{}"),
        says(200, b'{"data": null}'),
        says(200, b'{"data": {"nomor": "1"}}'),
        says(200, b'{"data": [{}]}'),
        says(200, b'{"data": [{"nomor": "1"}, {"nomor": "2"}]}'),
        writes(b""),
    ],
    ids=[
        "no such place",
        "broken",
        "moved",
        "a page",
        "no list",
        "null",
        "an object",
        "no reference",
        "several cases",
        "silence",
    ],
)
def test_anything_else_says_nothing(behave: Any) -> None:
    with serving(behave) as server, system(server.url) as rest:
        assert isinstance(rest.find(delivery()), CannotTell)


def test_a_look_up_that_ignores_our_key_says_nothing() -> None:
    find = {**FIND, "key": "kunci"}
    other = says(200, b'{"data": [{"nomor": "1", "kunci": "k-9"}]}')
    ours = says(
        200,
        b'{"data": [{"nomor": "1", "kunci": "k-9"}, {"nomor": "2", "kunci": "k-1"}]}',
    )

    with (
        serving(in_turn(other, ours)) as server,
        system(server.url, find=find) as rest,
    ):
        assert isinstance(rest.find(delivery()), CannotTell)
        assert rest.find(delivery()) == Found(reference="2")


def test_an_event_may_be_found_without_a_reference_of_its_own() -> None:
    find_event = {"path": "/events", "parameter": "kunci"}

    with (
        serving(says(200, b'[{"id": "e-1"}]')) as server,
        system(server.url, find_event=find_event) as rest,
    ):
        assert rest.find(delivery(reference="7")) == Found(reference="7")


def test_an_event_that_cannot_be_looked_up_stays_unclear() -> None:
    with system(without=("find_event",)) as rest:
        assert isinstance(rest.find(delivery(reference="7")), CannotTell)


@pytest.mark.parametrize(
    ("status", "error"), [(401, Misconfigured), (429, Retryable), (503, Retryable)]
)
def test_what_concerns_the_whole_agency_is_raised_by_a_look_up_too(
    status: int, error: type[Exception]
) -> None:
    with (
        serving(says(status)) as server,
        system(server.url) as rest,
        pytest.raises(error),
    ):
        rest.find(delivery())


def test_a_conflict_is_done_if_the_look_up_has_it() -> None:
    with serving(in_turn(says(409), FOUND)) as server, system(server.url) as rest:
        done = rest.submit(delivery())

    assert isinstance(done, Done)
    assert done.reference == "PUPR-26-000123"
    assert [request.method for request in server.seen] == ["POST", "GET"]


def test_a_conflict_over_an_event_is_done_if_the_look_up_has_it() -> None:
    with serving(in_turn(says(409), FOUND)) as server, system(server.url) as rest:
        done = rest.send(delivery(reference="PUPR-26-000123", events=(event(),)))

    assert isinstance(done, Done)
    assert server.seen[1].target == "/events?kunci=k-1"


def test_a_conflict_that_the_look_up_does_not_explain_is_refused() -> None:
    with (
        serving(in_turn(says(409), NOTHING)) as server,
        system(server.url) as rest,
        pytest.raises(Refused) as caught,
    ):
        rest.submit(delivery())

    assert caught.value.fingerprint == "http 409 POST submit"


@pytest.mark.parametrize("status", [404, 500, 503])
def test_a_conflict_with_an_unclear_look_up_stays_unclear(status: int) -> None:
    with (
        serving(in_turn(says(409), says(status))) as server,
        system(server.url) as rest,
        pytest.raises(OutcomeUnknown) as caught,
    ):
        rest.submit(delivery())

    assert caught.value.fingerprint == "http 409 unclear POST submit"


def test_a_conflict_and_its_look_up_share_one_deadline() -> None:
    half = drips(response(409, b"x" * 100), fluently=100, seconds=0.02)
    limits = {"limits": Limits(deadline_seconds=0.5)}

    with (
        serving(in_turn(half, writes(b""))) as server,
        system(server.url, manifest_fields=limits) as rest,
    ):
        began = time.monotonic()
        with pytest.raises(OutcomeUnknown):
            rest.submit(delivery())

    assert time.monotonic() - began < 1
