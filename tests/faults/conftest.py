"""One seed and one region for all faults of a mode."""

import os
import random
from collections.abc import Iterator

import pytest

from hub.simulator.region import SimulatedRegion
from hub.simulator.texts import ROUTABLE
from tests.faults import course


@pytest.fixture(scope="module")
def seed() -> int:
    """Take the seed of the environment, else a new one; it is printed."""
    found = int(os.environ.get("SIMPUL_FAULT_SEED", random.randrange(10**6)))
    print(f"\nseed {found}")
    return found


@pytest.fixture(scope="module")
def region(seed: int) -> Iterator[SimulatedRegion]:
    """Citizens, and agencies that fail now and then."""
    with SimulatedRegion(
        seed, work_seconds=(0.1, 0.5), samples=ROUTABLE, deadline_seconds=180
    ) as made:
        for agency in made.agencies.values():
            agency.faults.mix(course.MIX, seed=seed)
        yield made
