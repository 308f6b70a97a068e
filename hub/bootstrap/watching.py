"""Watching channels' sources: a mailbox with news is asked at once."""

import threading
from collections.abc import Sequence

from connectors.contract import Source
from hub import telemetry
from hub.database.sources import source_id
from hub.ports import Sources

AGAIN_SECONDS = 1.0
"""While somebody asks the source, news are told again: that turn may be past them."""
STOP_SECONDS_MAX = 5.0


class Watchers:
    """A thread for each source of a channel. Losing one costs a poll's interval."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._watched: list[tuple[str, Source]] = []
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()

    def watch(self, watched: Sequence[tuple[str, Source]]) -> None:
        """Name what `start` begins to watch."""
        self._watched = list(watched)

    def start(self) -> None:
        """Begin."""
        for name, source in self._watched:
            thread = threading.Thread(
                target=self._run, args=(name, source), name=f"watch {name}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """End; a thread that its server holds up ends with the process."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(STOP_SECONDS_MAX)

    def _run(self, name: str, source: Source) -> None:
        def wake() -> None:
            self._wake(source_id(name))

        while not self._stopping.is_set():
            try:
                source.watch(wake, self._stopping)
            except Exception as error:  # noqa: BLE001 - polling goes on without it
                telemetry.log.error("watch_broke", source=name, error=error)
                self._stopping.wait(60.0)
            else:
                return

    def _wake(self, one: str) -> None:
        while not self._stopping.is_set():
            try:
                if self._sources.wake(one):
                    return
            except ConnectionError:
                return  # the database is away; what is due is found afterwards
            self._stopping.wait(AGAIN_SECONDS)
