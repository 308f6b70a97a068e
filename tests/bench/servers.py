"""The servers of the bench: what is committed is on disk, and there is room."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from psycopg import Connection

from tests.bench.contender import Queues, Servers
from tests.bench.machine import Meter, listener
from tests.services.engine import docker_answers
from tests.services.postgres import (
    ENVIRONMENT_VARIABLE,
    Postgres,
    PrivatePostgres,
    connect,
    start_own_postgres,
)
from tests.services.rabbitmq import Rabbitmq, start_rabbitmq

ROOMY = {
    "shared_buffers": "256MB",
    "max_connections": "200",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "30min",
}
"""No checkpoint falls into a round by itself."""


@contextmanager
def started() -> Iterator[Servers]:
    """Start a database and a broker, or take those that the environment names."""
    with _postgres() as postgres, start_rabbitmq() as rabbitmq:
        yield Servers(postgres, rabbitmq, _meter(postgres, rabbitmq))


def _postgres() -> Postgres:
    if url := os.environ.get(ENVIRONMENT_VARIABLE):
        return Postgres(url)
    if docker_answers():
        return start_own_postgres(durable=True)
    return PrivatePostgres(durable=True, settings=ROOMY)


def _meter(postgres: Postgres, rabbitmq: Rabbitmq) -> Meter:
    return Meter(_pid(postgres.url, "postgres"), _pid(rabbitmq.url, "beam"))


def _pid(url: str, program: str) -> int | None:
    """Find the server behind an address, when it runs on this machine and is ours."""
    address = urlsplit(url)
    if address.hostname not in {"127.0.0.1", "localhost"} or address.port is None:
        return None
    return listener(address.port, program)


def describe(servers: Servers) -> str:
    """Say what servers these are, and how safely the database writes."""
    with connect(servers.postgres.url) as connection:
        safety = ("fsync", "synchronous_commit", "shared_buffers")
        shown = [_show(connection, name) for name in safety]
        database = f"PostgreSQL {_show(connection, 'server_version')}"
    told = ", ".join(f"{n} {v}" for n, v in zip(safety, shown, strict=True))
    queues = Queues(servers.rabbitmq.url)
    broker = f"RabbitMQ {queues.server_version}"
    queues.close()
    return f"{database} ({told}); {broker}, quorum queues"


def _show(connection: Connection, setting: str) -> str:
    row = connection.execute(f"SHOW {setting}".encode()).fetchone()
    return str(row[0]) if row else ""
