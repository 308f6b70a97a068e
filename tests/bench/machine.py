"""CPU time and memory of process trees, from the kernel's books."""

from collections.abc import Iterable
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Cpu:
    """CPU seconds of the three that share the work; None where nobody can see it."""

    workers: float
    database: float | None
    broker: float | None

    def since(self, before: "Cpu") -> "Cpu":
        """Take an earlier reading off."""
        return Cpu(
            self.workers - before.workers,
            _difference(self.database, before.database),
            _difference(self.broker, before.broker),
        )


@dataclass(frozen=True)
class Meter:
    """Reads what workers, database and broker have used."""

    database_pid: int | None
    broker_pid: int | None

    def read(self, workers: Iterable[int]) -> Cpu:
        """Read all three; `workers` are the roots of the worker's trees."""
        return Cpu(
            cpu_seconds(workers),
            None if self.database_pid is None else cpu_seconds([self.database_pid]),
            None if self.broker_pid is None else cpu_seconds([self.broker_pid]),
        )


def tree(roots: Iterable[int]) -> list[psutil.Process]:
    """List the processes of some trees that run, roots first."""
    found: dict[int, psutil.Process] = {}
    for root in roots:
        try:
            process = psutil.Process(root)
            found |= {p.pid: p for p in (process, *process.children(recursive=True))}
        except psutil.NoSuchProcess:
            continue
    return list(found.values())


def cpu_seconds(roots: Iterable[int]) -> float:
    """Add up user and system time, also of children that ended and were waited for."""
    total = 0.0
    for process in tree(roots):
        try:
            spent = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += spent.user + spent.system
        total += spent.children_user + spent.children_system
    return total


def rss_mb(roots: Iterable[int]) -> float:
    """Add up what the processes hold in memory, shared pages once per process."""
    total = 0
    for process in tree(roots):
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total / 1e6


def listener(port: int, program: str = "") -> int | None:
    """Find who listens on a port of this machine; None for what we may not see.

    Where `program` is named, others do not count: a container's port is a proxy's.
    """
    found = [
        c.pid
        for c in psutil.net_connections("tcp")
        if c.status == psutil.CONN_LISTEN and c.laddr.port == port and c.pid
    ]
    ours = (pid for pid in found if program in psutil.Process(pid).name())
    return min(ours, default=None)


def describe() -> str:
    """Say what machine this is, as far as it matters to the figures."""
    cores = len(psutil.Process().cpu_affinity())
    load = psutil.getloadavg()[0]
    memory = psutil.virtual_memory().total / 2**30
    return f"{cores} cores, {memory:.0f} GiB, load before the run {load:.1f}"


def _difference(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else now - before
