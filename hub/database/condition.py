"""Looking at a database before it is opened; creates nothing."""

from enum import StrEnum
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import exc, make_url

from hub.database import tables as t
from hub.database.engine import Database, DatabaseDownError
from hub.database.migrate import current, head


class Condition(StrEnum):
    """What there is at an address."""

    MISSING = "missing"
    """No database, or one without tables."""
    BEHIND = "behind"
    """An upgrade is due."""
    AHEAD = "ahead"
    """A newer program upgraded it."""
    CURRENT = "current"


def condition(url: str) -> Condition:
    """Tell what there is; raises DatabaseDownError when it cannot be looked at."""
    found = revision(url)
    if not found:
        return Condition.MISSING
    if found == head():
        return Condition.CURRENT
    return Condition.BEHIND if found < head() else Condition.AHEAD


class NotCurrentError(RuntimeError):
    """Database and program are of different revisions; the text says what to do."""


_MENDS = {
    Condition.MISSING: "the database has no tables yet: run `simpul db upgrade` first",
    Condition.BEHIND: (
        "the database is older than this program: run `simpul db upgrade`"
    ),
    Condition.AHEAD: "the database is newer than this program: install the newer one",
}


def require_current(url: str) -> None:
    """Refuse a database that this program cannot work on.

    Raises NotCurrentError, DatabaseDownError.
    """
    state = condition(url)
    if state is not Condition.CURRENT:
        raise NotCurrentError(_MENDS[state])


def has_keys(url: str) -> bool:
    """Tell whether anything was ever sealed in a database.

    Raises DatabaseDownError when it cannot be looked at.
    """
    if not revision(url):
        return False
    db = Database(url, pool_size=1)
    try:
        with db.read() as tx:
            found = tx.conn.execute(sa.select(t.data_keys.c.id).limit(1)).first()
    finally:
        db.close()
    return found is not None


def revision(url: str) -> str:
    """Name the database's revision; empty when it has none or is not there.

    Raises DatabaseDownError when it cannot be looked at.
    """
    try:
        address = make_url(url)
        if address.get_backend_name() == "sqlite":
            path = Path(address.database or "")
            if not path.is_file() or path.stat().st_size == 0:
                return ""
        return current(url)
    except exc.ArgumentError as error:
        msg = "the database's address cannot be read: set SIMPUL_DATABASE_URL"
        raise DatabaseDownError(msg) from error
    except exc.DBAPIError as error:
        reason = str(error.orig).strip().splitlines()
        msg = f"the database cannot be reached: {reason[0] if reason else 'no answer'}"
        raise DatabaseDownError(msg) from error


def lock_table(db: Database) -> int | None:
    """Count the locks that all transactions together may hold; None on SQLite.

    Raises DatabaseDownError.
    """
    with db.read() as tx:
        if not tx.is_postgresql:
            return None
        names = (
            "max_locks_per_transaction",
            "max_connections",
            "max_prepared_transactions",
        )
        each, connections, prepared = (
            int(tx.conn.exec_driver_sql(f"SHOW {name}").scalar_one()) for name in names
        )
    return each * (connections + prepared)
