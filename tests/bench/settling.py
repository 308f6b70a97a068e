"""The database's part of delivering: leases, attempt rows, outcomes; nobody is called.

`python -m tests.bench.settling FOLDER DATABASE` is one round.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from connectors.contract import Capabilities, Delivery, Done, NotFound
from hub import telemetry
from hub.bootstrap import open_store
from hub.stages.deliver import Deliver, Way
from schemas.agency import Limits
from schemas.parties import PartyKind
from tests.bench import hub_world
from tests.bench.agencies import AGENCIES
from tests.bench.agency_files import ALLOW, DEADLINE_SECONDS

THREADS = 16
LEASED_AT_ONCE = 4


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

    def empty(party: str) -> int:
        """Deliver everything that is due in one lane."""
        done = 0
        while True:
            grant = deliver.lease(f"deliver.{party}", [], LEASED_AT_ONCE)
            for lease in grant.leases:
                deliver(lease)
            done += len(grant.leases)
            if grant.wait_seconds is not None:
                time.sleep(grant.wait_seconds)
            elif not grant.leases:
                return done

    with ThreadPoolExecutor(THREADS) as pool:
        began = time.perf_counter()
        settled = sum(pool.map(empty, ways))
        seconds = time.perf_counter() - began
    store.close()
    print(json.dumps({"settled": settled, "seconds": seconds}))


if __name__ == "__main__":
    main()
