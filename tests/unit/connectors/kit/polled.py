"""Shipped agencies that are asked, on the bench with simulators behind them."""

from collections.abc import Iterator
from contextlib import contextmanager

from connectors import registry
from connectors.kit.bench import Bench
from hub.cli.agencies_simulated import Simulated, SimulatedOfficer
from hub.simulator.faults import Fault, Timing
from hub.simulator.open311_profile import TIRTA, Open311Profile
from hub.simulator.sp4n import SimulatedSp4n
from hub.simulator.utility import SimulatedUtility
from tests.unit.connectors.kit.standing import DEADLINE_SECONDS, manifest_of
from tests.unit.connectors.kit.test_conformance import RIGHT_ROW

WAIT_SECONDS = 5.0
QUICK = Timing(slow_seconds=0.6 * DEADLINE_SECONDS, hang_seconds=5, drip_seconds=0.1)
QUICK_FAULTS = tuple(fault for fault in RIGHT_ROW if fault is not Fault.SLOW)
"""All but the longest wait, whose row is tried with the JSON agencies."""


@contextmanager
def on_the_bench(agency: Simulated) -> Iterator[Bench]:
    """Put a simulated agency that runs on the bench, by its shipped file."""
    name = agency.profile.name
    manifest = manifest_of(name, agency.environment())
    officer = SimulatedOfficer(lambda _, __: agency, name)
    with Bench(
        manifest,
        registry.system_maker(manifest.system),
        officer=officer,
        wait_seconds=WAIT_SECONDS,
    ) as bench:
        officer.hub_url = bench.way_back
        yield bench


@contextmanager
def water(
    profile: Open311Profile = TIRTA, timing: Timing | None = None
) -> Iterator[tuple[Bench, SimulatedUtility]]:
    with (
        SimulatedUtility(
            profile, seed=1, api_key="kunci-uji", work_seconds=None, timing=timing
        ) as agency,
        on_the_bench(agency) as bench,
    ):
        yield bench, agency


@contextmanager
def platform(timing: Timing | None = None) -> Iterator[tuple[Bench, SimulatedSp4n]]:
    with SimulatedSp4n(seed=1, timing=timing) as agency, on_the_bench(agency) as bench:
        yield bench, agency
