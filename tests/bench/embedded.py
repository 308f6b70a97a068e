"""The hub without servers as contender: SQLite, memory transport, one process.

`python -m tests.bench.embedded FOLDER` is that process; files tell it when to go.
"""

import json
import shutil
import sqlite3
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from hub import telemetry
from hub.bootstrap import Hub, build_hub
from hub.bootstrap.roles import Role
from tests.bench import hub_world, scratch, targets
from tests.bench.contender import Contender, WrongRows, expect
from tests.bench.crew import Crew
from tests.bench.main_job_world import PARTIES
from tests.bench.on_journal import WARM

IDS, READY, GO, DONE = "ids.json", "ready", "go", "done"
POLL_SECONDS = 0.005


class Embedded(Contender):
    """One process that does the whole of it."""

    name = targets.EMBEDDED
    alone = True
    processes = 1

    def __init__(self, complaints: int) -> None:
        self.complaints = complaints
        self._template = scratch.new_folder("embedded")
        hub_world.write_agencies(self._template / "agencies", PARTIES)
        settings = hub_world.settings_of(self._template)
        ids = hub_world.accept(settings, 0, WARM + complaints)
        (self._template / IDS).write_text(json.dumps(ids))
        self._folder: Path | None = None

    def prepare(self) -> None:
        """Start it on a copy of the files, and let it work some."""
        parent = scratch.new_folder("round")
        folder = self._folder = parent / "hub"
        shutil.copytree(self._template, folder)
        self.crew = Crew([["tests.bench.embedded", str(folder)]], [{}])
        self.wait("the first complaints", (folder / READY).exists)

    def go(self) -> None:
        """Have it hint the rest to itself."""
        assert self._folder is not None
        (self._folder / GO).touch()

    def has_finished(self) -> bool:
        """Say whether it has hinted every delivery."""
        assert self._folder is not None
        return (self._folder / DONE).exists()

    def check(self) -> None:
        """Count the rows."""
        assert self._folder is not None
        complaints = WARM + self.complaints
        cursors = hub_world.deliveries(complaints, PARTIES)
        wanted = hub_world.rows(complaints, cursors)
        with sqlite3.connect(self._folder / "data" / "simpul.db") as connection:
            found = {
                table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - our own names
                for table in wanted
            }
        expect(self.name, found, wanted)
        if dropped := (self._folder / DONE).read_text():
            msg = f"{self.name}: {dropped} hints were dropped"
            raise WrongRows(msg)

    def finish(self) -> None:
        """End it and remove its files."""
        super().finish()
        if self._folder:
            shutil.rmtree(self._folder.parent, ignore_errors=True)
        self._folder = None


class Told:
    """Counts the deliveries that a hub has hinted to itself."""

    def __init__(self, hub: Hub) -> None:
        self.count = 0
        self._publisher = hub.publisher
        self._publish = hub.publisher.publish
        self._publisher.publish = self._count  # type: ignore[method-assign]

    def wait(self, count: int) -> None:
        """Wait until so many are hinted and the publisher has nothing left."""
        while self.count < count or self._is_busy():
            time.sleep(POLL_SECONDS)

    def _is_busy(self) -> bool:
        return not self._publisher._queue.empty() or bool(self._publisher._again)

    def _count(self, lane: str, ids: Sequence[str], by: str = "hint") -> None:
        self._publish(lane, ids, by)
        if lane.startswith("deliver."):
            self.count += len(ids)


def finished(folder: Path) -> None:
    """Say that all is done, and how many hints were dropped, if any."""
    samples = [one for of in telemetry.hints_dropped.collect() for one in of.samples]
    dropped = sum(one.value for one in samples if one.name.endswith("_total"))
    written = folder / f"{DONE}.new"
    written.write_text(f"{dropped:g}" if dropped else "")
    written.rename(folder / DONE)


def main() -> None:
    """Be the process of one round."""
    folder = Path(sys.argv[1])
    telemetry.configure_logging("json", "WARNING")
    ids = json.loads((folder / IDS).read_text())
    hub = build_hub(hub_world.settings_of(folder), {}, frozenset({Role.INTAKE}))
    told = Told(hub)
    hub.start()
    hub.publisher.publish("intake.web", ids[:WARM])
    told.wait(hub_world.deliveries(WARM, PARTIES))
    (folder / READY).touch()
    while not (folder / GO).exists():
        time.sleep(POLL_SECONDS)
    hub.publisher.publish("intake.web", ids[WARM:])
    told.wait(hub_world.deliveries(len(ids), PARTIES))
    finished(folder)
    hub.stop()


if __name__ == "__main__":
    main()
