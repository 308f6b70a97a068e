"""The polling pool of one process: every source that is asked has its own thread."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from connectors.contract import Source
from hub import telemetry
from hub.bootstrap.configuration import Configuration
from hub.bootstrap.store import Store
from hub.bootstrap.workers import Hinter
from hub.broker.consumer import Batch
from hub.broker.topology import POLL
from hub.database.sources import MESSAGES, SNAPSHOT, UPDATES, SourceRow, source_id
from hub.stages.poll import Asked, Asking, Poll, asking_agency, asking_channel
from hub.stages.reconcile import Reconcile

THREADS_MAX = 512
"""Made when they are needed: one for each source that is being asked."""
SECONDS_OF_AN_HOUR = 3600.0

Turn = Callable[[], Asked]


def source_rows(config: Configuration) -> list[SourceRow]:
    """Name everything that is asked: for updates, how cases stand, for messages."""
    rows = [
        SourceRow(name, name, MESSAGES, POLL, source.every_seconds, source.version)
        for name, source in channel_sources(config)
    ]
    for name, agency in config.agencies.items():
        manifest, can = config.manifests[name], agency.system.capabilities
        version = agency.mapping_version
        if can.polls:
            every = manifest.poll.every_seconds
            rows.append(
                SourceRow(f"agency:{name}", name, UPDATES, POLL, every, version)
            )
        if can.snapshots:
            every = manifest.reconcile.every_hours * SECONDS_OF_AN_HOUR
            rows.append(
                SourceRow(f"snapshot:{name}", name, SNAPSHOT, POLL, every, version)
            )
    return rows


def channel_sources(config: Configuration) -> list[tuple[str, Source]]:
    """Name what channels ask, as its row in the store is called: `email:utama`."""
    return [
        (f"{name}:{source.name}", source)
        for name, channel in config.channels.items()
        for source in channel.sources()
    ]


def askings_of(config: Configuration) -> dict[str, Asking]:
    """Say how each is asked that tells us something new."""
    found = {
        name: asking_agency(name, agency.system, config.manifests[name])
        for name, agency in config.agencies.items()
    }
    for name, source in channel_sources(config):
        found[name] = asking_channel(name.partition(":")[0], source)
    return found


def turns_of(
    config: Configuration, poll: Poll, reconcile: Reconcile
) -> dict[str, Turn]:
    """Name what a hint of each source starts."""
    found: dict[str, Turn] = {}
    for row in source_rows(config):
        stage = reconcile if row.kind == SNAPSHOT else poll
        found[row.id] = _turn(stage, row)
    return found


def reconciling(store: Store, config: Configuration) -> Reconcile:
    """Make the comparison as a command runs it: once, and without a schedule."""
    return Reconcile(
        store.drifts,
        store.sources,
        {name: agency.system for name, agency in config.agencies.items()},
        config.manifests,
        lambda: 0.5,
        0.0,
        lambda: False,
    )


def _turn(stage: Poll | Reconcile, row: SourceRow) -> Turn:
    return lambda: stage(source_id(row.source), row.party)


class PollWorker:
    """Starts turns. One that hangs holds its own thread, and no other source waits."""

    def __init__(
        self, turns: Mapping[str, Turn], hinting: Hinter, stopping: threading.Event
    ) -> None:
        self._turns = turns
        self.stopping = stopping
        self._hinting = hinting
        self._pool = ThreadPoolExecutor(THREADS_MAX, "poll")
        self._changed = threading.Condition()
        self._running: set[str] = set()

    def use(self, turns: Mapping[str, Turn]) -> None:
        """Go on with these turns; those under way end as they began."""
        self._turns = turns

    def __call__(self, batch: Batch) -> None:
        """Start the turn of every source that has none under way."""
        with self._changed:
            for one in dict.fromkeys(batch.ids):
                if (
                    self.stopping.is_set()
                    or one in self._running
                    or one not in self._turns
                ):
                    continue
                self._running.add(one)
                self._pool.submit(self._run, one, batch.by)

    def stop(self, seconds: float = 60) -> None:
        """Start no more turns; let those that run end their page, as long as told."""
        until = time.monotonic() + seconds
        with self._changed:
            self.stopping.set()
            while self._running and time.monotonic() < until:
                self._changed.wait(timeout=until - time.monotonic())
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, source: str, by: str) -> None:
        asked = Asked()
        try:
            turn = self._turns.get(source)
            with telemetry.doing("poll"):
                asked = Asked() if turn is None else turn()
            telemetry.work_started.labels(by=by).inc()
        except ConnectionError as error:
            telemetry.log.warning("database_lost", error=error)
        except Exception as error:  # noqa: BLE001 - its lease runs out, the sweep finds it
            telemetry.log.error("turn_failed", source=source, error=error)
        finally:
            with self._changed:
                self._running.discard(source)
                self._changed.notify_all()
        if asked.goes_on:
            self._hinting([(POLL, source)])
