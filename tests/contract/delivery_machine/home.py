"""Where a machine's data lies: in its folder, or beside it in a database of its own.

The clock of either engine stands still until it is moved, and nothing is synced: a
process dies here by an exception, never by a power cut.
"""

from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy import event

from hub.database.engine import Database
from hub.database.migrate import upgrade
from tests.services.postgres import Postgres

NOON_US = 1_795_500_000_000_000


class Home(Protocol):
    """What a machine needs of a database engine."""

    sole: bool
    """True where a process is alone, and takes over at once what an earlier left."""

    def make(self, folder: Path) -> str:
        """Make an empty database; returns its address, "" for the folder's own."""
        ...

    def copy(self, url: str, folder: Path) -> str:
        """Make a copy for a copied folder; nobody is connected to the original."""
        ...

    def remove(self, url: str) -> None:
        """Remove a copy whose folder goes away."""
        ...

    def open(self, db: Database) -> None:
        """Prepare a store that was just opened."""
        ...


class OnSqlite:
    """The embedded mode: one file in the folder, one process."""

    sole = True

    def make(self, folder: Path) -> str:
        upgrade(f"sqlite:///{folder / 'simpul.db'}")
        return ""

    def copy(self, url: str, folder: Path) -> str:
        return url

    def remove(self, url: str) -> None:
        """It went away with its folder."""

    def open(self, db: Database) -> None:
        @event.listens_for(db.engine, "connect")
        def _connect(raw: Any, record: Any) -> None:
            del record
            raw.create_function("simpul_wall_us", 0, lambda: NOON_US)
            raw.execute("PRAGMA synchronous=OFF")

        _share_compiled(db.engine)


class OnPostgresql:
    """The production mode: what a dead process held is free when its time is over."""

    sole = False

    def __init__(self, server: Postgres) -> None:
        self._server = server

    def make(self, folder: Path) -> str:
        url = self._server.create_database()
        upgrade(url)
        engine = sa.create_engine(url)
        with engine.begin() as conn:
            conn.exec_driver_sql(_STANDING_CLOCK)
        engine.dispose()
        return url

    def copy(self, url: str, folder: Path) -> str:
        return self._server.create_database(template=url)

    def remove(self, url: str) -> None:
        self._server.drop_database(url)

    def open(self, db: Database) -> None:
        _share_compiled(db.engine)


_STANDING_CLOCK = f"""
CREATE OR REPLACE FUNCTION simpul_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
SELECT to_timestamp({NOON_US // 1_000_000})
     + (SELECT offset_us FROM clock WHERE id = 1) * interval '1 microsecond' $$
"""  # noqa: S608 - a number of ours
_FIRST: dict[str, sa.Engine] = {}


def _share_compiled(engine: sa.Engine) -> None:
    """Compile each statement once for all lives; a life would take longer to compile.

    What is compiled is kept per engine and dialect; all of one kind are alike here.
    """
    first = _FIRST.setdefault(engine.dialect.name, engine)
    engine.dialect = first.dialect
    engine._compiled_cache = first._compiled_cache
