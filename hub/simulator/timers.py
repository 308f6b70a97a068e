"""One thread that does many things, each at its time."""

import heapq
import threading
import time
from collections.abc import Callable
from itertools import count


class Timers:
    """Runs actions after a delay, one after the other, in a thread of its own.

    What is still to come survives `stop` and goes on after the next `start`.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._wake = threading.Condition()
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = count()
        self._running = False
        self._busy = False
        self._thread: threading.Thread | None = None

    @property
    def at_rest(self) -> bool:
        """Tell whether nothing runs and nothing is to come."""
        with self._wake:
            return not self._due and not self._busy

    @property
    def running(self) -> bool:
        """Tell whether it was started and not yet stopped."""
        return self._running

    def start(self) -> None:
        """Begin to run what is due."""
        self._running = True
        self._thread = threading.Thread(
            target=self._run, name=f"simulator:{self._name}", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End after the action that runs now."""
        with self._wake:
            self._running = False
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        """Run the action in so many seconds."""
        with self._wake:
            due = time.monotonic() + seconds
            heapq.heappush(self._due, (due, next(self._numbers), action))
            self._wake.notify_all()

    def _run(self) -> None:
        while (action := self._next()) is not None:
            try:
                action()
            finally:
                with self._wake:
                    self._busy = False

    def _next(self) -> Callable[[], object] | None:
        with self._wake:
            while self._running:
                if not self._due:
                    self._wake.wait()
                elif (left := self._due[0][0] - time.monotonic()) > 0:
                    self._wake.wait(left)
                else:
                    self._busy = True
                    return heapq.heappop(self._due)[2]
            return None
