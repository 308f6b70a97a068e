"""The hub's main job on PostgreSQL: accept in groups, then intake of a warm backlog.

Prints complaints a second and the CPU time of workers and server for each; asserts
nothing about time. `python -m tests.bench.hub_main_job --help` names the knobs.
"""

import argparse
import cProfile
import json
import os
import pstats
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic import SecretStr
from uuid_utils import uuid7

from connectors.channels.web import WebChannel
from hub.bootstrap import Store, open_store
from hub.bootstrap.memory import calm_collector
from hub.bootstrap.sandbox import Sandbox
from hub.database import tables as t
from hub.database.invariants import check_invariants
from hub.settings import Edge, Settings
from hub.stages.intake import Intake
from tests.bench.main_job_world import manifests, message, party_rows, routing
from tests.services.postgres import Postgres, PrivatePostgres, connect

SETTINGS = {
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "30min",
}
TICK_US = 1_000_000 / os.sysconf("SC_CLK_TCK")


class WorkFailed(Exception):
    """The workers did not do what they were given."""


class CountingHints:
    """Takes hints as a publisher does, and only counts them."""

    def __init__(self) -> None:
        self.hints = 0
        self.lists = 0

    def publish(self, lane: str, ids: Sequence[str]) -> None:
        """Count one list."""
        del lane
        self.lists += 1
        self.hints += len(ids)

    def __call__(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Group (lane, id) pairs into lists of fifty."""
        lanes: dict[str, list[str]] = defaultdict(list)
        for lane, row_id in pairs:
            lanes[lane].append(row_id)
        for lane, ids in lanes.items():
            for start in range(0, len(ids), 50):
                self.publish(lane, ids[start : start + 50])


@dataclass(frozen=True)
class Load:
    """What one round does."""

    complaints: int
    batch: int
    processes: int
    parties: int
    start: int = 0


def server_pid(server: Postgres) -> int:
    """Find the server's first process, whose children do the work."""
    with connect(server.url) as conn:
        found = conn.execute("SHOW data_directory").fetchone()
    assert found is not None
    return int(Path(found[0], "postmaster.pid").read_text().split()[0])


def server_cpu_us(pid: int) -> float:
    """CPU time of a server: its processes that run, and its children that ended."""
    total = 0
    if not pid:
        return 0.0  # SQLite has no server
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().rpartition(")")
        except OSError:
            continue  # it ended meanwhile
        fields = rest.split()
        own = int(name.split()[0])
        if own == pid:
            total += sum(map(int, fields[11:15]))
        elif int(fields[1]) == pid:
            total += sum(map(int, fields[11:13]))
    return total * TICK_US


def open_bench(folder: Path, url: str, *, fsync: bool = True) -> Store:
    """Open a store that hints, as a worker does."""
    settings = Settings(
        data_dir=folder,
        database_url=SecretStr(url),
        keyring_file=folder / "ring" / "keyring.json",
        erased_file=folder / "kept" / "erased.log",
        edge=Edge(fsync=fsync),
    )
    return open_store(settings, hinting=True)


def intake_of(store: Store, parties: int) -> Intake:
    """Build the real stage over the real channel."""
    channel = WebChannel.from_config({})
    normaliser = Sandbox(
        {"web": channel}, {"web": {}}, seconds_max=10, memory_mb_max=512
    )
    return Intake(
        store.journal,
        normaliser,
        routing(parties),
        manifests(parties),
        frozenset({"reporter:email"}),
        lambda: str(uuid7()),
    )


def accept(store: Store, load: Load, pid: int) -> tuple[list[str], dict[str, float]]:
    """Accept a backlog in groups; returns the rows' ids and what one cost."""
    raws = [message(load.start + n) for n in range(load.complaints)]
    ids: list[str] = []
    server, cpu, began = server_cpu_us(pid), time.process_time(), time.perf_counter()
    for at in range(0, len(raws), load.batch):
        receipts = store.journal.accept_group(raws[at : at + load.batch])
        ids += [receipt.journal_id for receipt in receipts]
    seconds = time.perf_counter() - began
    return ids, {
        "per_s": len(ids) / seconds,
        "worker_us": (time.process_time() - cpu) * 1e6 / len(ids),
        "server_us": (server_cpu_us(pid) - server) / len(ids),
    }


def run_intake(
    folder: Path, url: str, ids: list[str], load: Load, pid: int
) -> dict[str, float]:
    """Let processes of their own work the backlog; returns what one cost."""
    command = [sys.executable, "-m", "tests.bench.hub_main_job", "--worker"]
    command += [str(folder), url, str(load.batch), str(load.parties)]
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(load.processes)
    ]
    batches = [ids[at : at + load.batch] for at in range(0, len(ids), load.batch)]
    for n, worker in enumerate(workers):
        _send(worker, batches[n :: load.processes])
    for worker in workers:
        _receive(worker)  # it is ready
    server, began = server_cpu_us(pid), time.perf_counter()
    for worker in workers:
        _send(worker, "go")
    answers = [_receive(worker) for worker in workers]
    seconds = time.perf_counter() - began
    spent = server_cpu_us(pid) - server
    for worker in workers:
        worker.communicate()
    worked = sum(a["worked"] for a in answers)
    if worked != len(ids):
        msg = f"{worked} of {len(ids)} rows were worked"
        raise WorkFailed(msg)
    return {
        "per_s": worked / seconds,
        "worker_us": sum(a["cpu_us"] for a in answers) / worked,
        "server_us": spent / worked,
        "hints": sum(a["hints"] for a in answers) / worked,
        "rss_mb": max(a["rss_mb"] for a in answers),
    }


