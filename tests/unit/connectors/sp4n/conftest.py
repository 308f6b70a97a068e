"""The platform, and the system that speaks to it by the sample's manifest."""

from collections.abc import Iterator

import pytest

from connectors import registry
from connectors.contract import System
from hub.simulator.faults import Timing
from hub.simulator.sp4n import SimulatedSp4n

MANIFEST = registry.SAMPLES / "sp4n_lapor" / "agency.toml"


@pytest.fixture
def platform() -> Iterator[SimulatedSp4n]:
    with SimulatedSp4n(seed=3, timing=Timing(hang_seconds=0.5)) as made:
        yield made


@pytest.fixture
def system(platform: SimulatedSp4n) -> System:
    return registry.load_agency(MANIFEST, platform.environment()).system
