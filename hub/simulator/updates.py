"""How an agency tells the hub of its work: items, batches, signatures."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any

from hub.simulator.cases import StatusChange
from hub.simulator.faults import Fault
from hub.simulator.outbox import Outbox, Push
from hub.simulator.profiles import AgencyProfile
from hub.simulator.timers import Timers

CLOCK_ERROR = timedelta(hours=7)
UNMAPPED_WORD = "Menunggu Rapat Koordinasi"
CORRUPT = {"nomor": None, "status": 17, "waktu": "kemarin sore"}
HELD_SECONDS_MIN = 1.0
"""When no younger update comes, a held one goes out after this time at least."""


def sign(secret: str, webhook_id: str, timestamp: int, body: bytes) -> str:
    """Return the signature header of a Standard Webhooks message."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def item_of(profile: AgencyProfile, nomor: str, change: StatusChange) -> dict[str, Any]:
    """Write one status change in the agency's dialect."""
    item: dict[str, Any] = {
        profile.update_reference: nomor,
        "status": change.word,
        "waktu": profile.write_time(change.waktu),
        "id": change.event_id,
    }
    if profile.numbers_updates:
        item["urutan"] = change.urutan
    if change.note:
        item["catatan"] = change.note
    return item


class Updates:
    """Turns status changes into signed pushes, in the way of a fault."""

    def __init__(
        self,
        profile: AgencyProfile,
        secret: str,
        outbox: Outbox,
        timers: Timers,
        *,
        step_seconds_max: float,
    ) -> None:
        self._profile = profile
        self._secret = secret
        self._outbox = outbox
        self._timers = timers
        self._hold_seconds = max(HELD_SECONDS_MIN, 2 * step_seconds_max)
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._held: dict[str, list[dict[str, Any]]] = {}

    def tell(self, nomor: str, change: StatusChange, fault: Fault) -> None:
        """Tell the hub of one change, and after it of what it overtook."""
        if fault is Fault.CLOCK_WRONG:
            change = replace(change, waktu=change.waktu + CLOCK_ERROR)
        item = item_of(self._profile, nomor, change)
        if fault is Fault.OUT_OF_ORDER_UPDATES:
            self._hold(nomor, item)
            return
        self.push([CORRUPT, item] if fault is Fault.CORRUPT_ITEM else [item])
        if fault is Fault.DUPLICATE_UPDATES:
            self.push([item])
        self._release(nomor)

    def push(self, items: list[dict[str, Any]]) -> None:
        """Send a batch of items as they are, under a webhook id of its own."""
        body = json.dumps({"items": items}, ensure_ascii=False).encode()
        webhook_id = f"msg_{self._profile.name}_{next(self._numbers)}"
        path = f"/agencies/{self._profile.name}/updates"
        self._outbox.put(Push(path, body, self._signed(webhook_id, body)))

    def _signed(self, webhook_id: str, body: bytes) -> Callable[[], Mapping[str, str]]:
        def headers() -> Mapping[str, str]:
            timestamp = int(time.time())
            return {
                "webhook-id": webhook_id,
                "webhook-timestamp": str(timestamp),
                "webhook-signature": sign(self._secret, webhook_id, timestamp, body),
            }

        return headers

    def _hold(self, nomor: str, item: dict[str, Any]) -> None:
        with self._lock:
            self._held.setdefault(nomor, []).append(item)
        self._timers.after(self._hold_seconds, partial(self._release, nomor))

    def _release(self, nomor: str) -> None:
        with self._lock:
            held = self._held.pop(nomor, [])
        for item in reversed(held):
            self.push([item])
