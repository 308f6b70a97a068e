"""What every contender of the bench has in common, and how one round of it is run."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pika
from pika.exceptions import ChannelClosedByBroker

from tests.bench.crew import Crew, TooSlow
from tests.bench.machine import Cpu, Meter, rss_mb
from tests.services.postgres import Postgres, connect
from tests.services.rabbitmq import Rabbitmq

POLL_SECONDS = 0.02
ROUND_SECONDS_MAX = 300.0
START_SECONDS_MAX = 120.0


class WrongRows(Exception):
    """The rows after a round are not those of its complaints."""


@dataclass(frozen=True)
class Servers:
    """The servers that all contenders share, and who reads their clocks."""

    postgres: Postgres
    rabbitmq: Rabbitmq
    meter: Meter


@dataclass(frozen=True)
class Cost:
    """What one round took."""

    complaints: int
    seconds: float
    cpu: Cpu
    rss_mb: float
    """Of one worker process, shared pages included."""

    @property
    def per_second(self) -> float:
        """Complaints a second."""
        return self.complaints / self.seconds

    @property
    def cpu_us(self) -> tuple[float | None, float | None, float | None]:
        """CPU microseconds per complaint: workers, database, broker."""
        of = (self.cpu.workers, self.cpu.database, self.cpu.broker)
        workers, database, broker = (
            None if spent is None else spent * 1e6 / self.complaints for spent in of
        )
        return workers, database, broker


class Contender(ABC):
    """One way to do the main job."""

    name: str
    complaints: int
    """In one round."""
    processes: int
    """Workers; the memory of the tree is divided by them."""
    alone = False
    """True when it uses neither the database server nor the broker."""
    crew: Crew | None = None
    """The workers, during a round."""

    @abstractmethod
    def prepare(self) -> None:
        """Make an empty database, warm workers that are held, and their backlog."""

    @abstractmethod
    def go(self) -> None:
        """Let the workers go."""

    @abstractmethod
    def has_finished(self) -> bool:
        """Say whether the backlog is worked and every next message confirmed."""

    @abstractmethod
    def check(self) -> None:
        """Raise WrongRows unless every complaint has all its rows, once."""

    def finish(self) -> None:
        """End the workers and throw the round's data away; may be called twice."""
        if self.crew:
            self.crew.stop()
        self.crew = None

    @property
    def pids(self) -> Sequence[int]:
        """The roots of the workers' trees."""
        return self.crew.pids if self.crew else []

    def wait(self, what: str, condition: Callable[[], bool]) -> None:
        """Wait for something before the clock runs; raises TooSlow, WorkerEnded."""
        assert self.crew is not None
        self.crew.wait(f"{self.name}: {what}", condition, START_SECONDS_MAX)

    def play(self, meter: Meter) -> Cost:
        """Run one round; raises TooSlow, WrongRows, WorkerEnded."""
        if self.alone:
            meter = Meter(None, None)
        try:
            self.prepare()
            before = meter.read(self.pids)
            seconds = self._run()
            spent = meter.read(self.pids).since(before)
            memory = rss_mb(self.pids) / self.processes
            self.check()
        finally:
            self.finish()
        return Cost(self.complaints, seconds, spent, memory)

    def _run(self) -> float:
        began = time.perf_counter()
        self.go()
        while not self.has_finished():
            if self.crew:
                self.crew.check()
            time.sleep(POLL_SECONDS)
            if time.perf_counter() - began > ROUND_SECONDS_MAX:
                raise TooSlow(self.name)
        return time.perf_counter() - began


class OnServers(Contender):
    """Rounds on copies of one database, by workers that are held until the start."""

    counted: Sequence[str]
    """Tables whose rows are counted."""

    def __init__(self, servers: Servers, vhost: str, template: str) -> None:
        self._servers = servers
        self._vhost = vhost
        self._template = template
        self._queues = Queues(vhost)
        self._database = ""

    @abstractmethod
    def launch(self, database: str) -> Crew:
        """Start the workers on one database."""

    @abstractmethod
    def rows(self) -> Mapping[str, int]:
        """Count the rows that a round must leave."""

    def start(self) -> Crew:
        """Start the workers on a copy of the database."""
        self._database = self._servers.postgres.create_database(self._template)
        self.crew = self.launch(self._database)
        return self.crew

    def go(self) -> None:
        """Let the workers go."""
        assert self.crew is not None
        self.crew.let_go()

    def check(self) -> None:
        """Count the rows."""
        expect(self.name, count_rows(self._database, self.counted), self.rows())

    def finish(self) -> None:
        """End the workers and throw the round's database away."""
        super().finish()
        if self._database:
            self._servers.postgres.drop_database(self._database)
        self._database = ""


class Queues:
    """Looks at the queues of one virtual host. Not thread-safe."""

    def __init__(self, url: str) -> None:
        parameters = pika.URLParameters(url)
        parameters.heartbeat = 0
        self._connection = pika.BlockingConnection(parameters)
        self._channel = self._connection.channel()

    @property
    def server_version(self) -> str:
        """The version that the broker tells."""
        properties = self._connection._impl.server_properties
        return str(properties.get("version", "unknown"))

    def count(self, name: str) -> tuple[int, int]:
        """Count what waits in a queue, and its consumers; no queue has none."""
        try:
            found = self._channel.queue_declare(name, passive=True).method
        except ChannelClosedByBroker:
            self._channel = self._connection.channel()
            return 0, 0
        return found.message_count, found.consumer_count

    def declare(self, name: str, arguments: dict[str, Any]) -> None:
        """Make a durable queue."""
        self._channel.queue_declare(name, durable=True, arguments=arguments)

    def purge(self, name: str) -> None:
        """Empty a queue, if there is one."""
        try:
            self._channel.queue_purge(name)
        except ChannelClosedByBroker:
            self._channel = self._connection.channel()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def count_rows(url: str, tables: Sequence[str]) -> dict[str, int]:
    """Count the rows of some tables."""
    with connect(url) as connection:
        found = {}
        for table in tables:
            query = f'SELECT count(*) FROM "{table}"'  # noqa: S608 - our own names
            row = connection.execute(query.encode()).fetchone()
            found[table] = int(row[0]) if row else 0
    return found


def expect(name: str, found: Mapping[str, int], wanted: Mapping[str, int]) -> None:
    """Compare counts of rows; raises WrongRows."""
    if found != wanted:
        msg = f"{name}: {found} instead of {wanted}"
        raise WrongRows(msg)
