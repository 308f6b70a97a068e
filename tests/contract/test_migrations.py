"""The migrations make the tables that the code says, on both engines."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from hub.database import tables as t
from hub.database.migrate import current, head, upgrade
from tests.contract.world import World
from tests.services.postgres import Postgres


def url_of(world: World) -> str:
    return world.store.db.engine.url.render_as_string(hide_password=False)


def test_upgrading_twice_is_harmless(world: World) -> None:
    known = world.register()
    upgrade(url_of(world))
    upgrade(url_of(world))
    assert current(url_of(world)) == head()
    assert world.row(t.complaints).id == known.id


KILLED = """
import os, sys
from sqlalchemy import event
from sqlalchemy.engine import Engine
from hub.database.migrate import upgrade

steps = []

@event.listens_for(Engine, "before_cursor_execute")
def count(conn, cursor, statement, parameters, context, many):
    steps.append(statement)
    if len(steps) == int(sys.argv[2]):
        os._exit(9)

upgrade(sys.argv[1])
"""
"""Migrates, and dies before a statement."""


@pytest.mark.parametrize("statement", [5, 20, 45, 80])
def test_who_is_killed_while_migrating_leaves_nothing_half_made(
    tmp_path: Path, statement: int
) -> None:
    url = f"sqlite:///{tmp_path / 'simpul.db'}"
    command = [sys.executable, "-c", KILLED, url, str(statement)]
    assert subprocess.run(command, check=False).returncode == 9
    assert current(url) == ""

    upgrade(url)

    assert current(url) == head()


PARTITIONS = "SELECT inhrelid::regclass::text FROM pg_inherits"


def partitions_of(conn: sa.Connection) -> set[str]:
    if conn.dialect.name != "postgresql":
        return set()
    return set(conn.execute(sa.text(PARTITIONS)).scalars())


@pytest.mark.filterwarnings("ignore:.*expression index:UserWarning")
def test_a_migrated_database_has_exactly_the_tables_of_the_code(world: World) -> None:
    """Partitions have no columns of their own: the database sees to that."""
    engine = sa.create_engine(url_of(world))
    with engine.connect() as conn:
        parts = partitions_of(conn)
        options = {
            "compare_type": True,
            "include_name": lambda name, *_: name not in parts,
        }
        context = MigrationContext.configure(conn, opts=options)
        assert compare_metadata(context, t.metadata) == []
    engine.dispose()


@pytest.mark.parametrize("world", ["postgresql"], indirect=True)
def test_the_tables_are_partitioned_as_the_code_says(world: World) -> None:
    query = sa.text(
        "SELECT partrelid::regclass::text, pg_get_partkeydef(partrelid)"
        " FROM pg_partitioned_table"
    )
    with world.store.db.read() as tx:
        found = {row[0]: row[1] for row in tx.conn.execute(query)}
    said = {
        table.name: by
        for table in t.metadata.tables.values()
        if (by := table.dialect_options["postgresql"]["partition_by"])
    }
    assert found == said
    assert set(said) == {"journal", "journal_raw", "log"}


def test_a_new_database_has_its_clock_at_zero(world: World) -> None:
    assert world.row(t.clock).offset_us == 0


OLD_ROWS = """
INSERT INTO journal (id, lane, source, received_at, state, data_key_id, content_hash,
                     code, raw_sha256, position)
VALUES ({id}, 'intake.web', 'web', {at}, 'done', {id}, 'h', '{code}', 'h', {n});
INSERT INTO journal_raw (journal_id, sealed) VALUES ({id}, 'raw');
INSERT INTO log (complaint_id, seq, event_id, position, type, author_kind, author_id,
                 cause_kind, cause_id, cause_no, occurred_at, recorded_at, status_after,
                 facts, data_key_id)
VALUES ({id}, 1, {id}, {n}, 'received', 'reporter', 'r', 'journal', 'j', 1, {at}, {at},
        'received', '{{}}', {id});
"""
AGES = ("019b76da-a800-7000-8000-000000000001", "f3b00000-0000-4000-8000-000000000002")
"""An id of January 2026, and one that no clock has made."""


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(
    request: pytest.FixtureRequest, tmp_path: Path, postgres_server: Postgres
) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/simpul.db"
        return
    url = postgres_server.create_database()
    yield url
    postgres_server.drop_database(url)


def test_an_older_database_keeps_every_row(empty_url: str) -> None:
    upgrade(empty_url, "0001")
    engine = sa.create_engine(empty_url)
    on_sqlite = engine.dialect.name == "sqlite"
    with engine.begin() as conn:
        for n, row_id in enumerate(AGES, start=1):
            shown = row_id.replace("-", "") if on_sqlite else row_id
            at = "0" if on_sqlite else "now()"
            rows = OLD_ROWS.format(id=f"'{shown}'", at=at, n=n, code=f"CODE{n}")
            for statement in rows.strip().rstrip(";").split(";\n"):
                conn.exec_driver_sql(statement)
        before = {name: rows_of(conn, name) for name in COPIED}
    upgrade(empty_url)
    with engine.connect() as conn:
        after = {name: rows_of(conn, name) for name in COPIED}
        assert after == before
        assert [r.code for r in conn.execute(sa.select(t.codes))] == ["CODE1", "CODE2"]
        if not on_sqlite:
            assert {"journal_2026_01", "log_00"} < partitions_of(conn)
            places = sa.text("SELECT tableoid::regclass::text FROM journal ORDER BY id")
            kept = list(conn.execute(places).scalars())
            assert kept == ["journal_2026_01", "journal_default"]
    engine.dispose()


COPIED = ("journal", "journal_raw", "log")


def rows_of(conn: sa.Connection, name: str) -> list[dict[str, object]]:
    """Every row; columns that came later are empty in old ones, and left out."""
    query = f"SELECT * FROM {name} ORDER BY 1"  # noqa: S608 - a name of ours
    rows = conn.exec_driver_sql(query).mappings()
    later = {"trace", "trace_sealed"}
    return [{k: v for k, v in row.items() if k not in later} for row in rows]
