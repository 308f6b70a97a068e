"""PostgreSQL for the tests: a private server, or one named by the environment.

The private server belongs to this test process alone. It listens on a free port of
the loopback interface, keeps its files in a folder of its own and trades safety for
speed. It ends, and its folder goes away, with `stop()` or with this process.
"""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

import psycopg
from sqlalchemy import URL, make_url

ENVIRONMENT_VARIABLE = "SIMPUL_TEST_DATABASE_URL"
DRIVER = "postgresql+psycopg"
SUPERUSER = "hub"
START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 20.0

FAST_BUT_UNSAFE = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "32MB",
    "max_connections": "100",
}

# Waits until its input ends, which the kernel sees to even when the test process is
# killed; then stops the server ($1) and removes the folder ($2).
GUARD = """
cat >/dev/null
kill -INT "$1"
turns=0
while [ -e "$2/data/postmaster.pid" ] && [ "$turns" -lt 100 ]; do
    sleep 0.05
    turns=$((turns + 1))
done
[ ! -e "$2/data/postmaster.pid" ] || kill -QUIT "$1"
rm -rf "$2"
"""


class PostgresMissing(Exception):
    """The server programs are not installed."""

    def __init__(self) -> None:
        super().__init__(
            "PostgreSQL server programs (initdb, postgres) not found; type "
            "`make services` or `sudo apt-get install postgresql`, or name a server "
            f"by {ENVIRONMENT_VARIABLE}"
        )


class PostgresNotStarted(Exception):
    """The private server ended, or did not answer in time."""


class _RunAs(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


class Postgres:
    """A server on which tests make databases of their own."""

    def __init__(self, url: str) -> None:
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

    def stop(self) -> None:
        """Leave the server as it was found."""
        for name in tuple(self._created):
            self.drop_database(_text(self._url.set(database=name)))

    def _execute(self, statement: str) -> None:
        with connect(self.url) as connection:
            connection.execute(statement.encode())


class PrivatePostgres(Postgres):
    """A server that is started for this process and disappears with it."""

    def __init__(self) -> None:
        programs = find_programs()
        port = _free_port()
        super().__init__(f"{DRIVER}://{SUPERUSER}@127.0.0.1:{port}/postgres")
        self._folder = Path(tempfile.mkdtemp(prefix="simpul-postgres-"))
        try:
            _initialise(programs, self._folder)
            self._server = _launch(programs, self._folder, port)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        self._guard = subprocess.Popen(
            ["sh", "-c", GUARD, "sh", str(self._server.pid), str(self._folder)],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            self._wait_until_it_answers()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server and remove its folder; a second call does nothing."""
        if self._guard.stdin is not None:
            self._guard.stdin.close()
        self._server.wait(STOP_SECONDS_MAX)
        self._guard.wait(STOP_SECONDS_MAX)

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline and self._server.poll() is None:
            with contextlib.suppress(psycopg.OperationalError), connect(self.url):
                return
            time.sleep(0.02)
        log = (self._folder / "log").read_text(errors="replace")
        raise PostgresNotStarted(log[-2000:])


def start_postgres() -> Postgres:
    """Return the server that the environment names, else start a private one."""
    url = os.environ.get(ENVIRONMENT_VARIABLE)
    return Postgres(url) if url else PrivatePostgres()


def connect(url: str) -> psycopg.Connection:
    """Connect without SQLAlchemy, every statement its own transaction."""
    address = _text(make_url(url).set(drivername="postgresql"))
    return psycopg.connect(address, autocommit=True, connect_timeout=5)


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


def _initialise(programs: Path, folder: Path) -> None:
    run_as = _run_as()
    if run_as:
        os.chown(folder, run_as["user"], run_as["group"])
    initdb = [str(programs / "initdb"), "-D", str(folder / "data"), "-U", SUPERUSER]
    options = ["-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
    answer = subprocess.run(
        [*initdb, *options],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=_environment(folder),
        **run_as,
    )
    if answer.returncode != 0:
        raise PostgresNotStarted(answer.stdout + answer.stderr)


def _launch(programs: Path, folder: Path, port: int) -> subprocess.Popen[bytes]:
    settings = {
        "port": str(port),
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        **FAST_BUT_UNSAFE,
    }
    options = [part for item in settings.items() for part in ("-c", "=".join(item))]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [programs / "postgres", "-D", folder / "data", *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=_environment(folder),
            # Ctrl-C is for the tests; the server has to outlive their clean-up.
            start_new_session=True,
            **_run_as(),
        )


def _run_as() -> _RunAs:
    """PostgreSQL refuses to run as root, so root lends it another user."""
    if os.getuid() != 0:
        return {}
    try:
        account = pwd.getpwnam("postgres")
    except KeyError:
        account = pwd.getpwnam("nobody")
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _environment(folder: Path) -> dict[str, str]:
    kept = {key: os.environ[key] for key in os.environ if not key.startswith("PG")}
    return {**kept, "LC_ALL": "C.UTF-8", "HOME": str(folder)}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{find_programs()}\n")
    except PostgresMissing:
        sys.exit(1)
