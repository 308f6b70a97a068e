"""The settling thread of one process: writes how calls ended, what waits at once."""

import queue
import threading
from collections.abc import Callable

from hub import telemetry
from hub.bootstrap.groups import take_waiting
from hub.bootstrap.workers import Hinter
from hub.ports import Cursors, Ended
from hub.stages.deliver import Deliver

GROUP_MAX = 100
"""Outcomes in one transaction."""
OUTAGE_SECONDS = 1.0
"""How long outcomes wait before they are tried again while the database is away."""


class Settler:
    """Takes outcomes from many threads and settles them in groups, without lingering.

    While the database is away they wait, and are tried again until they are written.
    Whoever puts them in keeps their number bounded; `settled` tells how many are done.
    """

    def __init__(
        self,
        deliver: Deliver,
        cursors: Cursors,
        hinting: Hinter,
        settled: Callable[[int], None],
    ) -> None:
        self._deliver = deliver
        self._cursors = cursors
        self._hinting = hinting
        self._settled = settled
        self._queue: queue.SimpleQueue[Ended | None] = queue.SimpleQueue()
        self._gives_up = threading.Event()
        self._thread = threading.Thread(target=self._run, name="settle", daemon=True)

    def start(self) -> None:
        """Begin to settle."""
        self._thread.start()

    def put(self, ended: Ended) -> None:
        """Hand over how a lease ended; never blocks."""
        self._queue.put(ended)

    def stop(self, seconds: float) -> None:
        """Settle what waits, as long as told; what is left then becomes unknown."""
        if self._thread.ident is None:
            return
        self._queue.put(None)
        self._thread.join(timeout=max(0.0, seconds))
        self._gives_up.set()

    def _run(self) -> None:
        while True:
            group, is_last = take_waiting(self._queue, GROUP_MAX)
            if group:
                self._settle(group)
                self._settled(len(group))
            if is_last:
                return

    def _settle(self, group: list[Ended]) -> None:
        while not self._gives_up.is_set():
            try:
                with telemetry.doing("deliver"):
                    self._deliver.settle(group)
                self._hinting(self._cursors.take_hints())
            except ConnectionError as error:
                telemetry.log.warning("database_lost", waiting=len(group), error=error)
                self._gives_up.wait(OUTAGE_SECONDS)
            except Exception as error:  # noqa: BLE001 - their leases run out
                telemetry.log.error("settling_failed", error=error)
                return
            else:
                return
