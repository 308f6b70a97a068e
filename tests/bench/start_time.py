"""How long `simpul --help` takes, as a multiple of an empty Python start.

A ratio, because two machines agree on it and on seconds they do not.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

EMPTY = [sys.executable, "-c", "pass"]
HELP = [str(Path(sys.executable).with_name("simpul")), "--help"]


def measure_seconds(command: list[str], runs: int) -> float:
    """Median over some runs; one more before them fills the caches."""
    seconds = []
    for _ in range(runs + 1):
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[1:])


def measure_ratio(runs: int) -> float:
    """Compare the two, one after the other."""
    return measure_seconds(HELP, runs) / measure_seconds(EMPTY, runs)
