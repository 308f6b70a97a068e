"""What the threads of one process do: stages, the safety net, the schedule."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from hub import telemetry
from hub.broker.consumer import Batch
from hub.broker.publisher import Publisher
from hub.database.backlog import backlog, clocks_due, overdue
from hub.database.drifts import SqlDrifts
from hub.database.engine import Database
from hub.database.sources import ACTIVE, SqlSources
from hub.ports import Due, Journal
from hub.stages.schedule import Schedule


def group(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Group (lane, id) pairs by lane, each id once."""
    lanes: dict[str, dict[str, None]] = defaultdict(dict)
    for lane, row_id in pairs:
        lanes[lane][row_id] = None
    return {lane: list(ids) for lane, ids in lanes.items()}


Hinter = Callable[[Iterable[tuple[str, str]]], None]
"""Tells of (lane, id) pairs that became due."""


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
        due: Due,
        stages: dict[str, Callable[[str, Sequence[str]], int]],
        hinting: Hinting,
    ) -> None:
        self._journal = journal
        self._due = due
        self._stages = stages
        self._hinting = hinting

    def __call__(self, batch: Batch) -> None:
        """Work one batch of one lane.

        A batch that comes again may be settled already by a worker that died before
        it could hint: what those rows woke is hinted again.
        """
        name = batch.lane.partition(".")[0]
        with telemetry.doing(name):
            worked = self._stages[name](batch.lane, batch.ids)
        telemetry.work_started.labels(by=batch.by).inc(worked)
        self._hinting(self._journal.take_hints())
        if batch.redelivered:
            self._hinting(self._due.woken_by(batch.ids))


class SafetyNet:
    """Takes what the broker gave up: hints whose workers died again and again.

    Only the hint is let go. Its rows stay due, the sweep finds them, and a row that
    ends its worker is run alone and quarantined.
    """

    def __call__(self, batch: Batch) -> None:
        """Count and log one hint."""
        telemetry.hints_netted.labels(lane=batch.lane).inc(len(batch.ids))
        telemetry.log.error("hint_netted", lane=batch.lane, rows=len(batch.ids))


class Gauges:
    """Shows what waits per lane, and since when, on the metrics page."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def __call__(self) -> None:
        """Read the backlog once; lanes without one are shown no more."""
        found = backlog(self._db)
        telemetry.clocks_due.set(clocks_due(self._db))
        telemetry.overdue.set(overdue(self._db))
        telemetry.due_rows.clear()
        telemetry.due_oldest_seconds.clear()
        for one in found:
            telemetry.due_rows.labels(lane=one.lane).set(one.due)
            telemetry.due_oldest_seconds.labels(lane=one.lane).set(one.oldest_seconds)


class AskedGauges:
    """Shows how long each source is silent, its clock, and where views differ."""

    def __init__(self, sources: SqlSources, drifts: SqlDrifts) -> None:
        self._sources = sources
        self._drifts = drifts

    def __call__(self) -> None:
        """Read both; what is asked no more, or agrees again, is shown no more."""
        found, differing = self._sources.listed(), self._drifts.counts()
        age, skew = telemetry.source_age_seconds, telemetry.source_skew_seconds
        for gauge in (age, skew, telemetry.drift):
            gauge.clear()
        for one in found:
            if one["state"] != ACTIVE:
                continue
            age.labels(source=one["source"]).set(one["age_seconds"])
            if one["skew_seconds"] is not None:
                skew.labels(source=one["source"]).set(one["skew_seconds"])
        for one in differing:
            telemetry.drift.labels(party=one["agency"], kind=one["kind"]).set(
                one["cases"]
            )


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
