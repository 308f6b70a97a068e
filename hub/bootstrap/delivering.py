"""The delivery pool of one process: remembers hints, leases what has a free slot."""

import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from hub import telemetry
from hub.bootstrap.workers import Hinting
from hub.broker.consumer import Batch
from hub.domain.slots import Slots
from hub.ports import Cursors, Grant, Lease
from hub.stages.deliver import Deliver

PENDING_MAX = 10_000
"""Ids remembered per lane beyond the free slots; the sweep finds what is dropped."""
LEASED_AT_ONCE = 50
"""Ids that one lease looks at."""
LOOK_SECONDS = 0.25
"""How often waiting lanes are looked at again: a call may have begun to linger."""
OUTAGE_SECONDS = 1.0
"""No lease is tried for so long after the database was away."""
LINGERING_MAX = 256
"""Threads that hanging agencies may hold in one process."""


class DeliverWorker:
    """Leases and delivers. One thread leases, a pool of threads calls."""

    def __init__(
        self, deliver: Deliver, cursors: Cursors, hinting: Hinting, threads: int
    ) -> None:
        self._deliver = deliver
        self._cursors = cursors
        self._hinting = hinting
        self._slots = Slots(quick=threads, lingering=LINGERING_MAX)
        self._pool = ThreadPoolExecutor(threads + LINGERING_MAX, "deliver")
        self._changed = threading.Condition()
        self._pending: dict[str, dict[str, str]] = defaultdict(dict)
        self._stopped = False
        self._not_before = 0.0
        self._again_at: dict[str, float] = {}
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)

    def start(self) -> None:
        """Begin to lease."""
        self._thread.start()

    def __call__(self, batch: Batch) -> None:
        """Remember the ids of a batch; they are leased as slots become free."""
        with self._changed:
            waiting = self._pending[batch.lane]
            for row_id in batch.ids:
                if len(waiting) < PENDING_MAX:
                    waiting.setdefault(row_id, batch.by)
            self._changed.notify()

    def running(self) -> int:
        """Count the calls under way."""
        with self._changed:
            return self._slots.running()

    def stop(self, seconds: float = 60) -> None:
        """Start no more calls; wait for those that run, as long as told."""
        until = time.monotonic() + seconds
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(timeout=seconds)
        self._pool.shutdown(wait=False, cancel_futures=True)
        with self._changed:
            while self._slots.running() and time.monotonic() < until:
                self._changed.wait(timeout=until - time.monotonic())

    # the leasing thread

    def _run(self) -> None:
        while True:
            with self._changed:
                lanes = self._ready()
                while not lanes and not self._stopped:
                    self._changed.wait(timeout=self._look_after())
                    lanes = self._ready()
                if self._stopped:
                    return
            for lane in lanes:
                self._start(lane)

    def _look_after(self) -> float | None:
        """Say when to look again; None: when something comes."""
        waiting = [lane for lane, ids in self._pending.items() if ids]
        if not waiting:
            return None
        now = time.monotonic()
        again = (self._again_at.get(lane, now) - now for lane in waiting)
        return min([LOOK_SECONDS, *(seconds for seconds in again if seconds > 0)])

    def _ready(self) -> list[str]:
        now = time.monotonic()
        if now < self._not_before:
            return []
        return [
            lane
            for lane, ids in self._pending.items()
            if ids
            and self._again_at.get(lane, now) <= now
            and self._slots.free(lane, now)
        ]

    def _start(self, lane: str) -> None:
        """Lease what a lane has room for, and hand it to the pool.

        The ids are taken out before the database is asked: a hint for one of them that
        comes meanwhile tells of something newer, and stays.
        """
        with self._changed:
            now = time.monotonic()
            free = self._slots.free(lane, now)
            by = self._take(lane) if free else {}
            numbers = [self._slots.begin(lane, now) for _ in range(min(free, len(by)))]
        if not numbers:
            return
        grant = self._lease(lane, list(by), len(numbers))
        if grant is None:
            self._back_off(lane, numbers, by)
            return
        leases, wait = grant.leases, grant.wait_seconds
        taken = {lease.cursor.complaint_id for lease in leases}
        with self._changed:
            for number in numbers[len(leases) :]:
                self._slots.forget(lane, number)
            if wait is not None:
                self._again_at[lane] = time.monotonic() + wait
            if wait is not None or len(leases) == len(numbers):
                self._keep(lane, {i: name for i, name in by.items() if i not in taken})
            # Fewer than asked for, and none denied: the others are not due.
        for number, lease in zip(numbers, leases, strict=False):
            name = by.get(lease.cursor.complaint_id, "hint")
            telemetry.work_started.labels(by=name).inc()
            self._pool.submit(self._call, lane, number, lease)

    def _take(self, lane: str) -> dict[str, str]:
        waiting = self._pending[lane]
        return {i: waiting.pop(i) for i in list(waiting)[:LEASED_AT_ONCE]}

    def _keep(self, lane: str, by: dict[str, str]) -> None:
        """Put ids back before those that came meanwhile."""
        self._pending[lane] = {**by, **self._pending[lane]}

    def _lease(self, lane: str, ids: Sequence[str], slots: int) -> Grant | None:
        """Lease; None when the database is away, and the ids are kept."""
        try:
            with telemetry.doing("lease"):
                return self._deliver.lease(lane, ids, slots)
        except ConnectionError as error:
            telemetry.log.warning("database_lost", lane=lane, error=error)
            return None
        except Exception as error:  # noqa: BLE001 - the sweep finds the rows again
            telemetry.log.error("lease_failed", lane=lane, error=error)
            return Grant()

    def _back_off(self, lane: str, numbers: Sequence[int], by: dict[str, str]) -> None:
        with self._changed:
            self._keep(lane, by)
            for number in numbers:
                self._slots.forget(lane, number)
            self._not_before = time.monotonic() + OUTAGE_SECONDS

    # a thread of the pool

    def _call(self, lane: str, number: int, lease: Lease) -> None:
        try:
            with telemetry.doing("deliver"):
                self._deliver(lease)
            self._hinting(self._cursors.take_hints())
        except Exception as error:  # noqa: BLE001 - the lease runs out, the sweep finds the row
            telemetry.log.error("delivery_failed", lane=lane, error=error)
        finally:
            with self._changed:
                self._slots.end(lane, number, time.monotonic())
                self._changed.notify_all()
