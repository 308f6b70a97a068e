"""A water utility, and a system that speaks to it."""

from collections.abc import Iterator

import pytest

from connectors.systems.open311 import Open311System
from hub.simulator.utility import SimulatedUtility
from tests.unit.connectors.open311.builders import system, utility


@pytest.fixture
def tirta() -> Iterator[SimulatedUtility]:
    with utility() as made:
        yield made


@pytest.fixture
def speaks(tirta: SimulatedUtility) -> Iterator[Open311System]:
    with system(tirta.url) as made:
        yield made
