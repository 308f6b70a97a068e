"""The hub, and what its users would have written instead, in one interleaved run.

Nothing here fails for being slow: every line says whether gate and target are met.
"""

import importlib.util
import json
import platform
import sys
import time
from contextlib import ExitStack
from importlib.metadata import version

from tests.bench import options

NEEDED = ("celery", "dramatiq", "faststream", "asyncpg", "psutil", "mailparser")
SHOWN = (
    *NEEDED[:-1],
    "mail-parser",
    "kombu",
    "psycopg",
    "pydantic",
    "fastapi",
    "uvicorn",
)
FAILED, NOT_INSTALLED = 1, 2


def main() -> int:
    """Run and print; returns 1 when something failed, whatever its speed."""
    asked = options.read()
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        names = ", ".join(missing)
        print(f"Not installed: {names}. Type: make bench", file=sys.stderr)
        return NOT_INSTALLED
    return _bench(asked)


def _bench(asked: options.Options) -> int:
    # They need what was looked for above.
    from hub import telemetry  # noqa: PLC0415
    from tests.bench import machine, plan, report, servers  # noqa: PLC0415
    from tests.bench.throughput import run  # noqa: PLC0415

    telemetry.configure_logging("json", "ERROR")
    began = time.monotonic()
    versions = ", ".join(f"{name} {version(name)}" for name in SHOWN)
    print(f"{machine.describe()}, Python {platform.python_version()}, {versions}")

    size = asked.size

    def left() -> float:
        return size.minutes * 60 - (time.monotonic() - began)

    def say(text: str) -> None:
        print(f"{time.monotonic() - began:5.0f} s  {text}", flush=True)

    with ExitStack() as stack:
        agencies = plan.start_agencies(asked, stack)
        started = stack.enter_context(servers.started())
        print(servers.describe(started))
        say("preparing")
        planned = plan.Planner(asked, started, agencies).plan()
        results = run(planned, size, started.meter, left, say)
    print(
        f"\n{results.rounds} rounds, interleaved; {size.batched} complaints a round, "
        f"{size.single} where they are worked one at a time"
    )
    print("\n".join(["", *report.contenders(results), ""]))
    print("\n".join([*report.measures(results), "", report.NOTE]))
    if asked.json:
        asked.json.write_text(json.dumps(report.as_json(results), indent=1))
    for failure in results.failures:
        print(f"FAILED {failure}", file=sys.stderr)
    return FAILED if results.failures else 0


if __name__ == "__main__":
    sys.exit(main())
