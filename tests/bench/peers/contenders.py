"""The peers as contenders: how each is started, filled and known to be done."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from os import environ

from tests.bench import targets
from tests.bench.contender import OnServers, Servers
from tests.bench.crew import Crew
from tests.bench.main_job_world import PARTIES
from tests.bench.peers.job import (
    CATEGORIES,
    COUNTED,
    NEXT,
    TABLES,
    TAKEN,
    Routing,
    category,
    region,
)
from tests.services.postgres import connect

WARM = 200
"""Complaints that a peer works before the clock runs: connections, statements."""
PEERS = "tests.bench.peers"


@dataclass(frozen=True)
class Library:
    """One library in one setting."""

    name: str
    module: str
    options: tuple[str, ...]
    """What follows `python -m`."""
    fill: str
    """The envelope of its messages: a key of `fill.LIBRARIES`."""
    copies: int = 1
    """How often it is started."""
    processes: int = 1
    """Worker processes of all copies."""
    consumers: int = 1
    """On the queue, when all are ready."""


CELERY = ("-A", f"{PEERS}.celery_app", "worker", "-Q", TAKEN)
QUIET = ("--without-gossip", "--without-mingle", "--without-heartbeat")
DRAMATIQ = (f"{PEERS}.dramatiq_app", "-Q", TAKEN, "-p", "2", "-t", "16")
TWICE = {"copies": 2, "processes": 2, "consumers": 2}

LIBRARIES = (
    Library(
        targets.CELERY_PREFORK,
        "celery",
        (*CELERY, *QUIET, "-P", "prefork", "-c", "2"),
        "celery",
        processes=2,
    ),
    Library(
        targets.CELERY_THREADS,
        "celery",
        (*CELERY, *QUIET, "-P", "threads", "-c", "8"),
        "celery",
    ),
    Library(
        targets.DRAMATIQ, "dramatiq", DRAMATIQ, "dramatiq", processes=2, consumers=2
    ),
    Library(targets.FASTSTREAM_1, f"{PEERS}.faststream_app", (), "plain"),
    Library(targets.FASTSTREAM_2, f"{PEERS}.faststream_app", (), "plain", **TWICE),
    Library(targets.KOMBU_1, f"{PEERS}.kombu_app", (), "plain"),
    Library(targets.KOMBU_2, f"{PEERS}.kombu_app", (), "plain", **TWICE),
)


class Filler:
    """A process that fills a peer's queue."""

    def __init__(self, library: str, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"{PEERS}.fill", library],
            env={**environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def fill(self, start: int, count: int) -> None:
        """Publish the messages from `start` on; returns when the broker has them."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{start} {count}\n")
        self._process.stdin.flush()
        if self._process.stdout.readline() != "done\n":
            msg = "the queue could not be filled"
            raise RuntimeError(msg)

    def close(self) -> None:
        """End it, also in the middle of its work."""
        self._process.kill()
        self._process.communicate()


class Peer(OnServers):
    """One library, with a virtual host of its own."""

    counted = COUNTED

    def __init__(self, library: Library, servers: Servers, complaints: int) -> None:
        template = servers.postgres.create_template(_make_tables)
        super().__init__(servers, servers.rabbitmq.create_vhost(), template)
        self.name = library.name
        self.processes = library.processes
        self.complaints = complaints
        self._library = library
        self._filler: Filler | None = None

    def launch(self, database: str) -> Crew:
        """Start the workers as the library's users do."""
        library = self._library
        command = (library.module, *library.options)
        environment = environment_of(database, self._vhost)
        return Crew([command] * library.copies, [environment] * library.copies)

    def prepare(self) -> None:
        """Start on an empty database, work some complaints, hold, and fill."""
        for name in (TAKEN, NEXT):
            self._queues.purge(name)
        crew = self.start()
        self.wait("its consumers", self._consumes)
        environment = environment_of(self._database, self._vhost)
        self._filler = Filler(self._library.fill, environment)
        self._filler.fill(0, WARM)
        self.wait("the first complaints", lambda: self._through() >= WARM)
        crew.hold()
        self._filler.fill(WARM, self.complaints)

    def has_finished(self) -> bool:
        """Say whether as many next messages lie in their queue."""
        return self._through() >= WARM + self.complaints

    def rows(self) -> Mapping[str, int]:
        """Count the rows that a round must leave."""
        return expected_rows(WARM + self.complaints)

    def finish(self) -> None:
        """End the workers and throw the round's database away."""
        if self._filler:
            self._filler.close()
        self._filler = None
        super().finish()

    def _through(self) -> int:
        return self._queues.count(NEXT)[0]

    def _consumes(self) -> bool:
        return self._queues.count(TAKEN)[1] >= self._library.consumers


def environment_of(database: str, vhost: str) -> dict[str, str]:
    """Tell a worker of a peer, or of the prototype, where it works."""
    return {
        # The name of the driver is SQLAlchemy's.
        "BENCH_DATABASE_URL": database.replace("+psycopg", ""),
        "BENCH_BROKER_URL": vhost,
        "BENCH_PARTIES": str(PARTIES),
    }


def _make_tables(url: str) -> None:
    with connect(url) as connection:
        connection.execute(TABLES)


def expected_rows(complaints: int) -> dict[str, int]:
    """Count what the first complaints leave in every table."""
    routing = Routing(PARTIES)
    rules = (
        routing.of(category(n), region(n // CATEGORIES)) for n in range(complaints)
    )
    legs = sum(len(rule.agencies) for rule in rules)
    return {
        "seen": complaints,
        "complaint": complaints,
        "event": 3 * complaints + legs,
        "leg": legs,
        "cursor": legs + complaints,
    }
