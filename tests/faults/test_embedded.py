"""Embedded mode, killed at every named point."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.bootstrap import Store, open_store
from hub.settings import Settings
from hub.simulator.region import SimulatedRegion
from hub.telemetry.points import POINTS
from tests.faults import course, strikes
from tests.faults.fleet import EMBEDDED, Fleet
from tests.faults.verdict import Judge

NOT_HERE = (
    "publisher.sent",  # the memory transport confirms nothing
    "publisher.confirmed",
    "spool.before_commit",  # an embedded database cannot be away
    "spool.committed",
    "partitions.before_commit",  # SQLite has none
    "partitions.committed",
)
SHORT_POINTS = ("accept.before_commit", "deliver.begun", "updates.committed")


@dataclass(frozen=True)
class World:
    fleet: Fleet
    region: SimulatedRegion
    store: Store


@pytest.fixture(scope="module")
def world(
    region: SimulatedRegion, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    fleet = Fleet(tmp_path_factory.mktemp("embedded"), region, EMBEDDED, {})
    fleet.command("db", "upgrade")
    settings = Settings(data_dir=Path(fleet.settings["SIMPUL_DATA_DIR"]))
    store = open_store(settings)
    fleet.start()
    yield World(fleet, region, store)
    fleet.stop()
    store.close()


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_wherever_it_is_killed(
    world: World, seed: int
) -> None:
    judge = Judge(world.region, world.store, course.IN_STEP_SECONDS_MAX)
    nowhere = (*NOT_HERE, *course.NOWHERE)
    everywhere = [point for point in POINTS if point not in nowhere]
    points = everywhere if course.LONG else SHORT_POINTS
    causes = {
        "erase": strikes.erasure(world.store),
        "deadlines": strikes.looking_at_clocks(world.store),
    }
    try:
        judge.through("nothing breaks", course.LETTERS, lambda: True)
        course.kill_at_points(world.fleet, judge, random.Random(seed), points, causes)
    finally:
        print(f"\n{judge.report()}\n{course.passed(world.fleet, everywhere)}")
    course.assert_nothing_wrong(judge)
