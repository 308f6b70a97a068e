"""Do agencies that hang delay the others? 100 agencies, 40 of them not answering.

Pairs of rounds, undisturbed and disturbed in turn, each with a hub and a database of
its own; compared is the 95th percentile of the time from accepting a complaint to its
arrival at one of the sixty agencies that work. `python -m tests.bench.isolation`
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from pydantic import SecretStr

from hub import telemetry
from hub.bootstrap import Hub, build_hub
from hub.broker import admin
from hub.broker.topology import Topology
from hub.database.migrate import upgrade
from hub.settings import Server, Settings, Work
from tests.bench.agencies import AGENCIES, Agencies, complaint, write_files
from tests.bench.limits import Limits
from tests.services.postgres import Postgres, start_own_postgres
from tests.services.rabbitmq import Rabbitmq, start_own_rabbitmq
from tests.services.waiting import wait_until

HANGING = 40
RATE, SECONDS = 25, 16
"""Complaints per second, spread over all agencies; seconds of one round."""
ARRIVE_SECONDS_MAX = 60
PAIRS = 5
LIMITS = Limits(1.25, 1.1, less=True)


class NotArrived(Exception):
    """Complaints did not reach agencies that work."""


class Pair(NamedTuple):
    """The 95th percentiles of two rounds, in seconds."""

    calm: float
    rough: float

    @property
    def ratio(self) -> float:
        """How many times as long it takes beside agencies that hang."""
        return self.rough / self.calm


def run_pair(postgres: Postgres, rabbitmq: Rabbitmq, agencies: Agencies) -> Pair:
    """Run a round undisturbed, then one beside agencies that hang.

    Raises NotArrived when an agency that works did not get what was for it.
    """
    calm, rough = (
        _round(postgres, rabbitmq, agencies, hanging) for hanging in (0, HANGING)
    )
    return Pair(calm, rough)


@contextmanager
def _hub(postgres: Postgres, rabbitmq: Rabbitmq, port: int) -> Iterator[Hub]:
    database, broker = postgres.create_database(), rabbitmq.create_vhost()
    upgrade(database)
    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder) / "agencies", port)
        settings = Settings(
            data_dir=Path(folder) / "data",
            database_url=SecretStr(database),
            broker_url=SecretStr(broker),
            agencies_dir=Path(folder) / "agencies",
            server=Server(port=0),
            work=Work(pool_threads=16),
        )
        lanes = ["intake.web"]
        for number in range(AGENCIES):
            lanes += [f"updates.agency{number}", f"deliver.agency{number}"]
        admin.apply(broker, Topology(), lanes)
        hub = build_hub(settings, {})
        hub.start()
        try:
            yield hub
        finally:
            hub.stop()
            postgres.drop_database(database)
            rabbitmq.drop_vhost(broker)


def _round(
    postgres: Postgres, rabbitmq: Rabbitmq, agencies: Agencies, hanging: int
) -> float:
    """Return the 95th percentile, in seconds, at the agencies that work."""
    agencies.begin(hanging=hanging)
    with _hub(postgres, rabbitmq, agencies.port) as hub:
        sent: dict[int, float] = {}
        began = time.monotonic()
        for number in range(RATE * SECONDS):
            time.sleep(max(0.0, began + number / RATE - time.monotonic()))
            sent[number] = time.monotonic()
            hub.accept(complaint(number))
        wanted = {n for n in sent if n % AGENCIES >= HANGING}
        wait_until(lambda: wanted <= agencies.seen().keys(), ARRIVE_SECONDS_MAX)
        seen = agencies.seen()
    if missing := wanted - seen.keys():
        msg = f"{len(missing)} of {len(wanted)} within {ARRIVE_SECONDS_MAX} s"
        raise NotArrived(msg)
    return statistics.quantiles((seen[n] - sent[n] for n in wanted), n=20)[-1]


def main() -> int:
    """Run the pairs and print them."""
    telemetry.configure_logging("json", "ERROR")
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS
    ratios = []
    print(
        f"{AGENCIES} agencies, {HANGING} hanging, {RATE} complaints/s for {SECONDS} s; "
        "p95 at the others"
    )
    with (
        # Before the servers: see `plan.start_agencies`.
        Agencies() as agencies,
        start_own_postgres(durable=True) as postgres,
        start_own_rabbitmq() as rabbitmq,
    ):
        for number in range(pairs):
            pair = run_pair(postgres, rabbitmq, agencies)
            ratios.append(pair.ratio)
            print(
                f"pair {number + 1}: undisturbed {pair.calm * 1000:.0f} ms, disturbed "
                f"{pair.rough * 1000:.0f} ms, ratio {pair.ratio:.2f}",
                flush=True,
            )
    median = statistics.median(ratios)
    print(f"median ratio {median:.2f} ({LIMITS}): {LIMITS.verdict(median)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
