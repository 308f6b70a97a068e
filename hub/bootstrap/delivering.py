"""The delivery pool of one process: leases what has a free slot, calls, settles."""

import queue
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from hub import telemetry
from hub.bootstrap.groups import take_waiting
from hub.bootstrap.settler import OUTAGE_SECONDS, Settler
from hub.bootstrap.waiting import Asked, WaitingLanes, wanted_of
from hub.bootstrap.workers import Hinter
from hub.broker.consumer import Batch
from hub.domain.slots import Slots
from hub.ports import Cursors, Ended, Grant, Lease
from hub.stages.deliver import Call, Deliver

LOOK_SECONDS = 0.25
"""How often waiting lanes are looked at again: a call may have begun to linger."""
LINGERING_MAX = 256
"""Threads that hanging agencies may hold in one process."""
BEGUN_MAX = 16
"""Groups of leases that are begun in one transaction."""
UNSETTLED_MAX = 100
"""Outcomes that wait to be written; then no more is leased. A process that dies now
leaves so many unknown, beside the calls under way."""

_Slot = tuple[str, int]
_Leased = tuple[list[_Slot], list[Lease], float]
"""The slots, their leases, and when these were asked for."""


class DeliverWorker:
    """One thread leases, one begins what is leased, a pool calls, one settles."""

    def __init__(
        self, deliver: Deliver, cursors: Cursors, hinting: Hinter, threads: int
    ) -> None:
        self._deliver = deliver
        self._slots = Slots(quick=threads, lingering=LINGERING_MAX)
        self._lanes = WaitingLanes(self._slots, time.monotonic)
        self._pool = ThreadPoolExecutor(threads + LINGERING_MAX, "deliver")
        self._settler = Settler(deliver, cursors, hinting, self._on_settled)
        self._changed = threading.Condition()
        self._unsettled = 0
        self._stopped = False
        self._not_before = 0.0
        self._leased: queue.SimpleQueue[_Leased | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)
        self._beginner = threading.Thread(
            target=self._begin_all, name="begin", daemon=True
        )

    def start(self) -> None:
        """Begin to lease."""
        self._settler.start()
        self._beginner.start()
        self._thread.start()

    def __call__(self, batch: Batch) -> None:
        """Remember the ids of a batch; they are leased as slots become free."""
        with self._changed:
            self._lanes.add(batch.lane, batch.ids, batch.by)
            self._changed.notify_all()

    def running(self) -> int:
        """Count the calls under way."""
        with self._changed:
            return self._slots.running()

    def stop(self, seconds: float = 60) -> None:
        """Start no more calls; let those that run end and be settled, as told."""
        until = time.monotonic() + seconds
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(timeout=seconds)
            self._leased.put(None)
            self._beginner.join(timeout=until - time.monotonic())
        with self._changed:
            while self._slots.running() and time.monotonic() < until:
                self._changed.wait(timeout=until - time.monotonic())
        self._pool.shutdown(wait=False)
        self._settler.stop(until - time.monotonic())

    # the leasing thread

    def _run(self) -> None:
        while True:
            with self._changed:
                asked = self._take()
                while not asked and not self._stopped:
                    self._changed.wait(timeout=self._lanes.look_after(LOOK_SECONDS))
                    asked = self._take()
                if self._stopped:
                    self._forget(asked)
                    return
            try:
                self._start(asked)
            except Exception as error:  # noqa: BLE001 - what is leased runs out
                telemetry.log.error("delivery_failed", error=error)

    def _take(self) -> list[Asked]:
        is_full = self._unsettled >= UNSETTLED_MAX
        if is_full or time.monotonic() < self._not_before:
            return []
        return self._lanes.take()

    def _forget(self, asked: Sequence[Asked]) -> None:
        for one in asked:
            for number in one.numbers:
                self._slots.forget(one.lane, number)

    def _start(self, asked: Sequence[Asked]) -> None:
        """Lease for all lanes, and hand what was leased to the beginning thread."""
        leased_at = time.monotonic()
        grants = self._lease(asked)
        if grants is None:
            self._back_off(asked)
            return
        slots: list[_Slot] = []
        leases: list[Lease] = []
        with self._changed:
            for one, grant in zip(asked, grants, strict=True):
                self._lanes.given(one, grant)
                for number in one.numbers[len(grant.leases) :]:
                    self._slots.forget(one.lane, number)
                slots += [
                    (one.lane, number) for number in one.numbers[: len(grant.leases)]
                ]
                leases += grant.leases
                for lease in grant.leases:
                    by = one.by.get(lease.cursor.complaint_id, "hint")
                    telemetry.work_started.labels(by=by).inc()
        if leases:
            self._leased.put((slots, leases, leased_at))

    def _lease(self, asked: Sequence[Asked]) -> Sequence[Grant] | None:
        """Lease; None when the database is away, and the ids are kept."""
        try:
            with telemetry.doing("lease"):
                return self._deliver.lease_many(wanted_of(asked))
        except ConnectionError as error:
            telemetry.log.warning("database_lost", lanes=len(asked), error=error)
            return None
        except Exception as error:  # noqa: BLE001 - the sweep finds the rows again
            telemetry.log.error("lease_failed", lanes=len(asked), error=error)
            return [Grant() for _ in asked]

    def _back_off(self, asked: Sequence[Asked]) -> None:
        with self._changed:
            for one in asked:
                self._lanes.keep(one.lane, one.by)
            self._forget(asked)
            self._not_before = time.monotonic() + OUTAGE_SECONDS

    # the beginning thread

    def _begin_all(self) -> None:
        is_last = False
        while not is_last:
            waiting, is_last = take_waiting(self._leased, BEGUN_MAX)
            if waiting:
                slots, leases, asked_at = zip(*waiting, strict=True)
                # The oldest lease ends first: none is thought to last longer.
                self._begin([*chain(*slots)], [*chain(*leases)], min(asked_at))

    def _begin(
        self, slots: Sequence[_Slot], leases: Sequence[Lease], leased_at: float
    ) -> None:
        """Commit the calls, and start them; what needs no call is settled."""
        begun: Sequence[Call | Ended | None] = [None] * len(leases)
        try:
            with telemetry.doing("deliver"):
                begun = self._deliver.begin(leases, leased_at)
        except Exception as error:  # noqa: BLE001 - the leases run out, the sweep finds them
            telemetry.log.error("delivery_failed", leases=len(leases), error=error)
        for slot, found in zip(slots, begun, strict=True):
            if isinstance(found, Call):
                self._pool.submit(self._call, slot, found)
            else:
                self._end(slot, found, has_called=False)

    # a thread of the pool

    def _call(self, slot: _Slot, call: Call) -> None:
        ended = None
        try:
            with telemetry.doing("deliver"):
                stopped = self._stopped
                ended = (self._deliver.take_back if stopped else self._deliver.call)(
                    call
                )
        except Exception as error:  # noqa: BLE001 - the lease runs out: it is unknown
            telemetry.log.error("delivery_failed", lane=slot[0], error=error)
        finally:
            self._end(slot, ended, has_called=True)

    def _end(self, slot: _Slot, ended: Ended | None, *, has_called: bool) -> None:
        """Free a slot; how it ended waits to be settled."""
        with self._changed:
            if has_called:
                self._slots.end(*slot, time.monotonic())
            else:
                self._slots.forget(*slot)
            if ended is not None:
                self._unsettled += 1
                self._settler.put(ended)
            self._changed.notify_all()

    def _on_settled(self, count: int) -> None:
        with self._changed:
            self._unsettled -= count
            self._changed.notify_all()
