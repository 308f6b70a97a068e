"""What a deployment says about notices is checked when it is loaded."""

from datetime import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.registry import ConfigError
from hub.bootstrap.configuration import load_configuration, party_rows, ways_of
from hub.domain.notices import STANDARD
from hub.domain.pacing import Pace, QuietHours
from hub.settings import MailNotices, Notices, Settings, SmsNotices

GATEWAY = {
    "secret": "s",
    "send_url": "http://127.0.0.1:9/send",
    "send_secret": "s",
    "line": "1708",
}
CHANNELS: dict[str, Any] = {
    "web": {},
    "email": {"domain": "simpul.example", "relay": "127.0.0.1:9"},
    "sms": {"gateways": {"nusa": GATEWAY}},
}


def settings(folder: Path, words: str = "", **changes: Any) -> Settings:
    if words:
        (folder / "notices.toml").write_text(words)
    return Settings(agencies_dir=folder, channels=CHANNELS, **changes)


def test_a_channel_is_as_patient_as_its_table_says(tmp_path: Path) -> None:
    notices = Notices(email=MailNotices(burst_seconds=5))
    config = load_configuration(settings(tmp_path, notices=notices), {})
    ways = ways_of(config)

    assert ways["reporter:email"].pace == Pace(5, None)
    night = QuietHours(time(21), time(7))
    assert ways["reporter:sms"].pace == Pace(120, night)
    bursts = {row["party"]: row["burst_s"] for row in party_rows(config, ways)}
    assert bursts == {"reporter:email": 5, "reporter:sms": 120}


def test_one_setting_of_a_channel_leaves_its_others_as_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SIMPUL_NOTICES__SMS__BURST_SECONDS", "7")

    assert Settings().notices.sms == SmsNotices(burst_seconds=7)
    assert Settings().notices.sms.quiet_hours == "21:00-07:00"


@pytest.mark.parametrize("span", ["21-07", "25:00-07:00", "21:00-07:00 WIB", "night"])
def test_quiet_hours_that_are_none_are_refused(span: str) -> None:
    with pytest.raises(ValidationError, match="quiet_hours"):
        SmsNotices(quiet_hours=span)


def test_words_of_a_deployment_are_used_for_every_reporter(tmp_path: Path) -> None:
    own = '[notices.closed]\nid = "Tutup."\nen = "Shut."\n'
    config = load_configuration(settings(tmp_path, own), {})

    for way in ways_of(config).values():
        assert way.wording.notice("closed", {}, {}, "") == ("Tutup.", "Shut.")


def test_without_words_of_its_own_a_deployment_has_ours(tmp_path: Path) -> None:
    assert load_configuration(settings(tmp_path), {}).wording is STANDARD


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (
            '[notices.closed]\nid = "{kode}"\n',
            r"closed\.id: unknown placeholder \{kode",
        ),
        ("[notices.tutup]\n", r"notices\.tutup: no such sentence"),
        ("[notices", "is not TOML"),
    ],
)
def test_words_that_cannot_be_used_stop_the_start_and_are_named(
    tmp_path: Path, words: str, why: str
) -> None:
    with pytest.raises(ConfigError, match=why) as caught:
        load_configuration(settings(tmp_path, words), {})

    assert str(tmp_path / "notices.toml") in str(caught.value)
