import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.services import postgres
from tests.services.postgres import (
    ENVIRONMENT_VARIABLE,
    Postgres,
    PostgresMissing,
    PrivatePostgres,
    connect,
    start_postgres,
)

START_AND_WAIT = """
from tests.services.postgres import PrivatePostgres
server = PrivatePostgres()
print(server.url, server._folder, flush=True)
input()
"""


def fetch(url: str, query: bytes, *values: str) -> object:
    with connect(url) as connection:
        row = connection.execute(query, values).fetchone()
    assert row is not None
    return row[0]


def test_the_server_answers(postgres_url: str) -> None:
    assert fetch(postgres_url, b"SELECT 1") == 1


def test_every_test_gets_a_database_of_its_own(
    postgres_server: Postgres, postgres_url: str
) -> None:
    other = postgres_server.create_database()

    with connect(postgres_url) as connection:
        connection.execute("CREATE TABLE seen ()")

    assert fetch(other, b"SELECT to_regclass('seen')") is None
    postgres_server.drop_database(other)


def test_a_template_hands_its_tables_on(postgres_server: Postgres) -> None:
    def prepare_template(url: str) -> None:
        with connect(url) as connection:
            connection.execute("CREATE TABLE town AS SELECT 'Bogor' AS name")

    template = postgres_server.create_template(prepare_template)
    copy = postgres_server.create_database(template=template)

    assert fetch(copy, b"SELECT name FROM town") == "Bogor"
    postgres_server.drop_database(copy)
    postgres_server.drop_database(template)


def test_a_server_named_by_the_environment_is_used_and_left_clean(
    postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = postgres_server.url.replace("postgresql+psycopg:", "postgresql:")
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, plain)

    named = start_postgres()
    name = str(make_url(named.create_database()).database)
    query = b"SELECT count(*) FROM pg_database WHERE datname = %s"

    assert not isinstance(named, PrivatePostgres)
    assert named.url == postgres_server.url
    assert fetch(postgres_server.url, query, name) == 1
    named.stop()
    assert fetch(postgres_server.url, query, name) == 0


def test_missing_programs_are_an_error_that_names_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(postgres, "_program_folders", list)

    with pytest.raises(PostgresMissing, match="make services"):
        PrivatePostgres()


def test_a_killed_test_run_leaves_no_server_and_no_files() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", START_AND_WAIT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None
        url, folder = run.stdout.readline().split()
        os.kill(run.pid, signal.SIGKILL)

    deadline = time.monotonic() + 15
    while Path(folder).exists() and time.monotonic() < deadline:
        time.sleep(0.05)

    assert not Path(folder).exists()
    with pytest.raises(Exception, match="refused"):
        connect(url)
