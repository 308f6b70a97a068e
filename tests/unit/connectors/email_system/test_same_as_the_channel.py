"""An agency's mailbox and the channel must agree, or answers become complaints."""

from typing import Any

import pytest

from hub.cli.doctor_mail import apart
from schemas.agency import AgencyManifest

ENVIRON = {"RAHASIA": "rahasia-uji-balasan", "LAIN": "rahasia-yang-lain-sama"}
CHANNEL = {"domain": "hub.example", "reply_secret": "env:RAHASIA"}


def found(channels: dict[str, Any], **settings: str) -> list[str]:
    given = {"domain": "hub.example", "reply_secret": "env:RAHASIA", **settings}
    agencies = {
        kind: AgencyManifest(name=kind, title=kind, system=kind, settings=given)
        for kind in ("email", "rest")
    }
    return [row["why"] for row in apart(agencies, channels, ENVIRON, {})]


def test_a_mailbox_that_agrees_with_the_channel_is_well() -> None:
    assert found({"email": CHANNEL | {"mailbox": "lapor"}}) == []


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"reply_secret": "env:LAIN"}, "reply_secret"),
        ({"domain": "lain.example"}, "domain"),
        ({"mailbox": "aduan"}, "mailbox"),
    ],
)
def test_what_differs_from_the_channel_is_named(
    settings: dict[str, str], key: str
) -> None:
    (why,) = found({"email": CHANNEL}, **settings)

    assert why.startswith(f"{key}: not as the channel email has it")


def test_a_channel_without_the_secret_is_named() -> None:
    (why,) = found({"email": {"domain": "hub.example"}})

    assert why.startswith("reply_secret: ")


def test_no_channel_means_that_no_answer_comes_back() -> None:
    (why,) = found({"web": {}})

    assert "is off" in why
