"""The hub as contender: `simpul run --only intake`, from journal rows to hints."""

import http.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub.bootstrap.lanes import lanes_of
from hub.broker import admin
from hub.broker.topology import WORK, Topology
from hub.database.migrate import upgrade
from hub.settings import Settings
from tests.bench import hub_world, scratch
from tests.bench.contender import Servers, WrongRows
from tests.bench.crew import Crew
from tests.bench.machine import listener
from tests.bench.on_journal import WARM, OnJournal
from tests.services.ports import free_ports
from tests.services.postgres import connect

PUBLISHED, DROPPED = "simpul_hints_published_total", "simpul_hints_dropped_total"


@dataclass(frozen=True)
class Shape:
    """What a round of the hub looks like."""

    complaints: int
    processes: int = 2
    batch: int = 500


class Deployment:
    """Files, queues, and a database with a warm backlog; rounds work on copies."""

    def __init__(self, servers: Servers, parties: int, complaints: int) -> None:
        self.servers = servers
        self.folder = scratch.new_folder("hub")
        self.broker = servers.rabbitmq.create_vhost()
        self.parties = parties
        hub_world.write_agencies(self.folder / "agencies", parties)
        self.empty = servers.postgres.create_template(upgrade)
        """A database without a row."""
        self.template = servers.postgres.create_database(self.empty)
        settings = self.settings(self.template)
        admin.apply(self.broker, Topology(), lanes_of(settings))
        self.ids = hub_world.accept(settings, 0, WARM + complaints)
        with connect(self.template) as connection:
            connection.execute("VACUUM ANALYZE")

    def settings(self, database: str, batch: int = 500) -> Settings:
        """Describe the hub on one database."""
        return hub_world.settings_of(self.folder, database, self.broker, batch)


class HubOnRabbitmq(OnJournal):
    """Real worker processes on RabbitMQ and PostgreSQL."""

    queue = "intake.web"
    exchange = WORK
    counted = ("complaints", "log", "legs", "cursors")

    def __init__(self, name: str, deployment: Deployment, shape: Shape) -> None:
        super().__init__(deployment.servers, deployment.broker, deployment.template)
        self.name = name
        self.complaints = shape.complaints
        self.processes = shape.processes
        self._deployment = deployment
        self._batch = shape.batch
        self._ports: list[int] = []

    def launch(self, database: str) -> Crew:
        """Start the workers, each with its metrics page."""
        settings = self._deployment.settings(database, self._batch)
        environment = hub_world.environment_of(settings)
        self._ports = ports = free_ports(self.processes)
        return Crew(
            [["hub", "run", "--only", "intake"]] * self.processes,
            [{**environment, "SIMPUL_SERVER__METRICS_PORT": str(p)} for p in ports],
        )

    def is_ready(self) -> bool:
        """Say whether all consume and show their metrics, which come last."""
        return super().is_ready() and all(listener(port) for port in self._ports)

    def ids(self) -> Sequence[str]:
        """Give the ids of the journal's rows."""
        return self._deployment.ids[: WARM + self.complaints]

    def deliveries(self, complaints: int) -> int:
        """Count whom the first complaints concern."""
        return hub_world.deliveries(complaints, self._deployment.parties)

    def confirmed(self) -> float:
        """Ask the workers."""
        return sum(
            counter(port, PUBLISHED) + counter(port, DROPPED) for port in self._ports
        )

    def rows(self) -> Mapping[str, int]:
        """Count the rows that a round must leave."""
        complaints = len(self.ids())
        return hub_world.rows(complaints, self.deliveries(complaints))

    def check(self) -> None:
        """Count the rows, and the hints that were dropped."""
        super().check()
        if dropped := sum(counter(port, DROPPED) for port in self._ports):
            msg = f"{self.name}: {dropped:.0f} hints were dropped"
            raise WrongRows(msg)


def counter(port: int, name: str) -> float:
    """Read a counter from a worker's metrics page, all its labels together."""
    # An idle connection would be closed by the worker after some seconds.
    worker = http.client.HTTPConnection("127.0.0.1", port)
    worker.request("GET", "/metrics")
    lines = worker.getresponse().read().decode().splitlines()
    worker.close()
    found = (line for line in lines if line.startswith((f"{name} ", f"{name}{{")))
    return sum(float(line.rpartition(" ")[2]) for line in found)
