"""The threads of one process: consumers, the delivery pool, the schedule."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from hub import telemetry
from hub.broker.publisher import Publisher
from hub.ports import Cursors, Journal, Lease
from hub.stages.deliver import Deliver
from hub.stages.schedule import Schedule

PENDING_MAX = 10_000
"""Ids remembered per lane beyond the free slots; the sweep finds what is dropped."""


def group(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Group (lane, id) pairs by lane, each id once."""
    lanes: dict[str, dict[str, None]] = defaultdict(dict)
    for lane, row_id in pairs:
        lanes[lane][row_id] = None
    return {lane: list(ids) for lane, ids in lanes.items()}


class Hinting:
    """Publishes what a stage's transactions made due."""

    def __init__(self, publisher: Publisher, *, on: bool) -> None:
        self._publisher = publisher
        self._on = on

    def __call__(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Publish (lane, id) pairs, or nothing when hints are off."""
        if self._on:
            for lane, ids in group(pairs).items():
                self._publisher.publish(lane, ids)


class StageWorker:
    """Hands hints to intake or updates, then hints what became due."""

    def __init__(
        self,
        journal: Journal,
        stages: dict[str, Callable[[str, Sequence[str]], int]],
        hinting: Hinting,
    ) -> None:
        self._journal = journal
        self._stages = stages
        self._hinting = hinting

    def __call__(self, lane: str, ids: Sequence[str], by: str) -> None:
        """Work one batch of one lane."""
        worked = self._stages[lane.partition(".")[0]](lane, ids)
        telemetry.work_started.labels(by=by).inc(worked)
        self._hinting(self._journal.take_hints())


class DeliverWorker:
    """A bounded pool; a lane takes an eighth of it at most, so none starves."""

    def __init__(
        self, deliver: Deliver, cursors: Cursors, hinting: Hinting, threads: int
    ) -> None:
        self._deliver = deliver
        self._cursors = cursors
        self._hinting = hinting
        self._lane_max = max(1, threads // 8)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="deliver")
        self._lock = threading.Lock()
        self._running: dict[str, int] = defaultdict(int)
        self._pending: dict[str, dict[str, str]] = defaultdict(dict)
        self._stopped = False

    def __call__(self, lane: str, ids: Sequence[str], by: str) -> None:
        """Remember ids of a lane and start as many as there are slots."""
        with self._lock:
            waiting = self._pending[lane]
            for row_id in ids:
                if len(waiting) < PENDING_MAX:
                    waiting.setdefault(row_id, by)
        self._start(lane)

    def _start(self, lane: str) -> None:
        while not self._stopped:
            with self._lock:
                slots = self._lane_max - self._running[lane]
                ids = list(self._pending[lane])[:50]
                if slots <= 0 or not ids:
                    return
                self._running[lane] += slots
            leases: list[Lease] = []
            try:
                leases = self._deliver.lease(lane, ids, slots)
            except ConnectionError as error:
                telemetry.log.warning("lease_failed", lane=lane, error=error)
            with self._lock:
                self._running[lane] -= slots - len(leases)
                taken = {lease.cursor.complaint_id for lease in leases}
                # Fewer than asked for: the others are not due, or wait for a permit.
                gone = taken if len(leases) == slots else set(ids)
                by = {i: self._pending[lane].pop(i, "hint") for i in gone}
            for lease in leases:
                name = by.get(lease.cursor.complaint_id, "hint")
                telemetry.work_started.labels(by=name).inc()
                self._pool.submit(self._run, lane, lease)
            if not leases:
                return

    def _run(self, lane: str, lease: Lease) -> None:
        try:
            self._deliver(lease)
            self._hinting(self._cursors.take_hints())
        except Exception as error:  # noqa: BLE001 - the lease runs out, the sweep finds the row
            telemetry.log.error("delivery_failed", lane=lane, error=error)
        finally:
            with self._lock:
                self._running[lane] -= 1
            self._start(lane)

    def stop(self) -> None:
        """Finish the running calls and start no more."""
        self._stopped = True
        self._pool.shutdown(wait=True, cancel_futures=True)


class ScheduleThread:
    """Drives the schedule until it is stopped."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="schedule", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the duty that runs."""
        self._stop.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        while not self._stop.wait(min(1.0, max(0.02, self._schedule.tick()))):
            pass


monotonic = time.monotonic