def _send(worker: subprocess.Popen[bytes], what: Any) -> None:
    assert worker.stdin is not None
    worker.stdin.write(json.dumps(what).encode() + b"\n")
    worker.stdin.flush()


def _receive(worker: subprocess.Popen[bytes]) -> Any:
    assert worker.stdout is not None
    line = worker.stdout.readline()
    if not line:
        msg = "a worker ended too early"
        raise WorkFailed(msg)
    return json.loads(line)


def work(arguments: Sequence[str]) -> None:
    """Be one worker: read batches, wait for the word, work them, say what it cost."""
    folder, url, _, parties = arguments
    store = open_bench(Path(folder), url)
    intake, hints = intake_of(store, int(parties)), CountingHints()
    batches = json.loads(sys.stdin.buffer.readline())
    intake("intake.web", [str(uuid7())])
    calm_collector()
    print("1", flush=True)
    sys.stdin.buffer.readline()
    before, worked = time.process_time(), 0
    for batch in batches:
        worked += intake("intake.web", batch)
        hints(store.journal.take_hints())
    spent = time.process_time() - before
    answer = {
        "worked": worked,
        "cpu_us": spent * 1e6,
        "hints": hints.hints,
        "rss_mb": _rss_mb(),
    }
    print(json.dumps(answer), flush=True)
    store.close()


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def profile(folder: Path, url: str, ids: list[str], load: Load) -> None:
    """Work a backlog in this process under the profiler and print where time went."""
    store = open_bench(folder, url)
    intake = intake_of(store, load.parties)
    profiler = cProfile.Profile()
    profiler.enable()
    for at in range(0, len(ids), load.batch):
        intake("intake.web", ids[at : at + load.batch])
    profiler.disable()
    store.close()
    pstats.Stats(profiler).sort_stats("tottime").print_stats(45)


def check(store: Store, complaints: int) -> None:
    """Nothing is missing and no invariant is broken."""
    with store.db.read() as tx:
        count = tx.conn.execute(
            sa.select(sa.func.count()).select_from(t.complaints)
        ).scalar_one()
    if store.db.dialect != "sqlite":
        with store.db.write() as tx:
            tx.conn.execute(sa.text("ANALYZE"))
    broken = check_invariants(store.db, deadlines=store.deadlines)
    print(f"complaints {count} of {complaints}, broken invariants {len(broken)}")
    if broken or count != complaints:
        raise SystemExit(str(broken[:5]))


def _show(name: str, found: dict[str, float]) -> None:
    more = "".join(
        f"  {k} {v:.1f}" for k, v in found.items() if k in {"hints", "rss_mb"}
    )
    print(
        f"{name:24s} {found['per_s']:7.0f}/s  worker {found['worker_us']:6.1f} us"
        f"  server {found['server_us']:6.1f} us{more}",
        flush=True,
    )


def _median(rows: list[dict[str, float]]) -> dict[str, float]:
    return {k: statistics.median(row[k] for row in rows) for k in rows[0]}


def main() -> None:
    """Run the rounds and print each, and their medians."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--complaints", type=int, default=10_000)
    options.add_argument("--batch", type=int, default=500)
    options.add_argument("--parties", type=int, default=50)
    options.add_argument("--sqlite", action="store_true")
    options.add_argument("--profile", action="store_true")
    options.add_argument("--check", action="store_true")
    options.add_argument("--worker", nargs=4)
    chosen = options.parse_args()
    if chosen.worker:
        work(chosen.worker)
        return
    with tempfile.TemporaryDirectory() as folder:
        if chosen.sqlite:
            _rounds(chosen, Path(folder), f"sqlite:///{folder}/simpul.db", 0, (1,))
            return
        server = PrivatePostgres(durable=True, settings=SETTINGS)
        try:
            url, pid = server.create_database(), server_pid(server)
            _rounds(chosen, Path(folder), url, pid, (1, 2))
        finally:
            server.stop()


def _rounds(
    chosen: argparse.Namespace,
    folder: Path,
    url: str,
    pid: int,
    counts: tuple[int, ...],
) -> None:
    store = open_bench(folder, url)
    store.parties.configure(party_rows(manifests(chosen.parties)))
    found: dict[str, list[dict[str, float]]] = defaultdict(list)
    start = 0
    for _ in range(chosen.rounds):
        for processes in counts:
            load = Load(
                chosen.complaints, chosen.batch, processes, chosen.parties, start
            )
            start += load.complaints
            ids, cost = accept(store, load, pid)
            found["accept, groups"].append(cost)
            if chosen.profile:
                profile(folder, url, ids, load)
                continue
            cost = run_intake(folder, url, ids, load, pid)
            found[f"intake, {processes} process(es)"].append(cost)
            _show(f"intake, {processes} process(es)", cost)
    print("median")
    for name, rows in found.items():
        _show(name, _median(rows))
    if chosen.check:
        check(store, start)
    store.close()


if __name__ == "__main__":
    main()
