"""Shipped agencies that are asked, on the bench with simulators behind them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from connectors import registry
from connectors.kit.bench import Bench
from hub.cli.agencies_simulated import Simulated, SimulatedOfficer
from hub.simulator.cases import utc_now
from hub.simulator.faults import Fault, Timing
from hub.simulator.open311_profile import TIRTA, Open311Profile
from hub.simulator.sp4n import SimulatedSp4n
from hub.simulator.utility import SimulatedUtility
from tests.unit.connectors.kit.standing import (
    DEADLINE_SECONDS,
    HURRIED_SECONDS,
    manifest_of,
)
from tests.unit.connectors.kit.test_conformance import RIGHT_ROW

WAIT_SECONDS = 5.0
NOTHING_SECONDS = 1.0
"""Where a fault keeps everything back: what comes would come at the first question."""
QUICK = Timing(slow_seconds=0.6 * DEADLINE_SECONDS, hang_seconds=5, drip_seconds=0.1)
QUICK_FAULTS = tuple(fault for fault in RIGHT_ROW if fault is not Fault.SLOW)
"""All but the longest wait, whose row is tried with the JSON agencies."""


class Clock:
    """An agency's clock, which goes on a second with every step of its officer."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return utc_now() + self._ahead

    def stride(self) -> None:
        self._ahead += timedelta(seconds=1)


class _Officer(SimulatedOfficer):
    def __init__(self, agency: Simulated, clock: Clock) -> None:
        super().__init__(lambda _, __: agency, agency.profile.name)
        self._clock = clock

    def act(self, reference: str, word: str, note: str) -> None:
        self._clock.stride()
        super().act(reference, word, note)


@contextmanager
def on_the_bench(
    agency: Simulated,
    clock: Clock | None = None,
    deadline_seconds: float | None = None,
) -> Iterator[Bench]:
    """Put a simulated agency that runs on the bench, by its shipped file.

    `deadline_seconds` is for one whose server has only just begun.
    """
    name = agency.profile.name
    manifest = manifest_of(name, agency.environment())
    if deadline_seconds is not None:
        limits = manifest.limits.model_copy(
            update={"deadline_seconds": deadline_seconds}
        )
        manifest = manifest.model_copy(update={"limits": limits})
    officer = _Officer(agency, clock or Clock())
    with Bench(
        manifest,
        registry.system_maker(manifest.system),
        officer=officer,
        wait_seconds=WAIT_SECONDS,
        hurried_seconds=HURRIED_SECONDS,
    ) as bench:
        officer.hub_url = bench.way_back
        if clock is not None:
            bench.step_seconds = 0
        yield bench


@contextmanager
def water(
    profile: Open311Profile = TIRTA, timing: Timing | None = None
) -> Iterator[tuple[Bench, SimulatedUtility]]:
    clock = Clock()
    with (
        SimulatedUtility(
            profile,
            seed=1,
            api_key="kunci-uji",
            work_seconds=None,
            timing=timing,
            now=clock.now,
        ) as agency,
        on_the_bench(agency, clock) as bench,
    ):
        yield bench, agency


@contextmanager
def platform(timing: Timing | None = None) -> Iterator[tuple[Bench, SimulatedSp4n]]:
    clock = Clock()
    with (
        SimulatedSp4n(seed=1, timing=timing, now=clock.now) as agency,
        on_the_bench(agency, clock) as bench,
    ):
        yield bench, agency
