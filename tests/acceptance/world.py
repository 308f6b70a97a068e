"""A hub that has taken complaints in, of which some went wrong."""

import dataclasses
import os
import time
from collections.abc import Callable
from pathlib import Path

from hub.bootstrap import Hub, build_hub
from hub.settings import Server, Settings, Work
from hub.simulator.faults import Fault
from hub.simulator.letters import Letters
from hub.simulator.region import SimulatedRegion
from hub.simulator.texts import SAMPLES

ROAD, IDENTITY_CARD, HEALTH_CENTRE = 1, 2, 5
"""Samples whose complaints go to dinas_pupr, disdukcapil, dinkes."""
SECONDS_MAX = 20.0


@dataclasses.dataclass(frozen=True)
class Lived:
    code: str
    """Tracking code of a settled complaint."""
    held_reference: str
    """What the agency calls the complaint of which nobody knows that it arrived."""


def wait_until(see: Callable[[], dict[str, int]], wanted: dict[str, int]) -> None:
    """Wait until what is seen has all that is wanted."""
    until = time.monotonic() + SECONDS_MAX
    while not wanted.items() <= see().items():
        assert time.monotonic() < until, f"waited for {wanted}, see {see()}"
        time.sleep(0.05)


def live_through_a_day(data_dir: Path) -> Lived:
    """Fill a data directory.

    Three complaints are settled and two are refused. Of one nobody knows whether it
    arrived; its agency sends three updates under a reference that nobody knows.
    """
    seed = int.from_bytes(os.urandom(4))
    with SimulatedRegion(seed, work_seconds=(0.05, 0.1)) as region:
        environment = region.environment()
        settings = Settings(
            data_dir=data_dir,
            with_examples=True,
            server=Server(port=0),
            work=Work(orphan_waits_seconds=(0.1,)),
        )
        hub = build_hub(settings, environment)
        hub.start()
        try:
            region.connect(hub.http_url, "127.0.0.1:1")
            return _act(hub, region, Letters(seed, SAMPLES))
        finally:
            hub.stop()


def _act(hub: Hub, region: SimulatedRegion, letters: Letters) -> Lived:
    region.disdukcapil.faults.set(Fault.TOO_LARGE_413)
    region.dinkes.faults.set(Fault.RESET_AFTER_COMMIT)
    codes = []
    for number in (ROAD, ROAD, ROAD, IDENTITY_CARD, IDENTITY_CARD, HEALTH_CENTRE):
        sample = next(one for one in SAMPLES if one.number == number)
        letter = dataclasses.replace(
            letters.next(), channel="web", sample=sample, anonymous=False
        )
        sent = region.citizens.write_web(letter)
        assert sent.accepted
        codes.append(sent.code)
    queries = hub.store.queries
    wait_until(queries.counts, {"to_work": 0, "dead_letters": 3, "quarantined": 3})
    wait_until(
        lambda: {"closed": len(queries.complaints(status="closed"))}, {"closed": 3}
    )
    hub.store.sealer.seal()
    return Lived(codes[0], region.dinkes.cases[0].nomor)
