"""What a run of the bench may be asked for."""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

GROUPS = {
    "peers": "Celery, Dramatiq, FastStream and a kombu loop",
    "hub": "the hub on RabbitMQ and PostgreSQL, 1 and 2 processes",
    "prototype": "the bare tables of the hub",
    "embedded": "the hub on SQLite in one process",
    "stage": "the hub's intake stage without a broker; only when asked for",
    "shapes": "batches of 100; 650 parties",
    "backlog": "100,000 complaints in the backlog; only when asked for",
    "accept": "32 callers, committed in groups or one by one",
    "http": "the HTTP door",
    "mail": "reading mails, and accepting them: at the journal and at the SMTP door",
    "latency": "one complaint at 500 a second",
    "deliver": "calls to fast agencies",
    "isolation": "agencies beside hanging ones; only when asked for",
    "start": "the start of the command",
}
NOT_BY_DEFAULT = frozenset({"stage", "backlog", "isolation"})
NOT_WHEN_QUICK = NOT_BY_DEFAULT | {"shapes", "deliver"}


@dataclass(frozen=True)
class Size:
    """How much is done in one round, and how many there are."""

    rounds: int
    batched: int
    """Complaints of those that work in batches."""
    single: int
    """Complaints of those that work one at a time."""
    seconds: float
    """Of accepting, and of HTTP."""
    latency_seconds: float
    deliveries: int
    starts: int
    """Of the command."""
    minutes: float
    """No round is begun that would not end by then; the first always is."""


FULL = Size(5, 20_000, 1_500, 3.0, 6.0, 2_000, 5, minutes=15)
QUICK = Size(1, 4_000, 400, 2.0, 4.0, 400, 3, minutes=5)


@dataclass(frozen=True)
class Options:
    """What was asked for."""

    size: Size
    groups: frozenset[str]
    json: Path | None


def read(arguments: list[str] | None = None) -> Options:
    """Read the command line; ends the program where it cannot be read."""
    groups = "; ".join(f"{name}: {what}" for name, what in GROUPS.items())
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description="Measure the hub beside its peers, in turn, and print the ratios.",
        epilog=f"groups: {groups}",
    )
    parser.add_argument("--rounds", type=int, help="default 5, with --quick 1")
    parser.add_argument(
        "--quick", action="store_true", help="one small round, some minutes at most"
    )
    parser.add_argument(
        "--minutes",
        type=float,
        help=f"fewer rounds, if they took longer; default {FULL.minutes:g}",
    )
    parser.add_argument(
        "--complaints", type=int, help="per round of the hub; peers do a tenth of it"
    )
    parser.add_argument("--only", default="", help="groups, separated by commas")
    parser.add_argument("--json", type=Path, help="file for every single figure")
    found = parser.parse_args(arguments)
    asked = frozenset(name for name in found.only.split(",") if name)
    if unknown := asked - GROUPS.keys():
        parser.error(f"no such group: {', '.join(sorted(unknown))}")
    usual = QUICK if found.quick else FULL
    size = replace(
        usual,
        rounds=found.rounds or usual.rounds,
        minutes=found.minutes or usual.minutes,
        batched=found.complaints or usual.batched,
        single=max(1, found.complaints // 10) if found.complaints else usual.single,
    )
    left_out = NOT_WHEN_QUICK if found.quick else NOT_BY_DEFAULT
    return Options(size, asked or frozenset(GROUPS) - left_out, found.json)
