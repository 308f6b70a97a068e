"""An agency refuses news, is mended, and is down again when the operator retries."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.bootstrap import Hub, build_hub
from hub.cli.play import short_agencies
from hub.database.invariants import check_invariants
from hub.settings import Server, Settings
from hub.simulator.citizens import Sent
from hub.simulator.faults import Fault
from hub.simulator.letters import Letters
from hub.simulator.region import SimulatedRegion
from hub.simulator.texts import SAMPLES
from tests.acceptance.command import Run
from tests.acceptance.world import ROAD, wait_until

SEED = 20261124
PUPR = "dinas_pupr"


@pytest.fixture
def region() -> Iterator[SimulatedRegion]:
    with SimulatedRegion(SEED, work_seconds=None) as found:
        yield found


@pytest.fixture
def hub(tmp_path: Path, region: SimulatedRegion) -> Iterator[Hub]:
    settings = Settings(
        data_dir=tmp_path / "data",
        agencies_dir=short_agencies(tmp_path / "agencies"),
        server=Server(port=0),
    )
    found = build_hub(settings, region.environment())
    try:
        found.start()
        region.connect(found.http_url, "127.0.0.1:1")
        yield found
    finally:
        found.stop()


def handed_over(hub: Hub, region: SimulatedRegion) -> Sent:
    """A complaint that the agency has."""
    sample = next(one for one in SAMPLES if one.number == ROAD)
    letter = Letters(SEED, [sample]).next()
    sent = region.citizens.write_web(letter)
    assert sent.accepted
    wait_until(
        lambda: {"cases": len(region.pupr.cases), **hub.store.queries.counts()},
        {"cases": 1, "to_work": 0, "lagging": 0},
    )
    return sent


def says_retrying(hub: Hub) -> int:
    rows = hub.store.queries.dead_letters()
    return sum(row["why"].startswith("retrying: ") for row in rows)


def test_a_retried_letter_heals_by_itself_when_the_agency_is_up_again(
    hub: Hub, region: SimulatedRegion, run: Run
) -> None:
    queries, faults = hub.store.queries, region.pupr.faults
    sent = handed_over(hub, region)
    faults.set(Fault.TOO_LARGE_413)
    told = region.citizens.answer_web(sent.code, "Lokasinya di depan toko")
    wait_until(queries.counts, {"dead_letters": 1, "lagging": 0})

    faults.set(Fault.UNAVAILABLE_503)
    assert run("dead", "retry", "--all", "--json").document["requested"] == 1
    wait_until(lambda: {"retrying": says_retrying(hub)}, {"retrying": 1})
    assert "retrying: " in run("dead", "list").out
    (row,) = run("dead", "list", "--json").document
    assert (row["state"], row["failed_again"]) == ("requested", 0)

    faults.clear()
    wait_until(queries.counts, {"dead_letters": 0, "lagging": 0})
    assert region.tally().answers[told.marker] == {PUPR: 1}
    assert (
        check_invariants(
            hub.store.db, hub.store.edge, hub.store.erased, hub.store.deadlines
        )
        == []
    )
