"""Production mode, broken at every named point and in every part around it."""

import os
import random
from collections.abc import Iterator

import pytest

from hub.simulator.faults import Fault
from hub.simulator.region import SimulatedRegion
from hub.simulator.texts import ROUTABLE
from hub.telemetry.points import POINTS
from tests.faults import strikes
from tests.faults.production import World, production
from tests.faults.verdict import Judge

LONG = "SIMPUL_FAULT_ROUNDS" in os.environ
"""`make faults` sets it; `make test` runs the short form."""
SHORT_POINTS = (
    "accept.committed",
    "intake.committed",
    "deliver.called",
    "publisher.sent",
    "consumer.handled",
)
SHORT_FAULTS = ("broker killed", "database killed", "cut at answer", "rolling restart")
LETTERS = 12
"""Complaints sent through each fault."""
IN_STEP_SECONDS_MAX = 120
MIX = {
    Fault.TIMEOUT_AFTER_COMMIT: 0.02,
    Fault.RESET_AFTER_COMMIT: 0.03,
    Fault.ERROR_500: 0.03,
    Fault.UNAVAILABLE_503: 0.03,
}


@pytest.fixture(scope="module")
def seed() -> int:
    found = int(os.environ.get("SIMPUL_FAULT_SEED", random.randrange(10**6)))
    print(f"\nseed {found}")
    return found


@pytest.fixture(scope="module")
def world(seed: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with SimulatedRegion(
        seed, work_seconds=(0.1, 0.5), samples=ROUTABLE, deadline_seconds=180
    ) as region:
        for agency in region.agencies.values():
            agency.faults.mix(MIX, seed=seed)
        folder = tmp_path_factory.mktemp("production")
        with production(folder, region) as made:
            yield made


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_whatever_breaks(world: World, seed: int) -> None:
    dice = random.Random(seed)
    judge = Judge(world.region, world.store, IN_STEP_SECONDS_MAX)
    try:
        judge.through("nothing breaks", LETTERS, lambda: True)
        _at_every_point(world, judge, dice)
        for name, strike in strikes.infrastructure(world, long=LONG).items():
            if LONG or name.startswith(SHORT_FAULTS):
                judge.through(name, LETTERS, strike)
    finally:
        print(f"\n{judge.report()}")
        print(_hits(world))
    wrong = judge.final()

    assert wrong == []
    assert {line.fault: line.lost for line in judge.lines.values() if line.lost} == {}
    assert [line.fault for line in judge.lines.values() if line.doubled] == []
    assert world.region.tally().doubled == []
    assert [x.fault for x in judge.lines.values() if not x.times] == []


def _at_every_point(world: World, judge: Judge, dice: random.Random) -> None:
    for point in POINTS if LONG else SHORT_POINTS:
        for _ in range(3 if LONG else 1):
            # The first passings of a batch and those in its middle.
            nth = dice.choice((1, 1, 2, 5))
            strike = strikes.at_point(world.fleet, point, nth)
            judge.through(f"kill at {point}", LETTERS // 2, strike)
    for _ in range(6 if LONG else 1):
        strike = strikes.killed_at_random(world.fleet, dice)
        judge.through("kill at random", LETTERS, strike)


def _hits(world: World) -> str:
    hits = world.fleet.hits()
    lines = [f"{point:<26}{hits.get(point, 0):>8}" for point in POINTS]
    starts = sum(worker.starts for worker in world.fleet.workers)
    return "\n".join(["passed points", *lines, f"process starts {starts}"])
