"""Servers that all processes of one test run share, each started when one first asks.

A process asks by a file in a folder of the run and finds the answer in another.
"""

import json
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from tests.services.postgres import Postgres, start_postgres
from tests.services.rabbitmq import Rabbitmq, start_rabbitmq
from tests.services.server import NotStarted
from tests.services.waiting import wait_until

POSTGRES, RABBITMQ = "postgres", "rabbitmq"
LOOK_SECONDS = 0.1
ANSWER_SECONDS_MAX = 90.0

Addresses = dict[str, str]


class Lender:
    """Starts what is asked for, once, in the process that the others belong to."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="simpul-tests-"))
        self._servers = ExitStack()
        self._starters: Mapping[str, Callable[[], Addresses]] = {
            POSTGRES: self._start_postgres,
            RABBITMQ: self._start_rabbitmq,
        }
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._serve, args=(kind,), daemon=True)
            for kind in self._starters
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End what was started; a second call does nothing."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self._servers.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _serve(self, kind: str) -> None:
        while not (self.folder / f"{kind}.wanted").exists():
            if self._stopping.wait(LOOK_SECONDS):
                return
        try:
            answer = self._starters[kind]()
        except Exception as error:  # noqa: BLE001 - the process that asked raises it
            answer = {"error": str(error) or type(error).__name__}
        draft = self.folder / f"{kind}.draft"
        draft.write_text(json.dumps(answer))
        draft.rename(self.folder / f"{kind}.json")

    def _start_postgres(self) -> Addresses:
        server = self._servers.enter_context(start_postgres())
        return {"url": server.url}

    def _start_rabbitmq(self) -> Addresses:
        server = self._servers.enter_context(start_rabbitmq())
        return {"url": server.url, "management_url": server.management_url}


def borrow_postgres(folder: Path | None) -> Postgres:
    """Take the server of this run, or one of this process alone where nobody lends.

    Raises NotStarted, and PostgresMissing for one of this process alone.
    """
    if folder is None:
        return start_postgres()
    return Postgres(_asked(folder, POSTGRES)["url"])


def borrow_rabbitmq(folder: Path | None) -> Rabbitmq:
    """Take the server of this run, or one of this process alone where nobody lends.

    Raises NotStarted, and RabbitmqMissing for one of this process alone.
    """
    if folder is None:
        return start_rabbitmq()
    answer = _asked(folder, RABBITMQ)
    return Rabbitmq(answer["url"], answer["management_url"])


def _asked(folder: Path, kind: str) -> Addresses:
    (folder / f"{kind}.wanted").touch()
    answer = folder / f"{kind}.json"
    if not wait_until(answer.exists, ANSWER_SECONDS_MAX):
        text = f"{kind} was asked for, and nothing came of it"
        raise NotStarted(text)
    found: Addresses = json.loads(answer.read_text())
    if "error" in found:
        raise NotStarted(found["error"])
    return found
