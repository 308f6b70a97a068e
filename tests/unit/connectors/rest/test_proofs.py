"""Pushed updates of systems that prove themselves in ways of their own."""

import base64
import hashlib
import hmac
import time
from typing import Any

import pytest

from connectors.contract import HttpRequest, HttpResponse, Take
from connectors.systems.rest import RestSystem
from schemas.raw import RawMessage
from tests.unit.connectors.rest.asked import described

BODY = b'{"data": [{"id": "C-1", "status": "Diterima"}]}'


def pushed(webhook: dict[str, Any], headers: dict[str, str]) -> RawMessage | int:
    rest = RestSystem.from_manifest(described({"webhook": webhook}))
    (door,) = rest.doors()
    lowered = {name.lower(): value for name, value in headers.items()}
    request = HttpRequest(
        method="POST", path=door.path, query={}, headers=lowered, body=BODY
    )
    answer = door.read(request)
    rest.close()
    if isinstance(answer, HttpResponse):
        return answer.status
    assert isinstance(answer, Take)
    return answer.raws[0]


def signed(secret: str, content: bytes) -> str:
    return hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


HMAC = {
    "kind": "hmac",
    "secret": "new",
    "previous_secret": "old",
    "header": "X-Hub-Signature-256",
    "prefix": "sha256=",
    "id_header": "X-Delivery",
}


@pytest.mark.parametrize(
    ("secret", "taken"), [("new", True), ("old", True), ("other", False)]
)
def test_a_signature_by_either_secret_is_taken(secret: str, *, taken: bool) -> None:
    headers = {
        "X-Hub-Signature-256": f"sha256={signed(secret, BODY)}",
        "X-Delivery": "d-1",
    }
    found = pushed(HMAC, headers)

    assert isinstance(found, RawMessage) is taken
    if isinstance(found, RawMessage):
        assert found.source_key == "d-1"


def test_without_its_prefix_or_its_id_it_is_not_taken() -> None:
    right = f"sha256={signed('new', BODY)}"

    assert pushed(HMAC, {"X-Hub-Signature-256": right}) == 400
    bare = {"X-Hub-Signature-256": right.removeprefix("sha256="), "X-Delivery": "1"}
    assert pushed(HMAC, bare) == 401


@pytest.mark.parametrize(("age", "taken"), [(0, True), (200, True), (400, False)])
def test_an_old_signature_is_refused(age: int, *, taken: bool) -> None:
    webhook = {
        "kind": "hmac",
        "secret": "s",
        "signed": "{timestamp}.{body}",
        "timestamp_header": "X-Time",
    }
    at = str(int(time.time()) - age)
    headers = {"X-Signature": signed("s", f"{at}.".encode() + BODY), "X-Time": at}
    found = pushed(webhook, headers)

    assert isinstance(found, RawMessage) is taken
    if isinstance(found, RawMessage):
        assert found.source_key == f"body:{hashlib.sha256(BODY).hexdigest()}"


def basic(pair: str) -> str:
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


@pytest.mark.parametrize(
    ("webhook", "name", "right", "wrong"),
    [
        ({"kind": "bearer", "secret": "s"}, "authorization", "Bearer s", "s"),
        ({"kind": "header", "secret": "s", "header": "X-S"}, "x-s", "s", "Bearer s"),
        (
            {"kind": "basic", "user": "u", "secret": "s"},
            "authorization",
            basic("u:s"),
            "Basic ???",
        ),
    ],
    ids=["bearer", "header", "basic"],
)
def test_a_shared_secret_is_compared(
    webhook: dict[str, Any], name: str, right: str, wrong: str
) -> None:
    assert isinstance(pushed(webhook, {name: right}), RawMessage)
    assert pushed(webhook, {name: wrong}) == 401
    assert pushed(webhook, {}) == 401


@pytest.mark.parametrize(
    ("webhook", "why"),
    [
        ({"kind": "hmac", "secret": "s", "signed": "{timestamp}"}, "belong together"),
        ({"kind": "hmac", "secret": "s", "signed": "{nonce}"}, "nonce_header"),
        ({"kind": "magic", "secret": "s"}, "no such kind"),
    ],
)
def test_a_webhook_that_cannot_work_is_said_at_load(
    webhook: dict[str, Any], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        RestSystem.from_manifest(described({"webhook": webhook}))
