"""The database's part of delivering: leases, attempt rows, outcomes; nobody is called.

The worker is the hub's own, with sixteen threads; only the systems are none.
`python -m tests.bench.settling FOLDER DATABASE` is one round.
"""

import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from connectors.contract import Capabilities, Delivery, Done, NotFound
from hub import telemetry
from hub.bootstrap import open_store
from hub.bootstrap.delivering import DeliverWorker
from hub.broker.consumer import Batch
from hub.stages.deliver import Deliver, Way
from schemas.agency import Limits
from schemas.parties import PartyKind
from tests.bench import hub_world
from tests.bench.agencies import AGENCIES
from tests.bench.agency_files import ALLOW, DEADLINE_SECONDS
from tests.services.postgres import connect
from tests.services.waiting import wait_until

THREADS = 16
SECONDS_MAX = 300
DUE = "SELECT lane, complaint_id FROM cursors WHERE due_at IS NOT NULL"
SETTLED = "SELECT count(*) FROM cursors WHERE delivered_seq = target_seq"


class Nobody:
    """Takes everything at once."""

    capabilities = Capabilities(honours_key=True)

    def submit(self, delivery: Delivery) -> Done:
        """Take a complaint."""
        return Done(reference=delivery.key)

    def send(self, delivery: Delivery) -> Done:
        """Take events."""
        del delivery
        return Done()

    def find(self, delivery: Delivery) -> NotFound:
        """Know of nothing."""
        del delivery
        return NotFound()


def main() -> None:
    """Settle what is due in a database; prints how many a second."""
    folder, database = sys.argv[1:]
    telemetry.configure_logging("json", "WARNING")
    store = open_store(hub_world.settings_of(Path(folder), database), hinting=True)
    limits = Limits(deadline_seconds=DEADLINE_SECONDS)
    ways = {
        name: Way(name, PartyKind.AGENCY, Nobody(), limits, ALLOW, "1")
        for name in (f"agency{number}" for number in range(AGENCIES))
    }
    deliver = Deliver(store.cursors, ways, time.monotonic, 5.0)
    worker = DeliverWorker(deliver, store.cursors, _hint_nobody, THREADS)
    lanes = _due(database)
    wanted = sum(map(len, lanes.values()))
    with connect(database) as connection:

        def all_settled() -> bool:
            row = connection.execute(SETTLED).fetchone()
            return row is not None and row[0] == wanted

        for lane, ids in lanes.items():
            worker(Batch(lane, ids))
        began = time.perf_counter()
        worker.start()
        settled = wanted if wait_until(all_settled, SECONDS_MAX) else 0
        seconds = time.perf_counter() - began
    worker.stop()
    store.close()
    print(json.dumps({"settled": settled, "seconds": seconds}))


def _due(database: str) -> dict[str, list[str]]:
    lanes: dict[str, list[str]] = defaultdict(list)
    with connect(database) as connection:
        for lane, complaint in connection.execute(DUE):
            lanes[lane].append(str(complaint))
    return lanes


def _hint_nobody(pairs: Iterable[tuple[str, str]]) -> None:
    """Let what became due wait: nobody works it here."""
    del pairs


if __name__ == "__main__":
    main()
