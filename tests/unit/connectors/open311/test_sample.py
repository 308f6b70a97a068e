"""The water utility of the region, by its own agency.toml."""

from datetime import UTC, datetime, timedelta

from connectors import registry
from connectors.contract import Done
from hub.simulator.region import SimulatedRegion
from hub.simulator.updates import UNMAPPED_WORD
from schemas.updates import AgencyUpdate
from tests.unit.connectors.open311.builders import VIEW, Poller, delivery
from tests.unit.simulator.stand_in import eventually

FILE = registry.SAMPLES / "perumda_tirta" / "agency.toml"


def test_its_manifest_is_short() -> None:
    lines = [line for line in FILE.read_text().splitlines() if line.strip()]

    assert len([line for line in lines if not line.startswith("#")]) <= 25


def test_a_complaint_goes_there_and_its_news_comes_back() -> None:
    view = {**VIEW, "body": "Air mati (ref-1-000001)"}
    with SimulatedRegion(1, work_seconds=(0, 0.01)) as region:
        agency = registry.load_agency(FILE, region.environment())
        done = agency.system.submit(delivery(complaint=view))
        assert isinstance(done, Done)
        assert eventually(lambda: region.at_rest)

        poller = Poller(agency.system, [done.reference])
        news = poller.records()
        tally = region.tally()

    assert [one.event_type for one in news if isinstance(one, AgencyUpdate)] == [
        "resolved"
    ]
    assert tally.cases == {"ref-1-000001": {"perumda_tirta": 1}}
    assert not tally.unmarked
    assert region.tirta.told.waiting == 0


def test_every_word_of_the_utility_is_mapped_and_no_other() -> None:
    with SimulatedRegion(1, work_seconds=None) as region:
        agency = registry.load_agency(FILE, region.environment())
        done = agency.system.submit(delivery())
        assert isinstance(done, Done)
        poller = Poller(agency.system, [done.reference])
        profile = region.tirta.profile
        found = []
        for n, word in enumerate((*profile.words, profile.return_word)):
            region.tirta.move(done.reference, word)
            poller.now = datetime.now(UTC) + timedelta(minutes=n)
            found += poller.updates()

    assert [event for _, _, event in found] == [
        "work_started",
        "work_started",
        "resolved",
        "return_requested",
    ]
    assert UNMAPPED_WORD not in {word for _, word, _ in found}
