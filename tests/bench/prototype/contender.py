"""The prototype as contender."""

import hashlib
import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg

from tests.bench import scratch
from tests.bench.contender import Queues, Servers
from tests.bench.crew import Crew
from tests.bench.main_job_world import PARTIES, message
from tests.bench.on_journal import WARM, OnJournal
from tests.bench.peers.contenders import environment_of, expected_rows
from tests.bench.peers.job import payload
from tests.bench.prototype import tables
from tests.bench.prototype.sealing import new_key, seal
from tests.bench.prototype.worker import INTAKE, REPORTER, lane_of
from tests.services.postgres import connect

QUORUM = {"x-queue-type": "quorum"}


class Ground:
    """Queues, and a database with a warm backlog; rounds work on copies."""

    def __init__(self, servers: Servers, complaints: int) -> None:
        self.servers = servers
        self.broker = servers.rabbitmq.create_vhost()
        queues = Queues(self.broker)
        for name in (INTAKE, *map(lane_of, (REPORTER, *range(PARTIES)))):
            queues.declare(name, QUORUM)
        queues.close()
        self.template = servers.postgres.create_database()
        self.ids = range(1, WARM + complaints + 1)
        with connect(self.template) as connection:
            connection.execute(tables.TABLES)
            _fill(connection, self.ids)
            connection.execute("VACUUM ANALYZE")


class Prototype(OnJournal):
    """Bare workers on the bare tables."""

    queue = INTAKE
    exchange = ""
    counted = tables.COUNTED

    def __init__(
        self, name: str, ground: Ground, complaints: int, processes: int
    ) -> None:
        super().__init__(ground.servers, ground.broker, ground.template)
        self.name = name
        self.complaints = complaints
        self.processes = processes
        self._ground = ground
        self._counters: list[Path] = []

    def launch(self, database: str) -> Crew:
        """Start the workers, each with a file in which it counts."""
        folder = scratch.new_folder("prototype")
        self._counters = [folder / str(n) for n in range(self.processes)]
        environment = environment_of(database, self._vhost)
        worker = "tests.bench.prototype.worker"
        return Crew(
            [[worker, str(path)] for path in self._counters],
            [environment] * self.processes,
        )

    def ids(self) -> Sequence[int]:
        """Give the ids of the journal's rows."""
        return self._ground.ids[: WARM + self.complaints]

    def deliveries(self, complaints: int) -> int:
        """Count whom the first complaints concern."""
        return expected_rows(complaints)["cursor"]

    def confirmed(self) -> float:
        """Read the workers' counts."""
        return sum(_count(path) for path in self._counters)

    def rows(self) -> Mapping[str, int]:
        """Count the rows that a round must leave."""
        found = expected_rows(len(self.ids()))
        return {table: found[table] for table in self.counted}


def _count(path: Path) -> int:
    content = path.read_bytes() if path.exists() else b""
    return struct.unpack("q", content)[0] if content else 0


def _fill(connection: psycopg.Connection, ids: Sequence[int]) -> None:
    """Write the journal as accepting would have left it."""
    raws, rows, keys = [], [], []
    for number in ids:
        raw = message(number - 1)
        body = json.dumps(payload(raw.source_key, json.loads(raw.body))).encode()
        key, wrapped = new_key(number)
        keys.append((number, wrapped))
        raws.append((number, seal(key, b"raw|%d" % number, body)))
        content_hash = hashlib.sha256(body).digest()
        rows.append((number, 1, number, content_hash, f"SP-{number:08d}"))
    for copy, content in (
        ("COPY data_key (id, wrapped) FROM STDIN", keys),
        ("COPY journal_raw (id, sealed) FROM STDIN", raws),
        ("COPY journal (id, lane, key_id, content_hash, code) FROM STDIN", rows),
    ):
        with connection.cursor() as cursor, cursor.copy(copy) as sink:
            for row in content:
                sink.write_row(row)
