"""Connections that PostgreSQL closed while nobody used them."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import sqlalchemy as sa

from hub.database import postgresql
from hub.database.engine import Database, DatabaseDownError
from tests.services.postgres import connect

CLOSE_OTHERS = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
CONNECTIONS = 3


@pytest.fixture
def db(postgres_url: str) -> Iterator[Database]:
    made = Database(postgres_url)
    with ExitStack() as stack:  # as many connections as are open at once
        for _ in range(CONNECTIONS):
            stack.enter_context(made.read())
    yield made
    made.close()


def close_all(url: str) -> None:
    with connect(url) as connection:
        connection.execute(CLOSE_OTHERS)


def use(db: Database) -> None:
    with db.write() as tx:
        tx.conn.execute(sa.text("SELECT 1"))


def test_a_connection_that_lay_idle_is_asked_before_it_is_used(
    db: Database, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "PING_AFTER_SECONDS", 0.0)
    close_all(postgres_url)
    for _ in range(CONNECTIONS):
        use(db)


def test_one_that_was_used_just_now_tells_that_it_is_lost_and_all_are_replaced(
    db: Database, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "PING_AFTER_SECONDS", 3600.0)
    close_all(postgres_url)
    with pytest.raises(DatabaseDownError):
        use(db)
    for _ in range(CONNECTIONS):
        use(db)
