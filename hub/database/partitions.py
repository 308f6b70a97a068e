"""Partitions on PostgreSQL: the journal by month, the log by complaint.

The journal's ids are UUIDv7: their first 48 bits are milliseconds since 1970, so
months are ranges of ids, and the key of the whole table stays unique. What has no
month lands in the default partition: nothing is refused because a clock is wrong.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

import sqlalchemy as sa

from hub.database.engine import Database, retrying

BY_MONTH = {"journal": "id", "journal_raw": "journal_id"}
"""Table -> the column whose order is time."""
LOG_PARTS = 16
"""Hash partitions of the log. A hundred million events are six million in each: its
indexes stay shallow, and vacuum has work that it ends. More would cost each batch:
it writes to all of them."""
MONTHS_BEFORE, MONTHS_AHEAD = 1, 3
"""Around the current one. The edge brings back what is days old."""
OLDEST = date(2020, 1, 1)
"""An id from before is no time."""
FILLFACTOR = {"journal": 85}
"""Room in a page for the next version of a row that is changed in place."""
LOCK_MS_MAX = 2_000
"""Longer nobody waits behind us for the default partition."""
_LOCK = 7_310_532


def first_id(month: date) -> str:
    """Give the lowest id of a month."""
    begin = datetime(month.year, month.month, 1, tzinfo=UTC)
    digits = f"{int(begin.timestamp()) * 1000:012x}"
    return f"{digits[:8]}-{digits[8:]}-0000-0000-000000000000"


def following(month: date, count: int = 1) -> date:
    """Give the first day of the month that is `count` months later."""
    number = month.year * 12 + month.month - 1 + count
    return date(number // 12, number % 12 + 1, 1)


def around(month: date) -> list[date]:
    """Name the months that there should be in a month."""
    return [following(month, n) for n in range(-MONTHS_BEFORE, MONTHS_AHEAD + 1)]


def name_of(table: str, month: date) -> str:
    """Name a month's partition."""
    return f"{table}_{month:%Y_%m}"


@dataclass(frozen=True, slots=True)
class Lack:
    """Something about the partitions that is not as it should be."""

    table: str
    what: str


class Partitions:
    """Makes the months to come, and tells what is missing; nothing on SQLite."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def make(self) -> int:
        """Make the months that are missing; returns how many. Idempotent.

        Two processes at once are harmless. Each month is a short transaction of its
        own; what waits too long for its lock is tried at the next call.
        """
        if self._db.dialect != "postgresql":
            return 0
        with self._db.read() as tx:
            months = _wanted(tx.conn)
        return sum(self._make(month) for month in months)

    @retrying
    def _make(self, month: date) -> int:
        with self._db.write() as tx:
            tx.conn.exec_driver_sql(f"SET LOCAL lock_timeout = {LOCK_MS_MAX}")
            return make_months(tx.conn, [month])

    def lacks(self) -> list[Lack]:
        """Name coming months without a partition, and rows that have no month."""
        if self._db.dialect != "postgresql":
            return []
        with self._db.read() as tx:
            return list(_lacks(tx.conn))


def make_months(conn: sa.Connection, months: Iterable[date]) -> int:
    """Make months that are not there, with the rows that the default has of them.

    Readers and writers of other partitions are not held up: only the default
    partition is locked, until the transaction ends.
    """
    conn.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    made = 0
    for month in months:
        for table, key in BY_MONTH.items():
            if name_of(table, month) not in _partitions(conn, table):
                _make_month(conn, table, key, month)
                made += 1
    return made


def _make_month(conn: sa.Connection, table: str, key: str, month: date) -> None:
    name, default = name_of(table, month), f"{table}_default"
    low, high = first_id(month), first_id(following(month))
    fill = f" WITH (fillfactor = {FILLFACTOR[table]})" if table in FILLFACTOR else ""
    # At once in the strongest way that is needed: two who raise a lock wait for ever.
    conn.exec_driver_sql(f"LOCK TABLE {default} IN ACCESS EXCLUSIVE MODE")
    conn.exec_driver_sql(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL){fill}")
    conn.exec_driver_sql(
        f"WITH moved AS (DELETE FROM {default} WHERE {key} >= '{low}'"  # noqa: S608 - names and bounds of ours
        f" AND {key} < '{high}' RETURNING *) INSERT INTO {name} SELECT * FROM moved"
    )
    conn.exec_driver_sql(
        f"ALTER TABLE {table} ATTACH PARTITION {name}"
        f" FOR VALUES FROM ('{low}') TO ('{high}')"
    )


def _lacks(conn: sa.Connection) -> Iterator[Lack]:
    this = today(conn)
    for table in BY_MONTH:
        there = _partitions(conn, table)
        for month in (this, following(this)):
            if name_of(table, month) not in there:
                yield Lack(table, f"{month:%Y-%m} has no partition")
        count = conn.exec_driver_sql(
            f"SELECT count(*) FROM {table}_default"  # noqa: S608 - a table of ours
        ).scalar_one()
        if count:
            yield Lack(table, f"{count} rows are of no month: was a clock wrong?")


def _wanted(conn: sa.Connection) -> list[date]:
    """The months around today, and those of rows that came without one."""
    now = around(today(conn))
    waiting = {
        month
        for table, key in BY_MONTH.items()
        for month in months_of(conn, f"{table}_default", key)
        if OLDEST <= month <= now[-1]
    }
    return sorted(waiting.union(now))


def months_of(conn: sa.Connection, table: str, key: str) -> set[date]:
    """Tell from the ids of a table which months it has rows of."""
    begun = f"('x' || left(replace({key}::text, '-', ''), 12))::bit(48)::bigint"
    rows = conn.exec_driver_sql(
        f"SELECT DISTINCT date_trunc('month', to_timestamp({begun} / 1000.0)"  # noqa: S608 - names of ours
        f" AT TIME ZONE 'UTC')::date::text AS month FROM {table}"
    )
    # A wrong clock may write a year that is no date here.
    months = (row.month for row in rows)
    return {date.fromisoformat(m) for m in months if len(m) == len("2026-01-01")}


def _partitions(conn: sa.Connection, table: str) -> set[str]:
    found = conn.exec_driver_sql(
        "SELECT inhrelid::regclass::text FROM pg_inherits"  # noqa: S608 - ours
        f" WHERE inhparent = '{table}'::regclass"
    )
    return set(found.scalars())


def today(conn: sa.Connection) -> date:
    """Give the first of the month by the wall clock.

    Ids are made by it, also where a simulated clock runs.
    """
    found = conn.exec_driver_sql(
        "SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date"
    ).scalar_one()
    if not isinstance(found, date):
        msg = "the database tells no date"
        raise TypeError(msg)
    return found.replace(day=1)
