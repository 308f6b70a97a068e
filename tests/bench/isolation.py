"""Do agencies that hang delay the others? 100 agencies, 40 of them not answering.

Pairs of rounds, undisturbed and disturbed in turn, each with a hub and a database of
its own: the processes that the compose file deploys, one of each role. Compared is the
95th percentile of the time from accepting a complaint to its arrival at one of the
sixty agencies that work. `python -m tests.bench.isolation`
"""

import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from hub import telemetry
from hub.bootstrap import Hub, build_hub, open_store
from hub.bootstrap.lanes import lanes_of
from hub.bootstrap.roles import Role
from hub.broker import admin
from hub.broker.topology import Topology
from hub.settings import Server
from tests.bench import hub_world, scratch
from tests.bench.agencies import AGENCIES, Agencies, complaint, write_files
from tests.bench.contender import Queues
from tests.bench.crew import Crew
from tests.bench.limits import Limits
from tests.services.postgres import Postgres, start_own_postgres
from tests.services.rabbitmq import Rabbitmq, start_own_rabbitmq
from tests.services.waiting import wait_until

HANGING = 40
RATE, SECONDS = 25, 16
"""Complaints per second, spread over all agencies; seconds of one round."""
ARRIVE_SECONDS_MAX = 60
START_SECONDS_MAX = 120
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


ROLES = ("intake,updates", "deliver", "schedule")
"""The processes beside the one that accepts, as `docker-compose.yml` deploys them."""


@contextmanager
def _hub(postgres: Postgres, rabbitmq: Rabbitmq, port: int) -> Iterator[Hub]:
    """Run one deployment; gives its accepting process, which is this one."""
    database, broker = postgres.create_database(), rabbitmq.create_vhost()
    folder = scratch.new_folder("isolation")
    write_files(folder / "agencies", port)
    settings = hub_world.settings_of(folder, database, broker).model_copy(
        update={"channels": {"web": {}}, "server": Server(port=0)}
    )
    lanes = lanes_of(settings)
    admin.apply(broker, Topology(), lanes)
    open_store(settings, hinting=True).close()  # makes its key ring and tables
    hub = build_hub(settings, {}, frozenset({Role.WEB}))
    environment = hub_world.environment_of(settings)
    crew = Crew([["hub", "run", "--only", it] for it in ROLES], [environment] * 3)
    queues = Queues(broker)
    try:
        crew.wait("consumers", lambda: _all_consume(queues, lanes), START_SECONDS_MAX)
        hub.start()
        yield hub
        crew.check()
    finally:
        hub.stop()
        crew.stop()
        queues.close()
        postgres.drop_database(database)
        rabbitmq.drop_vhost(broker)


def _all_consume(queues: Queues, lanes: Sequence[str]) -> bool:
    return all(queues.count(lane)[1] for lane in lanes)


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
