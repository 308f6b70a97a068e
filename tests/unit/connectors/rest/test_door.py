"""Signed updates come in; everything else stays outside."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import HttpDoor, HttpRequest, HttpResponse, Take
from tests.unit.connectors.rest.builders import (
    OTHER_SECRET,
    SECRET,
    pushed,
    signature,
    system,
)

BODY = b'{"items": []}'


@pytest.fixture(scope="module")
def door() -> HttpDoor:
    with system() as rest:
        (made,) = rest.doors()
    return made


def test_a_signed_update_is_taken_as_it_is(door: HttpDoor) -> None:
    request = pushed(BODY, webhook_id="msg-7")

    taken = door.read(request)

    assert isinstance(taken, Take)
    (raw,) = taken.raws
    assert (raw.source, raw.lane) == ("agency:dinas_contoh", "updates.dinas_contoh")
    assert (raw.source_key, raw.body) == ("msg-7", BODY)
    assert raw.content_type == "application/json"
    assert raw.meta["webhook-timestamp"] == request.headers["webhook-timestamp"]
    assert "webhook-signature" not in raw.meta
    assert not raw.spoolable
    assert not raw.expects_complaint


def test_the_door_is_the_agencys_own(door: HttpDoor) -> None:
    assert (door.method, door.path) == ("POST", "/agencies/dinas_contoh/updates")


def test_what_is_stored_is_answered_202(door: HttpDoor) -> None:
    assert door.answer(pushed(BODY), ()).status == 202


def test_what_cannot_be_stored_is_to_be_sent_again(door: HttpDoor) -> None:
    answer = door.unavailable(pushed(BODY))

    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0


def refusal(answer: Take | HttpResponse) -> int:
    assert isinstance(answer, HttpResponse)
    assert answer.content_type == "application/problem+json"
    assert json.loads(answer.body)["status"] == answer.status
    return answer.status


@pytest.mark.parametrize("age_seconds", [-290, 0, 290])
def test_a_signature_is_good_for_five_minutes(door: HttpDoor, age_seconds: int) -> None:
    assert isinstance(door.read(pushed(BODY, age_seconds=age_seconds)), Take)


@pytest.mark.parametrize("age_seconds", [-310, 310])
def test_an_older_or_younger_signature_is_not(door: HttpDoor, age_seconds: int) -> None:
    assert refusal(door.read(pushed(BODY, age_seconds=age_seconds))) == 401


def test_a_signature_of_another_secret_is_refused(door: HttpDoor) -> None:
    assert refusal(door.read(pushed(BODY, secret=OTHER_SECRET))) == 401


def test_a_changed_body_is_refused(door: HttpDoor) -> None:
    changed = pushed(BODY).model_copy(update={"body": BODY + b" "})

    assert refusal(door.read(changed)) == 401


def test_a_changed_id_is_refused(door: HttpDoor) -> None:
    assert refusal(door.read(pushed(BODY, webhook_id="a", Webhook_Id="b"))) == 401


@pytest.mark.parametrize(
    "name", ["webhook-id", "webhook-timestamp", "webhook-signature"]
)
def test_a_missing_header_is_refused(door: HttpDoor, name: str) -> None:
    signed = pushed(BODY)
    headers = {key: value for key, value in signed.headers.items() if key != name}

    assert refusal(door.read(signed.model_copy(update={"headers": headers}))) == 401


def test_one_good_signature_among_several_is_enough(door: HttpDoor) -> None:
    request = pushed(BODY)
    good = request.headers["webhook-signature"]
    stamp = int(request.headers["webhook-timestamp"])
    other = signature(OTHER_SECRET, "msg-1", stamp, BODY)
    several = f"v1a,abc nonsense v1,== {other} {good}"

    read = door.read(pushed(BODY, webhook_signature=several))

    assert isinstance(read, Take)


def test_the_previous_secret_is_good_while_it_is_declared() -> None:
    webhook = {"secret": OTHER_SECRET, "previous_secret": SECRET}

    with system(webhook=webhook) as rest:
        (door,) = rest.doors()

    assert isinstance(door.read(pushed(BODY, secret=SECRET)), Take)
    assert isinstance(door.read(pushed(BODY, secret=OTHER_SECRET)), Take)


def test_a_body_that_is_no_text_is_refused(door: HttpDoor) -> None:
    assert refusal(door.read(pushed(b"\xff\xfe"))) == 401


@pytest.mark.parametrize("body", [b"", b" \n"])
def test_an_empty_body_is_refused(door: HttpDoor, body: bytes) -> None:
    assert refusal(door.read(pushed(body))) == 400


def test_an_endless_id_is_refused(door: HttpDoor) -> None:
    assert refusal(door.read(pushed(BODY, webhook_id="x" * 201))) == 400


def test_an_agency_without_a_webhook_has_no_door() -> None:
    with system(without=("webhook",)) as rest:
        assert rest.doors() == ()


@given(
    st.dictionaries(
        st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]),
        st.text(),
    ),
    st.binary(),
)
@settings(deadline=None)
def test_no_header_and_no_body_breaks_the_door(
    door: HttpDoor, headers: dict[str, str], body: bytes
) -> None:
    request = HttpRequest(
        method="POST", path=door.path, query={}, headers=headers, body=body
    )

    assert refusal(door.read(request)) in {400, 401}
