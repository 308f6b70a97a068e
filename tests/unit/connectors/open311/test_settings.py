"""Settings that cannot work are named when they are read."""

from typing import Any

import pytest
from pydantic import ValidationError

from connectors.errors import Misconfigured
from connectors.systems.open311 import Open311System
from tests.unit.connectors.open311.builders import (
    delivery,
    event,
    manifest,
    system,
    utility,
)
from tests.unit.connectors.rest.servers import says, serving


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"base_url": "ftp://x"}, "base_url"),
        ({"base_url": "http://u:p@x/"}, "without user"),
        ({"base_url": "http://x/?a=b"}, "without user, query"),
        ({"jurisdiction_id": "kota depok"}, "one word"),
        ({"api_key": "rahasia sekali"}, "one word"),
        ({"service_code": ""}, "service_code"),
        ({"key_attribute": ""}, "which attribute carries the key"),
        ({"attributes": {"fixmystreet_id": "title"}}, "is the key_attribute already"),
        ({"attributes": {"a[b]": "title"}}, "attributes"),
        ({"warna": "biru"}, "warna"),
        ({"attributes": {"nik": "reporter.phone"}}, "not in `allow`"),
    ],
)
def test_a_wrong_setting_is_named_without_its_secrets(
    settings: dict[str, Any], why: str
) -> None:
    with pytest.raises((ValidationError, ValueError), match=why) as raised:
        Open311System.from_manifest(manifest(settings))

    assert "rahasia" not in str(raised.value)


def test_a_server_without_updates_is_neither_told_nor_asked() -> None:
    with system(sends=False, updates="", find="") as speaks:
        can = speaks.capabilities
        assert (can.sends, can.polls, can.finds, can.pushes) == (
            False,
            "",
            False,
            False,
        )
        assert speaks.send(delivery(reference="A", events=(event(),))).why  # type: ignore[union-attr]


def test_an_empty_api_key_is_not_sent() -> None:
    with (
        serving(says(200, b'[{"service_request_id": 7}]')) as server,
        system(server.url, api_key="", jurisdiction_id="") as speaks,
    ):
        speaks.submit(delivery())

    assert b"api_key" not in server.seen[0].body
    assert b"jurisdiction_id" not in server.seen[0].body


def test_a_server_that_wants_one_says_so() -> None:
    with (
        utility() as tirta,
        system(tirta.url, api_key="") as speaks,
        pytest.raises(Misconfigured),
    ):
        speaks.submit(delivery())
