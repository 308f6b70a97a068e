"""How long one complaint takes through the hub at a steady rate.

From the moment at which it is due in one process, which then calls `accept()`, to the
last of its hints at a consumer: the intake worker lies between them. Who is late in
accepting is not spared. `python -m tests.bench.latency FOLDER DATABASE BROKER
RATE SECONDS` is the process that accepts.
"""

import json
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

import pika

from hub import telemetry
from hub.bootstrap import build_hub
from hub.bootstrap.lanes import lanes_of
from hub.bootstrap.roles import Role
from hub.broker.codec import decode
from hub.settings import Server
from tests.bench import hub_world
from tests.bench.contender import Queues
from tests.bench.crew import Crew, TooSlow
from tests.bench.hub_contenders import Deployment
from tests.bench.main_job_world import message
from tests.services.postgres import connect

CALLERS = 16
WORKERS = 2
SECONDS_MAX = 60.0
WARM_SECONDS = 1.0
"""What is accepted in the first of them is not counted."""
PER_CENT = 100


class Latency:
    """Rounds of a steady rate."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def milliseconds(
        self, rate: int, seconds: float
    ) -> tuple[float, float, float, float]:
        """Run one round; returns median, 99th percentile, accepting's median, the rate.

        The rate is that of the answers: below the wanted one, accepting fell behind.
        """
        deployment = self._deployment
        database = deployment.servers.postgres.create_database(deployment.empty)
        settings = deployment.settings(database)
        environment = hub_world.environment_of(settings)
        queues = Queues(deployment.broker)
        sink = Sink(deployment.broker, lanes_of(settings))
        worker = ["hub", "run", "--only", "intake"]
        crew = Crew([worker] * WORKERS, [environment] * WORKERS)
        try:
            crew.wait(
                "consumers", lambda: queues.count("intake.web")[1] == WORKERS, 120
            )
            sink.start()
            called = self._accept(database, rate, seconds)
            found = _delays(database, called, sink, deployment.parties)
        finally:
            sink.stop()
            crew.stop()
            queues.close()
            deployment.servers.postgres.drop_database(database)
        cuts = statistics.quantiles(found, n=PER_CENT)
        accepting = statistics.median(one.answered - one.due for one in called.values())
        moments = [one.answered for one in called.values()]
        kept = (len(moments) - 1) / (max(moments) - min(moments))
        return cuts[49] * 1000, cuts[98] * 1000, accepting * 1000, kept

    def _accept(self, database: str, rate: int, seconds: float) -> "Calls":
        folder, broker = str(self._deployment.folder), self._deployment.broker
        command = [sys.executable, "-m", "tests.bench.latency", folder, database]
        answer = subprocess.run(
            [*command, broker, str(rate), str(seconds)],
            check=True,
            stdout=subprocess.PIPE,
        )
        found: dict[str, list[float]] = json.loads(answer.stdout)
        return {journal: Call(*moments) for journal, moments in found.items()}


class Call(NamedTuple):
    """When it was due, and when `accept()` answered: the machine's own clock."""

    due: float
    answered: float


Calls = dict[str, Call]
"""By the id of the journal's row."""


class Sink:
    """Takes the hints of every delivery, and notes when."""

    def __init__(self, url: str, lanes: list[str]) -> None:
        self.seen: dict[str, list[float]] = {}
        self._lanes = [lane for lane in lanes if lane.startswith("deliver.")]
        self._url = url
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin, with empty queues."""
        queues = Queues(self._url)
        for lane in self._lanes:
            queues.purge(lane)
        queues.close()
        self._thread.start()

    def stop(self) -> None:
        """Take no more."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        connection = pika.BlockingConnection(pika.URLParameters(self._url))
        channel = connection.channel()
        for lane in self._lanes:
            channel.basic_consume(lane, self._take, auto_ack=True)
        while not self._stop.is_set():
            connection.process_data_events(time_limit=0.2)
        connection.close()

    def _take(self, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        now = time.monotonic()
        for complaint in decode(body):
            self.seen.setdefault(complaint, []).append(now)


def _delays(database: str, called: Calls, sink: Sink, parties: int) -> list[float]:
    """Wait for the last hints; returns seconds per complaint."""
    wanted = hub_world.deliveries(len(called), parties)
    until = time.monotonic() + SECONDS_MAX
    while sum(map(len, list(sink.seen.values()))) < wanted:
        if time.monotonic() > until:
            msg = "some hints did not come"
            raise TooSlow(msg)
        time.sleep(0.1)
    with connect(database) as connection:
        rows = connection.execute("SELECT id, complaint_id FROM journal").fetchall()
    began = min(one.due for one in called.values())
    return [
        max(sink.seen[str(complaint)]) - called[str(journal)].due
        for journal, complaint in rows
        if called[str(journal)].due - began >= WARM_SECONDS
    ]


def main() -> None:
    """Accept at a steady rate; prints when each was due and answered."""
    folder, database, broker, rate, seconds = sys.argv[1:]
    telemetry.configure_logging("json", "WARNING")
    settings = hub_world.settings_of(Path(folder), database, broker)
    settings = settings.model_copy(update={"server": Server(port=0)})
    hub = build_hub(settings, {}, frozenset({Role.WEB}))
    hub.start()
    called: Calls = {}
    began = time.monotonic() + 0.5
    numbers = range(int(int(rate) * float(seconds)))

    def call(mine: range) -> None:
        for n in mine:
            raw, due = message(n), began + n / int(rate)
            time.sleep(max(0.0, due - time.monotonic()))
            receipt = hub.accept(raw)
            called[receipt.journal_id] = Call(due, time.monotonic())

    threads = [
        threading.Thread(target=call, args=(numbers[n::CALLERS],))
        for n in range(CALLERS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    hub.stop()
    print(json.dumps(called))


if __name__ == "__main__":
    main()
