"""How long `simpul --help` takes, as a multiple of an empty Python start.

A ratio, because two machines agree on it and on seconds they do not.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 10
EMPTY = [sys.executable, "-c", "pass"]
HELP = [str(Path(sys.executable).with_name("simpul")), "--help"]


def measure_seconds(command: list[str]) -> float:
    """Median over some runs; one more before them fills the caches."""
    seconds = []
    for _ in range(RUNS + 1):
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[1:])


def main() -> None:
    empty = measure_seconds(EMPTY)
    help_text = measure_seconds(HELP)
    print(
        f"simpul --help: {help_text / empty:.1f} x an empty Python start "
        f"({help_text * 1000:.0f} ms against {empty * 1000:.0f} ms, "
        f"median of {RUNS} runs)"
    )


if __name__ == "__main__":
    main()
