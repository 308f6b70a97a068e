"""Production mode, broken at every named point and in every part around it."""

import random
from collections.abc import Iterator

import pytest

from hub.simulator.region import SimulatedRegion
from hub.telemetry.points import POINTS
from tests.faults import course, strikes
from tests.faults.production import World, production
from tests.faults.verdict import Judge
from tests.figures import Figure

SHORT_FAULTS = ("broker killed", "database killed", "cut at answer", "rolling restart")


@pytest.fixture(scope="module")
def world(
    region: SimulatedRegion, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    with production(tmp_path_factory.mktemp("production"), region) as made:
        yield made


@pytest.mark.slow
@pytest.mark.scenario(3)
def test_nothing_is_lost_or_doubled_whatever_breaks(
    world: World, seed: int, figure: Figure
) -> None:
    judge = Judge(world.region, world.store, course.IN_STEP_SECONDS_MAX)
    everywhere = [point for point in POINTS if point not in course.NOWHERE]
    points = everywhere if course.LONG else course.SHORT_POINTS
    causes: course.Causes = {
        "spool": strikes.outage(world.postgres),
        "erase": strikes.erasure(world.store),
        "partitions": strikes.new_start(world.fleet, "schedule"),
        "deadlines": strikes.looking_at_clocks(world.store),
    }
    try:
        judge.through("nothing breaks", course.LETTERS, lambda: True)
        course.kill_at_points(world.fleet, judge, random.Random(seed), points, causes)
        for name, strike in strikes.infrastructure(world, long=course.LONG).items():
            if course.LONG or name.startswith(SHORT_FAULTS):
                judge.through(name, course.LETTERS, strike)
    finally:
        print(f"\n{judge.report()}\n{course.passed(world.fleet, everywhere)}")
    course.assert_nothing_wrong(judge)
    figure(judge.figure())
