"""What stands in for the hub: a server that records and, when told so, fails."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx2
from standardwebhooks import Webhook

from hub.simulator.agency import SimulatedAgency
from hub.simulator.client import http_client
from hub.simulator.faults import FaultPlan, Timing
from hub.simulator.misbehaviour import Answer
from hub.simulator.server import FaultyServer, RecordedRequest

TOKEN = "token-of-the-test"
SECRET = "whsec_c2VjcmV0LW9mLXRoZS10ZXN0LTEyMw=="
CLIENT = http_client(5)
"""Shared by all tests; answers close their connections."""
FAST = Timing(slow_seconds=0.2, hang_seconds=60, drip_seconds=0.05)


def hub_stand_in(
    answer: Callable[[RecordedRequest], Answer] = lambda _: Answer.of(202, {}),
    *,
    port: int = 0,
) -> FaultyServer:
    return FaultyServer(answer, FaultPlan(timing=FAST), port=port)


def eventually(condition: Callable[[], bool], seconds: float = 5) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def items_told(hub: FaultyServer) -> list[dict[str, Any]]:
    """Return every item that reached the hub, each signature checked."""
    items: list[dict[str, Any]] = []
    for request in hub.requests:
        body = Webhook(SECRET).verify(request.body, dict(request.headers))
        items.extend(body["items"])
    return items


def submit(
    agency: SimulatedAgency,
    key: str = "k-1",
    *,
    body: Mapping[str, Any] | None = None,
    timeout: float = 5,
) -> httpx2.Response:
    fields = {"judul_laporan": "Jalan", "uraian": "Berlubang", "kunci": key}
    return CLIENT.post(
        f"{agency.url}/api/laporan",
        json=fields if body is None else body,
        headers={"Authorization": f"Bearer {agency.token}", "Idempotency-Key": key},
        timeout=timeout,
    )


def tell(
    agency: SimulatedAgency, nomor: str, key: str, *events: Mapping[str, Any]
) -> httpx2.Response:
    return CLIENT.post(
        f"{agency.url}/api/laporan/{nomor}/peristiwa",
        json={"kunci": key, "peristiwa": events},
        headers={"Authorization": f"Bearer {agency.token}", "Idempotency-Key": key},
    )


def look_up(agency: SimulatedAgency, path: str, key: str) -> httpx2.Response:
    return CLIENT.get(
        f"{agency.url}{path}",
        params={"kunci": key},
        headers={"Authorization": f"Bearer {agency.token}"},
    )
