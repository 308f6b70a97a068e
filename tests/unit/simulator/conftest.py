from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from hub.simulator.agency import SimulatedAgency
from hub.simulator.profiles import PUPR, AgencyProfile
from hub.simulator.server import FaultyServer
from tests.unit.simulator.stand_in import FAST, SECRET, TOKEN, hub_stand_in

OpenAgency = Callable[..., SimulatedAgency]


@pytest.fixture
def hub() -> Iterator[FaultyServer]:
    with hub_stand_in() as server:
        yield server


@pytest.fixture
def open_agency(hub: FaultyServer) -> Iterator[OpenAgency]:
    with ExitStack() as opened:

        def start(
            profile: AgencyProfile = PUPR,
            *,
            work_seconds: tuple[float, float] | None = None,
            seed: int = 7,
        ) -> SimulatedAgency:
            agency = SimulatedAgency(
                profile,
                seed=seed,
                hub_url=lambda: hub.url,
                token=TOKEN,
                webhook_secret=SECRET,
                work_seconds=work_seconds,
                timing=FAST,
            )
            return opened.enter_context(agency)

        yield start


@pytest.fixture
def agency(open_agency: OpenAgency) -> SimulatedAgency:
    return open_agency()
