"""Accepting: 32 callers whose messages are committed in groups, or one by one.

`python -m tests.bench.accepting FOLDER DATABASE WAY SECONDS` is one round.
"""

import json
import subprocess
import sys
import threading
import time
from itertools import count
from pathlib import Path

from hub.bootstrap import open_store
from tests.bench import hub_world, scratch
from tests.bench.contender import Servers, count_rows, expect
from tests.bench.mails import raw_message
from tests.bench.main_job_world import message

CALLERS = 32
GROUPS, SINGLY, MAILS = "groups", "singly", "mails"
"""Web complaints in groups or one by one; mails in groups."""


class Accepting:
    """Rounds on empty databases."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        self._folder = scratch.new_folder("accept")
        self._template = servers.postgres.create_database()
        open_store(hub_world.settings_of(self._folder, self._template)).close()

    def rate(self, way: str, seconds: float) -> float:
        """Run one round; returns messages a second."""
        database = self._servers.postgres.create_database(self._template)
        module = "tests.bench.accepting"
        command = [sys.executable, "-m", module, str(self._folder), database]
        answer = subprocess.run(
            [*command, way, str(seconds)], check=True, stdout=subprocess.PIPE
        )
        found = json.loads(answer.stdout)
        rows = count_rows(database, ["journal"])
        self._servers.postgres.drop_database(database)
        expect(f"accepting, {way}", rows, {"journal": found["accepted"]})
        return float(found["accepted"] / found["seconds"])


def main() -> None:
    """Be one round."""
    folder, database, way, seconds = sys.argv[1:]
    store = open_store(hub_world.settings_of(Path(folder), database))
    numbers = count()
    lock = threading.Lock()
    accepted = [0] * CALLERS
    until = time.perf_counter() + float(seconds)

    def call(caller: int) -> None:
        while time.perf_counter() < until:
            with lock:
                n = next(numbers)
            if way == SINGLY:
                store.journal.accept_group([message(n)])
            else:
                store.journal.accept(raw_message(n) if way == MAILS else message(n))
            accepted[caller] += 1

    began = time.perf_counter()
    threads = [threading.Thread(target=call, args=(n,)) for n in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    store.close()
    print(json.dumps({"accepted": sum(accepted), "seconds": took}))


if __name__ == "__main__":
    main()
