"""Fault points: named places where a test may end or stop the process.

In production nothing is armed, and a point costs one comparison. A test arms one by
the environment variable SIMPUL_FAULTS, the path of a folder:

- `armed` in it holds `point[:nth] action`: at the nth passing of the point (the first
  unless told) the action is done, once; then the file is renamed to `fired`.
  Actions: `kill` (SIGKILL to this process) and `stop` (SIGSTOP).
- `hits-PID` counts what this process passed: a line for each point and its count.
"""

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

POINTS = (
    "edge.copied",
    "edge.marked",
    "accept.before_commit",
    "accept.committed",
    "spool.before_commit",
    "spool.committed",
    "intake.before_commit",
    "intake.committed",
    "updates.before_commit",
    "updates.committed",
    "lease.before_commit",
    "lease.committed",
    "deliver.before_commit",
    "deliver.committed",
    "deliver.begun",
    "deliver.called",
    "http.sent",
    "sweep.before_commit",
    "sweep.committed",
    "seal.before_commit",
    "seal.committed",
    "recover.before_commit",
    "recover.committed",
    "erase.before_commit",
    "erase.committed",
    "deadlines.before_commit",
    "deadlines.committed",
    "late_hand_overs.before_commit",
    "late_hand_overs.committed",
    "partitions.before_commit",
    "partitions.committed",
    "poll.asked",
    "poll.before_commit",
    "poll.committed",
    "replay.before_commit",
    "replay.committed",
    "publisher.sent",
    "publisher.confirmed",
    "consumer.taken",
    "consumer.handled",
    "consumer.acknowledged",
)
"""Every point that the fault run arms, in the order of a complaint's way."""

ACTIONS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}

_where = threading.local()


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Name what this thread does; commits inside it pass `what.before_commit`."""
    before = getattr(_where, "name", "")
    _where.name = what
    try:
        yield
    finally:
        _where.name = before


def point(name: str) -> None:
    """Pass a named place; a name that begins with a dot belongs to what is done."""
    if _armed is not None:
        _armed(f"{getattr(_where, 'name', '')}{name}" if name[0] == "." else name)


class _Armed:
    """Reads the folder at each passing; only tests pay for it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._hits: Counter[str] = Counter()
        self._seen: tuple[int, Counter[str]] = (0, Counter())

    def __call__(self, name: str) -> None:
        with self._lock:
            self._hits[name] += 1
            lines = "".join(f"{k} {n}\n" for k, n in sorted(self._hits.items()))
            (self._folder / f"hits-{os.getpid()}").write_text(lines)
            self._act(name)

    def _act(self, name: str) -> None:
        armed = self._folder / "armed"
        try:
            stamp = armed.stat().st_mtime_ns
            place, action = armed.read_text().split()
        except (OSError, ValueError):
            return
        wanted, _, nth = place.partition(":")
        if self._seen[0] != stamp:
            self._seen = (stamp, Counter())
        self._seen[1][name] += 1
        if name != wanted or self._seen[1][name] < int(nth or 1):
            return
        try:
            armed.rename(self._folder / "fired")
        except OSError:
            return  # another process was first
        os.kill(os.getpid(), ACTIONS[action])


def _find_folder() -> Callable[[str], None] | None:
    folder = os.environ.get("SIMPUL_FAULTS", "")
    return _Armed(Path(folder)) if folder else None


_armed = _find_folder()
