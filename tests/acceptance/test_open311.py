"""A complaint goes to an Open311 server, and what it says there comes back."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from hub.bootstrap import Hub, build_hub
from hub.cli.play import short_agencies
from hub.database.invariants import check_invariants
from hub.settings import Server, Settings
from hub.simulator.faults import Fault
from hub.simulator.region import SimulatedRegion
from tests.unit.simulator.stand_in import eventually

SECONDS_MAX = 20
COMPLAINT = {
    "title": "Air PDAM mati",
    "body": "Sudah empat hari di Perum Griya Asri blok C.",
    "reporter": {"name": "Warga Contoh", "phone": "0812 0000 0001"},
}


@pytest.fixture
def region() -> Iterator[SimulatedRegion]:
    with SimulatedRegion(int(time.time()), work_seconds=None) as made:
        yield made


@pytest.fixture
def hub(region: SimulatedRegion, tmp_path: Path) -> Iterator[Hub]:
    settings = Settings(
        data_dir=tmp_path / "data",
        agencies_dir=short_agencies(tmp_path / "agencies"),
        server=Server(port=0),
        channels={"web": {}},
    )
    made = build_hub(settings, region.environment())
    made.start()
    yield made
    made.stop()


def send(hub: Hub, key: str) -> str:
    answer = httpx2.post(
        f"{hub.http_url}/api/v1/complaints",
        content=json.dumps({**COMPLAINT, "body": f"{COMPLAINT['body']} {key}"}),
        headers={"Content-Type": "application/json", "Idempotency-Key": key},
    )
    return str(answer.json()["code"])


def track(hub: Hub, code: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx2.get(f"{hub.http_url}/t/{code}").json()
    return found


def test_a_water_complaint_is_handed_over_once_and_closed_by_what_is_polled(
    hub: Hub, region: SimulatedRegion
) -> None:
    region.tirta.faults.for_next(1, Fault.RESET_AFTER_COMMIT, method="POST")
    codes = [send(hub, f"kunci-{n:04d}") for n in range(3)]
    assert eventually(lambda: not hub.store.queries.counts()["lagging"], SECONDS_MAX)
    assert eventually(
        lambda: all(track(hub, c)["agencies"][0]["reference"] for c in codes),
        SECONDS_MAX,
    )
    assert len(region.tirta.cases) == 3

    for case in region.tirta.cases:
        region.tirta.move(case.nomor, "investigating", "Petugas di lokasi.")
    assert eventually(
        lambda: {track(hub, c)["status"] for c in codes} == {"in_progress"}, SECONDS_MAX
    )
    for case in region.tirta.cases:
        region.tirta.move(case.nomor, "fixed", "Air sudah mengalir.")
    assert eventually(
        lambda: {track(hub, c)["status"] for c in codes} == {"closed"}, SECONDS_MAX
    )

    told = [line["type"] for line in track(hub, codes[0])["timeline"]]
    # Whether it is asked before its officer begins is chance.
    told = [kind for kind in told if kind != "acknowledged"]
    assert told == ["registered", "handed_over", "work_started", "resolved"]
    store = hub.store
    assert check_invariants(store.db, store.edge, store.erased, store.deadlines) == []
