"""Hot statements have one plan, however large or unknown the tables are."""

import re
from collections.abc import Iterator

import psycopg
import pytest

from hub.database.hot.batch import ORDER
from hub.database.hot.statements import LOCK, ONE_PLAN, READING, writing
from tests.services.postgres import Postgres, connect

CHANGES = [writing(sheet) for sheet in ORDER if sheet.key]
LARGE = 20_000
FILL = f"""
INSERT INTO journal (id, lane, source, received_at, state, due_at, data_key_id,
                     content_hash, complaint_id, code, public_number, raw_sha256)
SELECT gen_random_uuid(), 'intake.web', 'web', now(),
       CASE WHEN n % 10 = 0 THEN 'new' ELSE 'done' END,
       CASE WHEN n % 10 = 0 THEN now() END, gen_random_uuid(), 'h', gen_random_uuid(),
       'C' || n, 'P' || n, 'h'
  FROM generate_series(1, {LARGE}) AS n;
INSERT INTO journal_raw (journal_id, sealed) SELECT id, 's' FROM journal;
INSERT INTO data_keys (id, complaint_id, wrapped, ring_id)
SELECT data_key_id, complaint_id, 'w', gen_random_uuid() FROM journal;
INSERT INTO source_keys (source, key_hash, content_hash, journal_id)
SELECT source, code::bytea, 'h', id FROM journal;
INSERT INTO contacts (kind, hmac, complaint_id, reporter_id, words_hash, received_at)
SELECT 'email', code::bytea, complaint_id, gen_random_uuid(), 'w', now() FROM journal;
"""  # noqa: S608 - a number of ours


@pytest.fixture
def conn(
    postgres_server: Postgres, postgres_template: str
) -> Iterator[psycopg.Connection]:
    url = postgres_server.create_database(template=postgres_template)
    with connect(url) as opened:
        yield opened
    postgres_server.drop_database(url)


def plan(conn: psycopg.Connection, sql: str) -> list[str]:
    """Show the plan for unknown values, as it is kept by a prepared statement."""
    numbers = iter(range(1, 100))
    numbered = re.sub(r"%[bs]", lambda _: f"${next(numbers)}", sql)
    count = next(numbers) - 1
    given = ", ".join("NULL" for _ in range(count))
    with conn.transaction():
        conn.execute(ONE_PLAN)
        conn.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        conn.execute(f"PREPARE hot AS {numbered}".encode())
        rows = conn.execute(f"EXPLAIN (COSTS OFF) EXECUTE hot({given})".encode())
        lines = [row[0] for row in rows]
        conn.execute("DEALLOCATE hot")
    return lines


def essence(lines: list[str]) -> list[str]:
    """Name every way in which a table is read."""
    return [line.strip(" ->") for line in lines if "Scan" in line or "Join" in line]


@pytest.mark.parametrize("sql", [*READING, *CHANGES])
def test_a_hot_statement_has_one_plan(conn: psycopg.Connection, sql: str) -> None:
    seen = {"never looked at": essence(plan(conn, sql))}
    conn.execute("ANALYZE")
    seen["empty"] = essence(plan(conn, sql))
    conn.execute(FILL.encode())
    seen["grown since"] = essence(plan(conn, sql))
    conn.execute("ANALYZE")
    seen["large"] = essence(plan(conn, sql))
    for name, lines in seen.items():
        text = "\n".join(lines)
        assert "Seq Scan" not in text, f"{name}: {text}"
        assert "Hash" not in text, f"{name}: {text}"
        assert "Merge" not in text, f"{name}: {text}"
    if sql is not LOCK:  # by its index, row by row or as a bitmap: both are quick
        assert len({tuple(lines) for lines in seen.values()}) == 1, seen
