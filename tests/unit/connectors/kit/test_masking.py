"""What is shown of a call holds no secret, in whatever spelling."""

import json

from connectors.kit.masking import MASK, curl, readable, secrets_of, shown
from connectors.protocols.http.answer import HttpAnswer
from connectors.protocols.http.client import HttpClient
from connectors.protocols.http.tap import Exchange, listening

SECRET = 'ra"ha/sia+1'


def exchange() -> Exchange:
    return Exchange(
        "POST",
        "https://agency.example/cases?key=ra%22ha%2Fsia%2B1",
        {"Authorization": "Basic abc", "X-Api-Key": "abc", "Idempotency-Key": "k-1"},
        json.dumps({"client": SECRET, "judul": "Jalan"}).encode(),
        "submit",
        HttpAnswer(200, {}, b'{"access_token": "fresh", "nomor": "7"}'),
    )


def test_secrets_are_masked_as_they_are_quoted_and_in_json() -> None:
    text = json.dumps(shown(exchange(), {SECRET})) + curl(exchange(), {SECRET})

    assert not any(word in text for word in ("sia", "Basic abc", "fresh"))
    assert all(word in text for word in ("k-1", "Jalan", '\\"nomor\\": \\"7\\"'))


def test_only_what_a_reference_stands_for_is_a_secret() -> None:
    written = {"base_url": "env:A", "auth": {"token": "env:B"}, "path": "/x"}
    resolved = {"base_url": "https://a", "auth": {"token": "t0ken"}, "path": "/x"}

    assert secrets_of(written, resolved) == {"t0ken"}


def test_a_long_body_is_cut_and_one_that_is_no_text_is_readable() -> None:
    assert "more" in readable(b"x" * 10_000)
    assert readable(b"\xff\x00") == "\ufffd\x00"
    assert readable(None) == ""


def test_a_dry_call_is_heard_and_not_sent() -> None:
    client = HttpClient()
    with listening(dry=True) as heard:
        answer = client.call(
            "GET",
            "http://127.0.0.1:9/",
            {},
            None,
            deadline_seconds=1,
            response_bytes_max=10,
        )

    assert answer.status == 200
    assert [one.url for one in heard.exchanges] == ["http://127.0.0.1:9/"]
    assert MASK not in heard.exchanges[0].url
