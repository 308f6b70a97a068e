"""PostgreSQL for the tests: named by the environment, a container, or a private server.

The private server belongs to this test process alone. It listens on a free port of
the loopback interface and keeps its files in a folder of its own; both end with
`stop()` or with this process, however it ends. It trades safety for speed, unless it
is to be killed and started again.
"""

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import psycopg
from sqlalchemy import URL, make_url

from tests.services.engine import docker_answers
from tests.services.postgres_node import SUPERUSER, Node
from tests.services.server import Machine, Server

ENVIRONMENT_VARIABLE = "SIMPUL_TEST_DATABASE_URL"
DRIVER = "postgresql+psycopg"

FAST_BUT_UNSAFE = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
}
# What is committed survives the end of the server.
DURABLE = dict.fromkeys(FAST_BUT_UNSAFE, "on")


class PostgresMissing(Exception):
    """The server programs are not installed."""

    def __init__(self) -> None:
        super().__init__(
            "PostgreSQL server programs (initdb, postgres) not found; type "
            "`make services` or `sudo apt-get install postgresql`, or name a server "
            f"by {ENVIRONMENT_VARIABLE}"
        )


class PostgresMachine(Machine, Protocol):
    """What PostgreSQL runs on."""

    def quit(self) -> None:
        """Have the server end without tidying up."""
        ...


class Postgres(Server[PostgresMachine]):
    """A server on which tests make databases of their own."""

    def __init__(self, url: str, machine: PostgresMachine | None = None) -> None:
        super().__init__(machine)
        self._url = make_url(url).set(drivername=DRIVER)
        self._created: list[str] = []

    @property
    def url(self) -> str:
        """Address of the database that stands behind all others."""
        return _text(self._url)

    def create_database(self, template: str | None = None) -> str:
        """Make a database, empty or as a copy of another one; return its address.

        Nobody may be connected to the database at the address `template`.
        """
        name = f"simpul_test_{uuid.uuid4().hex[:16]}"
        source = make_url(template).database if template else "template0"
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
        self._created.append(name)
        return _text(self._url.set(database=name))

    def create_template(self, prepare_template: Callable[[str], None]) -> str:
        """Make a database, let `prepare_template` fill it, return its address."""
        url = self.create_database()
        prepare_template(url)
        return url

    def drop_database(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        name = make_url(url).database or ""
        self._created.remove(name)
        self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def stop_immediately(self) -> None:
        """Have the server drop all clients and end without tidying up.

        It recovers at the next start, as after kill(); a second call does nothing.
        """
        self._own_machine("stop_immediately").quit()

    def stop(self) -> None:
        """Leave nothing behind; a second call does nothing."""
        if self._machine is None:
            for name in tuple(self._created):
                self.drop_database(_text(self._url.set(database=name)))
        super().stop()

    def _execute(self, statement: str) -> None:
        with connect(self.url) as connection:
            connection.execute(statement.encode())


class PrivatePostgres(Postgres):
    """A server that is started for this process and disappears with it.

    A test that kills it asks for a durable one, which keeps what is committed.
    `settings` are parameters of postgresql.conf. Several servers may run side by side.
    Raises PostgresMissing without its programs, NotStarted when it does not come up.
    """

    def __init__(
        self, *, durable: bool = False, settings: Mapping[str, str] | None = None
    ) -> None:
        safety = DURABLE if durable else FAST_BUT_UNSAFE
        node = Node(find_programs(), {**safety, **(settings or {})})
        self._folder = node.folder
        super().__init__(_address(node.host, node.port), node)


def start_postgres() -> Postgres:
    """Return what the environment names, else a server of this process alone.

    Raises PostgresMissing when none is possible.
    """
    if url := os.environ.get(ENVIRONMENT_VARIABLE):
        return Postgres(url)
    return start_own_postgres()


def start_own_postgres(*, durable: bool = False) -> Postgres:
    """Start a server that a test may break: a container, else a private server.

    Raises PostgresMissing when none is possible.
    """
    return (
        _start_container(durable=durable)
        if docker_answers()
        else PrivatePostgres(durable=durable)
    )


def connect(url: str) -> psycopg.Connection:
    """Connect without SQLAlchemy, every statement its own transaction."""
    address = _text(make_url(url).set(drivername="postgresql"))
    return psycopg.connect(address, autocommit=True, connect_timeout=5)


def find_server() -> str:
    """Say what `start_postgres` would take, or raise PostgresMissing."""
    if os.environ.get(ENVIRONMENT_VARIABLE):
        return f"the server named by {ENVIRONMENT_VARIABLE}"
    return "a container" if docker_answers() else str(find_programs())


def find_programs() -> Path:
    """Return the folder of the newest server programs, or raise PostgresMissing."""
    for folder in _program_folders():
        if all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres")):
            return folder
    raise PostgresMissing


def _program_folders() -> list[Path]:
    debian = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    folders = sorted(debian, key=lambda folder: float(folder.parent.name), reverse=True)
    if program := shutil.which("initdb"):
        # Linked from elsewhere, the other programs stand beside the real file.
        folders += [Path(program).parent, Path(program).resolve().parent]
    if program := shutil.which("pg_config"):
        answer = subprocess.run(
            [program, "--bindir"], capture_output=True, text=True, check=False
        )
        folders.append(Path(answer.stdout.strip()))
    return folders


def _start_container(*, durable: bool) -> Postgres:
    # Its libraries take as long to import as all others of the tests together.
    from tests.services import postgres_container as made_of  # noqa: PLC0415

    container = made_of.PostgresContainer(DURABLE if durable else FAST_BUT_UNSAFE)
    url = _address(container.host, container.port(made_of.PORT))
    return Postgres(url, container)


def _address(host: str, port: int) -> str:
    return f"{DRIVER}://{SUPERUSER}@{host}:{port}/postgres"


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{find_server()}\n")
    except PostgresMissing:
        sys.exit(1)
