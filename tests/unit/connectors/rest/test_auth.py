"""How a system proves who it is, and what it does when that is refused."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from connectors.contract import Done
from connectors.errors import Misconfigured, Retryable
from connectors.systems.rest import RestSystem
from tests.unit.connectors.rest.asked import answers, asking, described
from tests.unit.connectors.rest.builders import delivery
from tests.unit.connectors.rest.certificates import Certificates
from tests.unit.connectors.rest.servers import (
    Behaviour,
    RawServer,
    Seen,
    says,
    serving,
)

CASE = json.dumps({"id": 1}).encode()


def submit(auth: dict[str, Any], *behaviours: Behaviour) -> RawServer:
    with asking({"auth": auth}, *behaviours) as (rest, server):
        assert isinstance(rest.submit(delivery()), Done)
    return server


def headers_of(server: RawServer, name: str) -> list[str]:
    return [seen.headers.get(name, "") for seen in server.seen]


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ({"kind": "bearer", "token": "t"}, "authorization", "Bearer t"),
        ({"token": "t", "scheme": "Token"}, "authorization", "Token t"),
        ({"token": "t", "scheme": "Token token="}, "authorization", "Token token=t"),
        ({"kind": "api_key", "key": "k", "header": "X-Key"}, "x-key", "k"),
        ({"kind": "headers", "headers": {"token": "t2"}}, "token", "t2"),
        (
            {"kind": "basic", "user": "u", "password": "p:w"},
            "authorization",
            "Basic " + base64.b64encode(b"u:p:w").decode(),
        ),
    ],
)
def test_fixed_proofs_stand_in_their_header(
    auth: dict[str, Any], header: str, value: str
) -> None:
    server = submit(auth, *answers({"id": 1}))

    assert headers_of(server, header) == [value]


def test_a_key_may_stand_in_the_query() -> None:
    auth = {"kind": "api_key", "key": "a&b", "parameter": "api_key"}
    server = submit(auth, *answers({"id": 1}))

    assert server.seen[0].target == "/cases?api_key=a%26b"


def test_while_a_key_is_changed_the_other_one_is_tried_and_remembered() -> None:
    auth = {"kind": "bearer", "token": "new", "previous_token": "old"}

    def only_old(connection: Any, seen: Seen) -> None:
        known = seen.headers["authorization"] == "Bearer old"
        says(200 if known else 401, CASE)(connection, seen)

    with asking({"auth": auth}, only_old) as (rest, server):
        rest.submit(delivery())
        rest.submit(delivery())

    told = headers_of(server, "authorization")
    assert told == ["Bearer new", "Bearer old", "Bearer old"]


def test_a_refused_proof_without_another_misconfigures_after_one_call() -> None:
    auth = {"kind": "bearer", "token": "t"}
    with (
        asking({"auth": auth}, says(401)) as (rest, server),
        pytest.raises(Misconfigured),
    ):
        rest.submit(delivery())

    assert len(server.seen) == 1


class Gateway:
    """An API with a token address: a token is good for as many calls as it says."""

    def __init__(self, *, calls: int = 100, status: int = 200) -> None:
        self.calls = calls
        self.status = status
        self.tokens = 0
        self.left = 0

    def __call__(self, connection: Any, seen: Seen) -> None:
        if seen.target == "/token":
            self.tokens += 1
            self.left = self.calls
            told = {"access_token": f"t{self.tokens}", "expires_in": 3600}
            says(self.status, json.dumps(told).encode())(connection, seen)
            return
        known = seen.headers.get("authorization") == f"Bearer t{self.tokens}"
        self.left -= 1
        says(200 if known and self.left >= 0 else 401, CASE)(connection, seen)


def oauth2(server_url: str, **fields: Any) -> dict[str, Any]:
    return {
        "kind": "oauth2",
        "token_url": f"{server_url}/token",
        "client_id": "hub",
        "client_secret": "s e",
        **fields,
    }


def test_a_token_is_fetched_once_and_anew_when_it_is_refused() -> None:
    gateway = Gateway(calls=2)
    with serving(gateway) as server:
        auth = oauth2(server.url, scope="cases")
        rest = RestSystem.from_manifest(described({"auth": auth}, server.url))
        for _ in range(3):
            rest.submit(delivery())
        rest.close()

    assert gateway.tokens == 2
    asked = server.seen[0]
    assert asked.body == b"grant_type=client_credentials&scope=cases"
    pair = base64.b64encode(b"hub:s+e").decode()
    assert asked.headers["authorization"] == f"Basic {pair}"


@pytest.mark.parametrize(
    ("status", "error"), [(400, Misconfigured), (401, Misconfigured), (500, Retryable)]
)
def test_without_a_token_nothing_is_sent(status: int, error: type[Exception]) -> None:
    with serving(Gateway(status=status)) as server:
        auth = oauth2(server.url, credentials_in="body")
        rest = RestSystem.from_manifest(described({"auth": auth}, server.url))
        with pytest.raises(error, match="no token"):
            rest.submit(delivery())
        rest.close()

    assert [seen.target for seen in server.seen] == ["/token"]


@pytest.mark.parametrize("way", ["apikey", "oauth2"])
def test_the_national_gateway_lies_below_context_and_version(way: str) -> None:
    with serving(Gateway() if way == "oauth2" else says(200, CASE)) as server:
        proof = oauth2(server.url) if way == "oauth2" else "k"
        auth = {"kind": "splp", "context": "aduan", "version": "1.0", way: proof}
        rest = RestSystem.from_manifest(described({"auth": auth}, server.url))
        rest.submit(delivery())
        rest.close()

    call = server.seen[-1]
    assert call.target == "/aduan/1.0/cases"
    name = {"apikey": "apikey", "oauth2": "authorization"}[way]
    assert call.headers[name] == {"apikey": "k", "oauth2": "Bearer t1"}[way]


def test_a_request_is_signed_as_its_template_says() -> None:
    auth = {
        "kind": "hmac",
        "secret": "s3",
        "header": "X-Sign",
        "prefix": "v1=",
        "signed": "{method}\\n{path}\\n{timestamp}\\n{body}",
        "timestamp_header": "X-Time",
        "headers": {"X-Key-Id": "hub"},
    }
    server = submit(auth, *answers({"id": 1}))

    (seen,) = server.seen
    signed = f"POST\n/cases\n{seen.headers['x-time']}\n".encode() + seen.body
    digest = hmac.new(b"s3", signed, hashlib.sha256).hexdigest()
    assert seen.headers["x-sign"] == f"v1={digest}"
    assert seen.headers["x-key-id"] == "hub"


def test_our_certificate_is_shown_where_the_server_asks_for_one(
    certificates: Certificates,
) -> None:
    tls = {
        "certificate": certificates.certificate,
        "key": certificates.key,
        "authority": certificates.certificate,
    }
    asking_server = certificates.asking()
    with serving(says(200, CASE), tls=asking_server, host="localhost") as server:
        rest = RestSystem.from_manifest(described({"tls": tls}, server.url))
        done = rest.submit(delivery())
        rest.close()

    assert isinstance(done, Done)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"auth": {"kind": "api_key", "key": "k"}}, "either a header or"),
        ({"auth": {"kind": "hmac", "secret": "s", "signed": "{what}"}}, "unknown what"),
        ({"auth": {"kind": "splp", "context": "a", "version": "1"}}, "either apikey"),
        ({"tls": {"certificate": "x"}}, "belong together"),
        ({"tls": {"certificate": "x", "key": "y"}}, "cannot be used"),
    ],
)
def test_a_proof_that_cannot_work_is_said_at_load(
    settings: dict[str, Any], why: str
) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        RestSystem.from_manifest(described(settings))

    assert "'k'" not in str(caught.value)
