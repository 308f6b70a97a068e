"""kill -9 of the embedded process at random instants, counted from outside."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from hub.bootstrap import open_store
from hub.cli.play import short_agencies
from hub.database.invariants import check_invariants
from hub.settings import Settings
from hub.simulator.citizens import Sent
from hub.simulator.faults import Fault
from hub.simulator.ports import free_port
from hub.simulator.region import SimulatedRegion
from hub.simulator.texts import ROUTABLE
from tests.faults.fleet import channels, wait_for
from tests.faults.verdict import held_hand_overs, markers_of, what_lags

ROUNDS = int(os.environ.get("SIMPUL_FAULT_ROUNDS", "2"))
COMPLAINTS = 300
KILLS = 4
DRAIN_SECONDS = 90
MIX = {
    Fault.TIMEOUT_AFTER_COMMIT: 0.02,
    Fault.RESET_AFTER_COMMIT: 0.04,
    Fault.ERROR_500: 0.03,
    Fault.UNAVAILABLE_503: 0.03,
    Fault.HTML_PAGE: 0.02,
}


class RunningHub:
    """`simpul run` as a process that may be killed and started again."""

    def __init__(self, folder: Path, region: SimulatedRegion) -> None:
        self._port, self._smtp = free_port(), free_port()
        self.settings = {
            "SIMPUL_DATA_DIR": str(folder / "data"),
            "SIMPUL_AGENCIES_DIR": str(short_agencies(folder / "agencies")),
            "SIMPUL_SERVER__PORT": str(self._port),
            "SIMPUL_LOG_LEVEL": "ERROR",
            # Updates of a held hand-over stay orphans: let them show soon.
            "SIMPUL_WORK__ORPHAN_WAITS_SECONDS": "[1, 2, 4]",
            "SIMPUL_CHANNELS": json.dumps(channels(region, self._smtp)),
        }
        self._environment = {**os.environ, **region.environment(), **self.settings}
        self._log = (folder / "hub.log").open("ab")
        self._process: subprocess.Popen[bytes] | None = None
        region.connect(f"http://127.0.0.1:{self._port}", f"127.0.0.1:{self._smtp}")

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "hub", "run"],
            env=self._environment,
            stdout=self._log,
            stderr=self._log,
        )

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(30)
        self._log.close()


@pytest.mark.slow
@pytest.mark.parametrize("round_no", range(ROUNDS))
def test_kills_at_random_instants_lose_nothing_and_double_nothing(
    round_no: int, tmp_path: Path
) -> None:
    seed = int(os.environ.get("SIMPUL_FAULT_SEED", random.randrange(10**6))) + round_no
    print(f"seed {seed}")
    dice = random.Random(seed)
    with SimulatedRegion(
        seed, work_seconds=(0.1, 1.0), samples=ROUTABLE, deadline_seconds=120
    ) as region:
        for agency in region.agencies.values():
            agency.faults.mix(MIX, seed=seed)
        hub = RunningHub(tmp_path, region)
        try:
            hub.start()
            sent = _write_while_killing(region, hub, dice)
            for agency in region.agencies.values():
                agency.faults.clear()
            settings = _settings(hub)
            in_step = wait_for(lambda: _at_rest(settings, region), DRAIN_SECONDS)
            assert in_step, _what_lags(settings)
        finally:
            hub.stop()
        _judge(region, settings, [s.marker for s in sent if s.accepted])


def _write_while_killing(
    region: SimulatedRegion, hub: RunningHub, dice: random.Random
) -> list[Sent]:
    sent: list[Sent] = []
    writers = threading.Thread(
        target=lambda: sent.extend(region.citizens.write_many(COMPLAINTS, at_once=12))
    )
    writers.start()
    for _ in range(KILLS):
        time.sleep(1.5 + 2 * dice.random())
        hub.kill()
        hub.start()
    writers.join(240)
    assert not writers.is_alive()
    assert len(sent) == COMPLAINTS
    return sent


def _settings(hub: RunningHub) -> Settings:
    return Settings(data_dir=Path(hub.settings["SIMPUL_DATA_DIR"]))


def _state(settings: Settings) -> dict[str, int]:
    store = open_store(settings, migrate=False)
    try:
        return store.queries.counts()
    finally:
        store.close()


def _what_lags(settings: Settings) -> str:
    store = open_store(settings, migrate=False)
    try:
        return what_lags(store)
    finally:
        store.close()


def _at_rest(settings: Settings, region: SimulatedRegion) -> bool:
    if not region.at_rest:  # before and after: it may have spoken meanwhile
        return False
    counts = _state(settings)
    waits = counts["lagging"] - counts["held"]
    return not counts["to_work"] and waits <= 0 and region.at_rest


def _judge(region: SimulatedRegion, settings: Settings, markers: list[str]) -> None:
    store = open_store(settings, migrate=False)
    try:
        broken = check_invariants(store.db, store.edge, store.erased, store.deadlines)
        letters = store.queries.dead_letters(limit=1000)
        others = [x for x in letters if x["kind"] != "held"]
        held = held_hand_overs(store)
        waiting = markers_of(store, {str(x["complaint_id"]) for x in held})
        seals = store.sealer.verify()
    finally:
        store.close()
    tally = region.tally()
    lost = set(tally.missing(markers)) - waiting
    wire = tally.mail_duplicates + tally.sms_duplicates
    print(f"held {len(held)}, wire duplicates {wire}")

    assert broken == []
    assert seals == []
    assert others == []
    assert tally.doubled == []
    assert lost == set()
