"""Migrations: the same on SQLite and PostgreSQL."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 7_310_530
_WAIT_MS = 60_000
"""How long a process waits for another one that migrates SQLite."""


def upgrade(url: str, revision: str = "") -> None:
    """Bring the database to a revision, the newest if none is named.

    All or nothing: whoever is killed meanwhile leaves the revision that was there.
    Idempotent; safe to run at once.
    """
    from alembic import command  # noqa: PLC0415 - costs 0.4 s where nothing migrates
    from alembic.config import Config  # noqa: PLC0415

    wanted = revision or head()
    if current(url) == wanted:
        return
    if make_url(url).get_backend_name() == "sqlite":
        path = make_url(url).database
        if path:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        _begin_ourselves(engine)
    try:
        with engine.begin() as conn:
            if conn.dialect.name == "postgresql":
                conn.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            config.attributes["connection"] = conn
            command.upgrade(config, wanted)
    finally:
        engine.dispose()


def _begin_ourselves(engine: Engine) -> None:
    """Let SQLite make tables inside the transaction; its driver would end it before."""

    @event.listens_for(engine, "connect")
    def connect(raw: Any, record: Any) -> None:
        del record
        raw.isolation_level = None
        raw.execute(f"PRAGMA busy_timeout={_WAIT_MS}")

    @event.listens_for(engine, "begin")
    def begin(conn: Connection) -> None:
        conn.exec_driver_sql("BEGIN IMMEDIATE")


def head() -> str:
    """Name the newest revision: the last file of the migrations in order."""
    newest = max(path.stem for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    return newest.split("_")[0]


def current(url: str) -> str:
    """Name the database's revision; empty when it has none."""
    engine = create_engine(url)
    try:
        with engine.connect() as conn:
            if not inspect(conn).has_table("alembic_version"):
                return ""
            found = conn.execute(
                text("SELECT version_num FROM alembic_version")
            ).first()
            return str(found[0]) if found else ""
    finally:
        engine.dispose()
