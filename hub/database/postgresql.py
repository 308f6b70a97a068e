"""What the hub asks of PostgreSQL's driver itself, beneath SQLAlchemy's engine."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy import event, exc

PING_AFTER_SECONDS = 1.0
"""A connection that lay idle so long is asked whether it lives. One that was used just
now is not: the round trip would be a tenth of a small transaction, and a server that
went in between is noticed by the transaction itself."""
PREPARED_MAX = 500
"""Statements that a connection keeps prepared: more than the hub has."""
NO_CLOCK = "the database has no clock: run `simpul db upgrade`"
_IDLE_SINCE = "simpul_idle_since"


def make_engine(url: str, pool_size: int) -> sa.Engine:
    """Make the engine of a PostgreSQL database."""
    engine = sa.create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        hide_parameters=True,
        isolation_level="READ COMMITTED",
        connect_args={
            "connect_timeout": 5,
            # A host that vanished is noticed within seconds, not within hours.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 20_000,
            "options": "-c statement_timeout=30000 -c lock_timeout=10000"
            " -c idle_in_transaction_session_timeout=60000 -c timezone=UTC",
        },
    )

    @event.listens_for(engine, "connect")
    def _connect(raw: psycopg.Connection[Any], record: Any) -> None:
        del record
        raw.prepared_max = PREPARED_MAX

    @event.listens_for(engine, "checkin")
    def _checkin(raw: Any, record: Any) -> None:
        del raw
        record.info[_IDLE_SINCE] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _checkout(raw: Any, record: Any, proxy: Any) -> None:
        del proxy
        since = record.info.get(_IDLE_SINCE)
        if since is None or time.monotonic() - since < PING_AFTER_SECONDS:
            return
        try:
            engine.dialect.do_ping(raw)
        except psycopg.Error as error:  # all that idled are replaced
            raise exc.InvalidatePoolError from error

    return engine


def driver(conn: sa.Connection) -> psycopg.Connection[Any]:
    """Take the driver's own connection."""
    found = conn.connection.driver_connection
    if not isinstance(found, psycopg.Connection):
        msg = "the connection is not to PostgreSQL"
        raise TypeError(msg)
    return found


def read_clock(conn: sa.Connection) -> datetime:
    """Begin a transaction and read the database's clock, in one round trip."""
    raw = driver(conn)
    with translated(conn), raw.pipeline():
        cursor = raw.cursor(binary=True).execute("SELECT simpul_now()", prepare=True)
    (now,) = cursor.fetchone() or (None,)
    if not isinstance(now, datetime):
        raise TypeError(NO_CLOCK)
    return now.astimezone(UTC)


@contextmanager
def translated(conn: sa.Connection) -> Iterator[None]:
    """Raise the driver's errors as SQLAlchemy's; a dead connection is thrown away."""
    try:
        yield
    except psycopg.Error as error:
        gone = driver(conn).closed
        if gone:
            conn.invalidate(error)
        raise exc.DBAPIError.instance(
            None,
            None,
            error,
            psycopg.Error,
            hide_parameters=True,
            connection_invalidated=bool(gone),
            dialect=conn.dialect,
        ) from error
