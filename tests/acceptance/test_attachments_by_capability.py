"""One photo for three agencies: uploaded, fetched by a link, announced by a line."""

import base64
import dataclasses
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from hub.bootstrap import Hub, build_hub
from hub.cli.play import short_agencies
from hub.database.invariants import check_invariants
from hub.settings import Edge, MailNotices, Notices, Server, Settings
from hub.simulator.agency import SimulatedAgency
from hub.simulator.attachments import Attachment, png
from hub.simulator.letters import Letters
from hub.simulator.region import SimulatedRegion
from hub.simulator.texts import SAMPLES
from tests.acceptance.world import HEALTH_CENTRE, IDENTITY_CARD, ROAD

PHOTO = png(random.Random(1))
HUB = "https://simpul.example"
SECONDS_MAX = 20.0


def allow_attachments(folder: Path) -> Path:
    """Let two agencies see attachments that their samples do not."""
    short_agencies(folder)
    for agency in ("disdukcapil", "dinkes"):
        path = folder / agency / "agency.toml"
        text = path.read_text().replace("allow = [", 'allow = [\n    "attachments",')
        if agency == "disdukcapil":
            links = '"berkas" = "attachments.links"\n'
            text = text.replace(
                "[settings.submit.fields]\n", f"[settings.submit.fields]\n{links}"
            )
        path.write_text(text)
    return folder


@pytest.fixture
def region() -> Iterator[SimulatedRegion]:
    with SimulatedRegion(int(time.time()), work_seconds=(0.1, 0.3)) as found:
        yield found


@pytest.fixture
def hub(tmp_path: Path, region: SimulatedRegion) -> Iterator[Hub]:
    settings = Settings(
        data_dir=tmp_path / "data",
        agencies_dir=allow_attachments(tmp_path / "agencies"),
        server=Server(port=0, public_url=f"{HUB}/"),
        edge=Edge(fsync=False),
        notices=Notices(email=MailNotices(burst_seconds=0)),
        channels={"email": {"domain": "simpul.example", "relay": region.mail.address}},
    )
    found = build_hub(settings, region.environment())
    found.start()
    region.connect(found.http_url, found.smtp_address)
    yield found
    found.stop()


def wait_for(test: Callable[[], bool]) -> None:
    until = time.monotonic() + SECONDS_MAX
    while not test():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def write(region: SimulatedRegion, sample: int, photo: Attachment = PHOTO) -> None:
    """Write a mail about a sample's matter, with a photo."""
    letter = dataclasses.replace(
        Letters(random.getrandbits(32), SAMPLES).next(),
        channel="email",
        sample=next(one for one in SAMPLES if one.number == sample),
        anonymous=False,
        confidential=False,
        place="",
    )
    assert region.citizens.write_mail(letter, attachment=photo).accepted


def handed_over(agency: SimulatedAgency) -> dict[str, object]:
    """Wait for the hand-over to an agency; returns its body."""
    wait_for(lambda: bool(agency.cases))
    body: dict[str, object] = next(
        r.json() for r in agency.requests if r.method == "POST"
    )
    return body


def states(hub: Hub) -> dict[str, str]:
    """What each agency got, by agency."""
    ids = [row["id"] for row in hub.store.queries.complaints()]
    rows = [row for one in ids for row in hub.store.attachments.of(str(one))]
    return {row["party"]: row["state"] for row in rows}


def test_each_agency_gets_a_photo_in_the_way_that_it_can_take_it(
    hub: Hub, region: SimulatedRegion
) -> None:
    for sample in (ROAD, IDENTITY_CARD, HEALTH_CENTRE):
        write(region, sample)

    uploaded = handed_over(region.pupr)["lampiran"]
    assert isinstance(uploaded, list)
    assert base64.b64decode(uploaded[0]["isi"]) == PHOTO.content

    links = handed_over(region.disdukcapil)["berkas"]
    assert isinstance(links, list)
    assert links[0]["url"].startswith(f"{HUB}/files/")
    fetched = httpx2.get(links[0]["url"].replace(HUB, hub.http_url))
    assert fetched.content == PHOTO.content
    assert fetched.headers["content-disposition"].startswith("attachment;")

    words = handed_over(region.dinkes)["keluhan"]
    assert "1 lampiran tidak ikut terkirim" in str(words)
    assert "1 attachment does not come along" in str(words)

    wait_for(lambda: len(states(hub)) == 3)
    assert states(hub) == {
        "dinas_pupr": "uploaded",
        "disdukcapil": "linked",
        "dinkes": "mentioned",
    }
    wait_for(lambda: region.at_rest and not hub.store.queries.counts()["lagging"])
    store = hub.store
    assert check_invariants(store.db, store.edge, store.erased, store.deadlines) == []
