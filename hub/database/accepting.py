"""Group commit: one writer takes whatever waits, commits it, answers all."""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from connectors.contract import Receiptful
from hub import telemetry
from hub.ports import StoreUnavailableError
from schemas.raw import RawMessage

GROUP_MAX = 500
GROUP_BYTES_MAX = 16_000_000
WAITING_MAX = 4 * GROUP_MAX
ANSWER_SECONDS_MAX = 60
TOO_BUSY = "the hub is too busy to store the message; try again"

_Item = tuple[RawMessage, "Future[Receiptful]"]


class GroupCommitter:
    """Collects callers without lingering and commits them together."""

    def __init__(
        self, commit: Callable[[Sequence[RawMessage]], list[Receiptful]]
    ) -> None:
        self._commit = commit
        self._queue: queue.Queue[_Item | None] = queue.Queue(maxsize=WAITING_MAX)
        self._thread = threading.Thread(target=self._run, name="accept", daemon=True)
        self._thread.start()

    def accept(self, raw: RawMessage) -> Receiptful:
        """Block until the message is committed; raises StoreUnavailableError."""
        future: Future[Receiptful] = Future()
        try:
            self._queue.put((raw, future), timeout=ANSWER_SECONDS_MAX)
            return future.result(timeout=ANSWER_SECONDS_MAX)
        except (queue.Full, TimeoutError) as error:
            raise StoreUnavailableError(TOO_BUSY) from error

    def submit(self, raw: RawMessage) -> "Future[Receiptful]":
        """Have a message committed; raises StoreUnavailableError when many wait."""
        future: Future[Receiptful] = Future()
        try:
            self._queue.put_nowait((raw, future))
        except queue.Full as error:
            raise StoreUnavailableError(TOO_BUSY) from error
        return future

    def close(self) -> None:
        """Commit what waits, then stop."""
        self._queue.put(None)
        self._thread.join(timeout=ANSWER_SECONDS_MAX)

    def _run(self) -> None:
        while True:
            first = self._queue.get()
            if first is None:
                return
            group, ended = self._take(first)
            # From here on a caller who leaves no longer takes the message back.
            begun = [one for one in group if one[1].set_running_or_notify_cancel()]
            if begun:
                self._answer(begun)
            if ended:
                return

    def _take(self, first: _Item) -> tuple[list[_Item], bool]:
        group, size = [first], len(first[0].body)
        while len(group) < GROUP_MAX and size < GROUP_BYTES_MAX:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                break
            if item is None:
                return group, True
            group.append(item)
            size += len(item[0].body)
        return group, False

    def _answer(self, group: list[_Item]) -> None:
        try:
            with telemetry.doing("accept"):
                results = self._commit([raw for raw, _ in group])
        except Exception as error:  # noqa: BLE001 - every caller must be answered
            if len(group) > 1:
                for item in group:  # one bad message never takes its neighbours along
                    self._answer([item])
                return
            group[0][1].set_exception(error)
            return
        for (_, future), result in zip(group, results, strict=True):
            future.set_result(result)
