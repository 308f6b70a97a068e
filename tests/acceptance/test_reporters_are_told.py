"""Reporters are told by mail and SMS, on the whole way through a running hub."""

import dataclasses
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from hub.bootstrap import Hub, build_hub
from hub.cli.play import short_agencies
from hub.settings import MailNotices, Notices, Server, Settings, SmsNotices
from hub.simulator.faults import Fault
from hub.simulator.letters import Letter, Letters
from hub.simulator.region import SimulatedRegion
from hub.simulator.texts import SAMPLES
from tests.acceptance.world import ROAD, SECONDS_MAX

SEED = 20261124
GATEWAY = {
    "secret": "env:SIMPUL_SMS_SECRET",
    "send_url": "env:SIMPUL_SMS_SEND_URL",
    "send_secret": "env:SIMPUL_SMS_SEND_SECRET",
    "line": "1708",
}


@pytest.fixture
def region() -> Iterator[SimulatedRegion]:
    with SimulatedRegion(SEED, work_seconds=(0.1, 0.2)) as found:
        yield found


@contextmanager
def running(folder: Path, region: SimulatedRegion, notices: Notices) -> Iterator[Hub]:
    settings = Settings(
        data_dir=folder / "data",
        agencies_dir=short_agencies(folder / "agencies"),
        server=Server(port=0),
        notices=notices,
        channels={
            "web": {},
            "email": {"domain": "simpul.example", "relay": region.mail.address},
            "sms": {"gateways": {"gateway": GATEWAY}},
        },
    )
    hub = build_hub(settings, region.environment())
    hub.start()
    try:
        region.connect(hub.http_url, hub.smtp_address)
        yield hub
    finally:
        hub.stop()


def letter(channel: str) -> Letter:
    sample = next(one for one in SAMPLES if one.number == ROAD)
    made = Letters(SEED, [sample]).next()
    return dataclasses.replace(made, channel=channel, anonymous=False)


def wait_for(test: Callable[[], bool]) -> None:
    until = time.monotonic() + SECONDS_MAX
    while not test():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def sms(region: SimulatedRegion) -> list[str]:
    return [message.text for message in region.sms.distinct]


def mails(region: SimulatedRegion) -> str:
    """Every mail's words, wherever their lines end."""
    return "\n".join(" ".join(m.text.split()) for m in region.mail.messages)


def test_a_burst_is_one_sms_and_stop_is_the_last_one_but_its_receipt(
    tmp_path: Path, region: SimulatedRegion
) -> None:
    notices = Notices(sms=SmsNotices(burst_seconds=3, quiet_hours=""))
    with running(tmp_path, region, notices) as hub:
        mine = letter("sms")
        region.citizens.write_sms(mine)
        wait_for(lambda: len(sms(region)) == 2)
        first, burst = sms(region)
        assert "Laporan Anda diterima dengan kode" in first
        assert "Sudah sampai di" in burst
        assert "Mulai ditangani" in burst
        wait_for(lambda: hub.store.queries.counts()["resting"] == 0)
        heard = len(sms(region))
        region.citizens.write_sms(mine, text="STOP")
        wait_for(lambda: len(sms(region)) == heard + 1)
        assert "tidak lagi mengirim" in sms(region)[-1]
        assert hub.store.queries.counts()["contacts_opted_out"] == 1


def test_a_reporter_hears_that_an_agency_is_away_and_that_it_is_back(
    tmp_path: Path, region: SimulatedRegion
) -> None:
    notices = Notices(email=MailNotices(burst_seconds=0), late_hand_over_hours=1 / 3600)
    with running(tmp_path, region, notices) as hub:
        region.pupr.faults.set(Fault.DOWN)
        sent = region.citizens.write_web(letter("web"))
        wait_for(lambda: "belum dapat dihubungi sejak" in mails(region))
        assert "could not be reached since" in mails(region)
        page = httpx2.get(f"{hub.http_url}/t/{sent.code}", timeout=20).json()
        assert [line["type"] for line in page["timeline"]] == [
            "registered",
            "hand_over_delayed",
        ]
        region.pupr.faults.set(Fault.NONE)
        wait_for(lambda: "Laporan Anda sudah sampai di" in mails(region))
        assert mails(region).count("belum dapat dihubungi sejak") == 1
