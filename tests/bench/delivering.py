"""Delivering to agencies that answer in ten milliseconds: the hub, and a bare pool.

One worker, `simpul run --only deliver`, with sixteen threads, against sixteen threads
that only post. The agencies are those of `tests.bench.agencies`, none of them hanging.
"""

import json
import subprocess
import sys
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import httpx2

from hub.bootstrap import open_store
from hub.bootstrap.lanes import lanes_of
from hub.broker import admin
from hub.broker.topology import Topology
from hub.settings import Settings
from tests.bench import hub_world, scratch
from tests.bench.agencies import AGENCIES, Agencies, complaint, write_files
from tests.bench.contender import (
    POLL_SECONDS,
    Queues,
    Servers,
    WrongRows,
    count_rows,
    expect,
)
from tests.bench.crew import Crew
from tests.bench.on_journal import hint
from tests.services.postgres import connect
from tests.services.waiting import wait_until

THREADS = 16
SECONDS_MAX = 120.0
DELIVERED = "SELECT count(*) FROM cursors WHERE delivered_seq = target_seq"


class Delivering:
    """Rounds on copies of one database in which every delivery is due."""

    def __init__(self, servers: Servers, agencies: Agencies, complaints: int) -> None:
        self._servers = servers
        self._agencies = agencies
        self._complaints = complaints
        self._folder = scratch.new_folder("deliver")
        write_files(self._folder / "agencies", agencies.port)
        self._broker = servers.rabbitmq.create_vhost()
        self._queues = Queues(self._broker)
        self._template = servers.postgres.create_database()
        settings = self._settings(self._template)
        self._lanes = lanes_of(settings)
        admin.apply(self._broker, Topology(), self._lanes)
        self._fill()

    def hub(self) -> float:
        """Deliver everything once; returns calls a second."""
        database = self._servers.postgres.create_database(self._template)
        self._purge()
        worker = ["hub", "run", "--only", "deliver"]
        environment = hub_world.environment_of(self._settings(database))
        crew = Crew([worker], [environment])
        try:
            crew.wait("consumers", self._has_consumers, SECONDS_MAX)
            crew.hold()
            self._hint(database)
            self._agencies.begin(hanging=0)
            began = time.perf_counter()
            crew.let_go()
            crew.wait("deliveries", self._all_seen, SECONDS_MAX)
            seconds = time.perf_counter() - began
            self._check(database)
        finally:
            crew.stop()
            self._servers.postgres.drop_database(database)
        return self._complaints / seconds

    def settle(self) -> float:
        """Settle everything once, calling nobody; returns deliveries a second."""
        database = self._servers.postgres.create_database(self._template)
        command = [sys.executable, "-m", "tests.bench.settling", str(self._folder)]
        try:
            answer = subprocess.run(
                [*command, database], check=True, stdout=subprocess.PIPE
            )
            found = json.loads(answer.stdout)
            self._check(database)
            attempts = count_rows(database, ["attempts"])
        finally:
            self._servers.postgres.drop_database(database)
        wanted = {"attempts": self._complaints, "settled": self._complaints}
        expect("settling", {**attempts, "settled": found["settled"]}, wanted)
        return float(found["settled"] / found["seconds"])

    def pool(self) -> float:
        """Post as much by threads that do nothing else; returns calls a second."""
        address = f"http://127.0.0.1:{self._agencies.port}/agency"
        limits = httpx2.Limits(max_connections=THREADS)

        def post(number: int) -> None:
            raw = complaint(number)
            body = {"judul": json.loads(raw.body)["title"], "kunci": raw.source_key}
            path = f"{address}{number % AGENCIES}/laporan"
            client.post(path, json=body).raise_for_status()

        with (
            httpx2.Client(limits=limits, trust_env=False) as client,
            ThreadPoolExecutor(THREADS) as pool,
        ):
            began = time.perf_counter()
            list(pool.map(post, range(self._complaints)))
            return self._complaints / (time.perf_counter() - began)

    def _settings(self, database: str) -> Settings:
        found = hub_world.settings_of(self._folder, database, self._broker)
        work = found.work.model_copy(update={"pool_threads": THREADS})
        return found.model_copy(update={"work": work, "channels": {"web": {}}})

    def _fill(self) -> None:
        """Accept complaints and let one worker read them."""
        settings = self._settings(self._template)
        store = open_store(settings, hinting=True)
        raws = [complaint(n) for n in range(self._complaints)]
        ids = [receipt.journal_id for receipt in store.journal.accept_group(raws)]
        store.close()
        environment = hub_world.environment_of(settings)
        crew = Crew([["hub", "run", "--only", "intake"]], [environment])
        try:
            hint(self._broker, "intake.web", ids)
            crew.wait("intake", lambda: self._count_cursors() == len(ids), SECONDS_MAX)
        finally:
            crew.stop()

    def _count_cursors(self) -> int:
        with connect(self._template) as connection:
            row = connection.execute("SELECT count(*) FROM cursors").fetchone()
        return int(row[0]) if row else 0

    def _purge(self) -> None:
        for lane in self._lanes:
            self._queues.purge(lane)

    def _hint(self, database: str) -> None:
        lanes: dict[str, list[str]] = defaultdict(list)
        with connect(database) as connection:
            query = "SELECT lane, complaint_id FROM cursors ORDER BY complaint_id"
            for lane, complaint in connection.execute(query):
                lanes[lane].append(str(complaint))
        for lane, ids in lanes.items():
            hint(self._broker, lane, ids)

    def _has_consumers(self) -> bool:
        return bool(self._queues.count(f"deliver.agency{AGENCIES - 1}")[1])

    def _all_seen(self) -> bool:
        time.sleep(POLL_SECONDS)  # asking takes the agencies' time
        return len(self._agencies.seen()) >= self._complaints

    def _check(self, database: str) -> None:
        """Every outcome is written soon after its call."""

        def is_written() -> bool:
            with connect(database) as connection:
                row = connection.execute(DELIVERED).fetchone()
            return row is not None and row[0] == self._complaints

        if not wait_until(is_written, SECONDS_MAX):
            msg = "some deliveries were not settled"
            raise WrongRows(msg)
