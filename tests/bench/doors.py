"""Doors: the hub's for HTTP and SMTP, and one that FastAPI's users would write."""

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench import hub_world
from tests.bench.contender import Servers, count_rows, expect
from tests.bench.crew import Crew
from tests.bench.http_load import post
from tests.bench.hub_contenders import Deployment
from tests.bench.peers.fastapi_app import TABLES
from tests.bench.smtp_load import hand_over
from tests.services.ports import free_ports
from tests.services.postgres import connect

START_SECONDS_MAX = 60.0
PEER = "tests.bench.peers.fastapi_app:app"


class Doors:
    """Rounds against one door at a time, each on an empty database."""

    def __init__(self, servers: Servers, deployment: Deployment) -> None:
        self._servers = servers
        self._deployment = deployment
        self._of_peer = servers.postgres.create_template(_make_table)

    def hub(self, seconds: float) -> float:
        """Post to `simpul run --only web`; returns requests a second."""
        with self._database(self._deployment.empty) as database:
            (port,) = free_ports(1)
            settings = self._deployment.settings(database)
            command = ["hub", "run", "--only", "web", "--port", str(port)]
            crew = Crew([command], [hub_world.environment_of(settings)])
            return _rate(crew, port, (database, "journal"), seconds)

    def peer(self, seconds: float) -> float:
        """Post to uvicorn with FastAPI; returns requests a second."""
        with self._database(self._of_peer) as database:
            (port,) = free_ports(1)
            url = database.replace("+psycopg", "")
            options = ["--port", str(port), "--no-access-log", "--log-level", "warning"]
            crew = Crew([["uvicorn", PEER, *options]], [{"BENCH_DATABASE_URL": url}])
            return _rate(crew, port, (database, "request"), seconds)

    def smtp(self, seconds: float) -> float:
        """Hand mails over to `simpul run --only mail`; returns mails a second."""
        with self._database(self._deployment.empty) as database:
            (port,) = free_ports(1)
            environment = hub_world.environment_of(self._deployment.settings(database))
            email = {**hub_world.CHANNELS["email"], "listen_port": port}
            channels = {**hub_world.CHANNELS, "email": email}
            environment["SIMPUL_CHANNELS"] = json.dumps(channels)
            crew = Crew([["hub", "run", "--only", "mail"]], [environment])
            try:
                crew.wait("the door", lambda: _greets(port), START_SECONDS_MAX)
                taken, took = hand_over(port, seconds)
            finally:
                crew.stop()
            expect("the door", count_rows(database, ["journal"]), {"journal": taken})
            return taken / took

    @contextmanager
    def _database(self, template: str) -> Iterator[str]:
        database = self._servers.postgres.create_database(template)
        try:
            yield database
        finally:
            self._servers.postgres.drop_database(database)


def _rate(crew: Crew, port: int, counted: tuple[str, str], seconds: float) -> float:
    """Post to a door, end it, and count the rows behind it."""
    try:
        crew.wait("the door", lambda: _answers(port), START_SECONDS_MAX)
        taken, took = post(port, seconds)
    finally:
        crew.stop()
    database, table = counted
    expect("the door", count_rows(database, [table]), {table: taken})
    return taken / took


def _answers(port: int) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/")
        connection.getresponse().read()
    except (ConnectionError, TimeoutError):
        return False
    connection.close()
    return True


def _greets(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            return connection.recv(3) == b"220"
    except (ConnectionError, TimeoutError):
        return False


def _make_table(url: str) -> None:
    with connect(url) as connection:
        connection.execute(TABLES)
