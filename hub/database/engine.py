"""Connections and transactions, alike on SQLite and PostgreSQL."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.pool import QueuePool
from tenacity import (
    retry,
    retry_if_exception,
    stop_after_attempt,
    wait_random_exponential,
)

from hub import telemetry
from hub.database import postgresql
from hub.database.types import Instant

_TRANSIENT_STATES = {"40001", "40P01", "55P03", "23505"}
"""Serialization failure, deadlock, lock time-out, and a key that a neighbour wrote
in the meantime: the next try sees its row."""


_AWAY_STATES = {"25006", "53100", "53300", "57014", "57P01", "57P02", "57P03"}
"""A standby after a failover, a full disk, no connection left, a statement that took
too long, a server that ends or begins: the same work passes later, maybe elsewhere."""
_AWAY_WORDS = ("connection", "unable to open database", "disk is full")
_STANDBY = "25006"


class DatabaseDownError(ConnectionError):
    """The database cannot be reached; the sender is told to come back."""


@dataclass(slots=True)
class Tx:
    """An open transaction with the database's clock at its beginning."""

    conn: sa.Connection
    now: datetime
    dialect: str
    one_plan: bool = False
    """True once its statements admit one plan only (`hot.pipeline`)."""

    @property
    def is_postgresql(self) -> bool:
        """True on PostgreSQL."""
        return self.dialect == "postgresql"


class Database:
    """One database. Writers of one process take turns on SQLite."""

    def __init__(self, url: str, *, pool_size: int = 24) -> None:
        self.dialect = sa.make_url(url).get_backend_name()
        self.engine = (
            _sqlite(url, pool_size)
            if self.dialect == "sqlite"
            else postgresql.make_engine(url, pool_size)
        )
        self._writer = threading.RLock()

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """Open a writing transaction; commits at the end, rolls back on an error.

        Raises DatabaseDownError when the database cannot be reached.
        """
        if self.dialect != "sqlite":
            with self._begin() as tx:
                yield tx
            return
        with self._writer, self._begin() as tx:
            yield tx

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """Open a reading transaction; what it sees does not move on SQLite."""
        try:
            with self.engine.connect() as raw:
                conn = raw.execution_options(simpul_read=True)
                yield Tx(conn, _now(conn, self.dialect), self.dialect)
                # A rollback would make the driver forget its prepared statements, and
                # each be planned again: dear where a table has many partitions.
                conn.commit()
        except exc.DBAPIError as error:
            raise self._named(error) from error

    @contextmanager
    def _begin(self) -> Iterator[Tx]:
        try:
            with self.engine.begin() as conn:
                yield Tx(conn, _now(conn, self.dialect), self.dialect)
                telemetry.point(".before_commit")
            telemetry.point(".committed")
        except exc.DBAPIError as error:
            raise self._named(error) from error

    def _named(self, error: exc.DBAPIError) -> Exception:
        is_standby = getattr(error.orig, "sqlstate", None) == _STANDBY
        if is_standby or error.connection_invalidated:
            self.engine.dispose()  # the next connections are new, to whoever is primary
        return _for_callers(error)

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()


def is_transient(error: BaseException) -> bool:
    """Tell whether the same transaction may pass when it is tried again."""
    if not isinstance(error, exc.DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    return state in _TRANSIENT_STATES or "database is locked" in str(error.orig)


retrying = retry(
    retry=retry_if_exception(is_transient),
    stop=stop_after_attempt(5),
    wait=wait_random_exponential(multiplier=0.02, max=0.5),
    reraise=True,
)
"""Decorator: tries a whole transaction again after a conflict with a neighbour."""


def _for_callers(error: exc.DBAPIError) -> Exception:
    down = (
        error.connection_invalidated
        or isinstance(error, exc.InterfaceError)
        or getattr(error.orig, "sqlstate", None) in _AWAY_STATES
        or (
            isinstance(error, exc.OperationalError)
            and any(words in str(error.orig) for words in _AWAY_WORDS)
        )
    )
    if down and not is_transient(error):
        return DatabaseDownError("the database cannot be reached")
    return error


def _now(conn: sa.Connection, dialect: str) -> datetime:
    if dialect == "postgresql":
        return postgresql.read_clock(conn)
    sql = "SELECT simpul_wall_us() + (SELECT offset_us FROM clock) AS now"
    found = conn.execute(sa.text(sql).columns(now=Instant())).scalar_one()
    if not isinstance(found, datetime):
        raise TypeError(postgresql.NO_CLOCK)
    return found


def _sqlite(url: str, pool_size: int) -> sa.Engine:
    engine = sa.create_engine(
        url,
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=pool_size,
        hide_parameters=True,  # errors are logged; a row's values are not
        connect_args={"timeout": 30, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _connect(raw: Any, record: Any) -> None:
        del record
        raw.isolation_level = None  # we begin transactions ourselves
        raw.create_function("simpul_wall_us", 0, lambda: time.time_ns() // 1000)
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "busy_timeout=30000",
            "foreign_keys=ON",
            "secure_delete=ON",
        ):
            raw.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(conn: sa.Connection) -> None:
        reading = conn.get_execution_options().get("simpul_read")
        conn.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine
