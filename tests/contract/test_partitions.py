"""The journal's months: made ahead, found missing, filled from the default."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from uuid_utils import uuid7

from hub.database.engine import Database
from hub.database.partitions import (
    BY_MONTH,
    MONTHS_AHEAD,
    MONTHS_BEFORE,
    Partitions,
    first_id,
    following,
    name_of,
)
from tests.services.postgres import Postgres, connect

THIS = datetime.now(UTC).date().replace(day=1)
NEXT = following(THIS)
ROW = (
    "INSERT INTO journal (id, lane, source, received_at, state, data_key_id,"
    " content_hash, raw_sha256) VALUES (%s, 'l', 's', now(), 'new', %s, '', '')"
)


@pytest.fixture
def url(postgres_server: Postgres, postgres_template: str) -> Iterator[str]:
    made = postgres_server.create_database(template=postgres_template)
    yield made
    postgres_server.drop_database(made)


@pytest.fixture
def conn(url: str) -> Iterator[psycopg.Connection]:
    with connect(url) as opened:
        yield opened


@pytest.fixture
def partitions(url: str) -> Iterator[Partitions]:
    db = Database(url)
    yield Partitions(db)
    db.close()


def drop(conn: psycopg.Connection, month: object) -> None:
    for table in BY_MONTH:
        conn.execute(f"DROP TABLE {table}_{month:%Y_%m}".encode())


def home(conn: psycopg.Connection, row_id: str) -> str:
    row = conn.execute(
        "SELECT tableoid::regclass::text FROM journal WHERE id = %s", (row_id,)
    ).fetchone()
    assert row is not None
    return str(row[0])


def test_a_new_database_has_the_months_around_today(
    conn: psycopg.Connection, partitions: Partitions
) -> None:
    found = conn.execute(
        "SELECT relname FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid"
        " WHERE inhparent = 'journal'::regclass"
    ).fetchall()
    months = [following(THIS, n) for n in range(-MONTHS_BEFORE, MONTHS_AHEAD + 1)]
    expected = {name_of("journal", month) for month in months}
    assert {row[0] for row in found} == expected | {"journal_default"}
    assert (partitions.make(), partitions.lacks()) == (0, [])


def test_a_row_of_today_lies_in_this_month(conn: psycopg.Connection) -> None:
    row_id = str(uuid7())
    conn.execute(ROW, (row_id, row_id))
    assert home(conn, row_id) == name_of("journal", THIS)


def test_a_month_that_is_missing_is_told_and_made(
    conn: psycopg.Connection, partitions: Partitions
) -> None:
    drop(conn, NEXT)
    lacks = partitions.lacks()
    assert {lack.table for lack in lacks} == set(BY_MONTH)
    assert all("no partition" in lack.what for lack in lacks)
    assert partitions.make() == len(BY_MONTH)
    assert (partitions.make(), partitions.lacks()) == (0, [])


def test_rows_that_came_before_their_month_move_into_it(
    conn: psycopg.Connection, partitions: Partitions
) -> None:
    drop(conn, NEXT)
    row_id = first_id(NEXT)
    conn.execute(ROW, (row_id, row_id))
    assert home(conn, row_id) == "journal_default"
    assert any("of no month" in lack.what for lack in partitions.lacks())
    partitions.make()
    assert home(conn, row_id) == name_of("journal", NEXT)
    assert partitions.lacks() == []


def test_rows_of_an_old_month_get_it(
    conn: psycopg.Connection, partitions: Partitions
) -> None:
    old = following(THIS, -7)
    row_id = first_id(old)
    conn.execute(ROW, (row_id, row_id))
    partitions.make()
    assert home(conn, row_id) == name_of("journal", old)


def test_what_a_wrong_clock_made_is_kept_and_told(
    conn: psycopg.Connection, partitions: Partitions
) -> None:
    for row_id in (first_id(following(THIS, 500)), "f" * 32):
        conn.execute(ROW, (row_id, row_id))
        assert home(conn, row_id) == "journal_default"
    partitions.make()
    (lack,) = partitions.lacks()
    assert (lack.table, lack.what[:6]) == ("journal", "2 rows")


def test_two_processes_make_each_month_once(conn: psycopg.Connection, url: str) -> None:
    for n in range(MONTHS_AHEAD + 1):
        drop(conn, following(THIS, n))
    stores = [Database(url) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(lambda db: Partitions(db).make(), stores))
    assert sum(made) == len(BY_MONTH) * (MONTHS_AHEAD + 1)
    assert Partitions(stores[0]).lacks() == []
    for db in stores:
        db.close()


def test_a_new_month_waits_for_nobody_who_works_another(
    conn: psycopg.Connection, url: str, partitions: Partitions
) -> None:
    drop(conn, NEXT)
    row_id = str(uuid7())
    conn.execute(ROW, (row_id, row_id))
    with connect(url) as other, other.transaction():
        month = name_of("journal", THIS)
        locked = f"SELECT 1 FROM {month} FOR UPDATE"  # noqa: S608 - a name of ours
        other.execute(locked.encode())
        assert partitions.make() == len(BY_MONTH)


@given(st.integers(1_600_000_000_000, 4_000_000_000_000))
def test_an_id_lies_between_the_bounds_of_its_month(milliseconds: int) -> None:
    month = datetime.fromtimestamp(milliseconds / 1000, UTC).date().replace(day=1)
    digits = f"{milliseconds:012x}"
    row_id = f"{digits[:8]}-{digits[8:]}-7000-8000-000000000000"
    assert first_id(month) <= row_id < first_id(following(month))
