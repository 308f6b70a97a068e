"""A look-up by id reads one partition, and a change reaches its row only."""

import re
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from hub.database.hot.batch import NUMBERED_EVENTS, NUMBERED_ROWS, SETTLED_ROWS
from hub.database.hot.pipeline import ONE_PLAN
from hub.database.hot.statements import LOCK, READ, writing
from hub.database.partitions import first_id, following, name_of
from tests.contract.grown import JOURNAL, THIS
from tests.services.postgres import Postgres, connect

EVENTS = """
INSERT INTO log (complaint_id, seq, event_id, type, author_kind, author_id, cause_kind,
                 cause_id, cause_no, occurred_at, recorded_at, status_after, facts,
                 data_key_id)
SELECT complaint_id, 1, id, 'received', 'reporter', '', 'journal', id::text, 1,
       now(), now(), 'received', '{}', data_key_id FROM journal
"""
ROW = "(SELECT array[id] FROM journal WHERE state = 'new' LIMIT 1)"
CASE = "(SELECT array[complaint_id] FROM journal LIMIT 1)"
SETTLED = {1: ROW, 2: "array['done']", 3: "array['']", 8: "array[0]"}
BY_ID = {
    "read": (READ, {1: ROW, 2: "now()"}),
    "lock": (LOCK, {1: ROW, 2: "now()"}),
    "settle": (writing(SETTLED_ROWS), SETTLED),
    "number": (writing(NUMBERED_ROWS), {1: ROW, 2: "array[1]"}),
    "number an event": (writing(NUMBERED_EVENTS), {1: CASE, 2: "array[1]"}),
}


@pytest.fixture
def conn(
    postgres_server: Postgres, postgres_template: str
) -> Iterator[psycopg.Connection]:
    url = postgres_server.create_database(template=postgres_template)
    with connect(url) as opened:
        yield opened
    postgres_server.drop_database(url)


@pytest.mark.parametrize("name", BY_ID)
def test_a_look_up_by_id_reads_one_partition(
    conn: psycopg.Connection, name: str
) -> None:
    conn.execute(JOURNAL.encode())
    conn.execute(EVENTS.encode())
    sql, values = BY_ID[name]
    numbers = iter(range(1, 100))
    numbered = re.sub(r"%[bs]", lambda _: f"${next(numbers)}", sql)
    given = ", ".join(values.get(n, "NULL") for n in range(1, next(numbers)))
    with conn.transaction(force_rollback=True):
        conn.execute(ONE_PLAN)
        conn.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        conn.execute(f"PREPARE hot AS {numbered}".encode())
        given = _fetched(conn, given)
        rows = conn.execute(
            f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE hot({given})".encode()
        ).fetchall()
        conn.execute("DEALLOCATE hot")
    lines = [row[0] for row in rows]
    parts = [line for line in lines if re.search(r"Scan.* on (journal|log)_", line)]
    run = {
        m[1] for x in parts if "never" not in x and (m := re.search(r" on (\w+)", x))
    }
    expected = {name_of("journal", THIS), name_of("journal_raw", THIS)}
    assert parts, lines
    assert len(run) == 1 or run == expected, lines
    assert all("never executed" in x or "Index" in x or "Tid" in x for x in parts)


def _fetched(conn: psycopg.Connection, given: str) -> str:
    """Put what sub-selects find in their place: EXECUTE takes none."""

    def found(match: re.Match[str]) -> str:
        row = conn.execute(match[0][1:-1].encode()).fetchone()
        assert row is not None
        return f"array['{row[0][0]}']::uuid[]"

    return re.sub(r"\(SELECT [^)]*\)", found, given)


def test_a_change_reaches_its_row_only(conn: psycopg.Connection) -> None:
    """Rows of two partitions lie at the same place: the first of an empty table."""
    rows = [first_id(following(THIS, n)) for n in (0, 1)]
    for row_id in rows:
        conn.execute(
            "INSERT INTO journal (id, lane, source, received_at, state, data_key_id,"
            " content_hash, raw_sha256)"
            " VALUES (%s, 'l', 's', now(), 'new', %s, '', '')",
            (row_id, row_id),
        )
    places = conn.execute("SELECT DISTINCT ctid::text FROM journal").fetchall()
    assert len(places) == 1
    given = [[rows[0]], ["done"], [""], [None], ["event"], ["x"], [None], [0]]
    given += [["[]"], [None]]
    done = conn.execute(writing(SETTLED_ROWS).replace("%b", "%s").encode(), given)
    assert done.rowcount == 1
    states = conn.execute("SELECT state FROM journal ORDER BY id").fetchall()
    assert states == [("done",), ("new",)]


def test_an_erasure_finds_the_messages_of_a_key_by_an_index(
    conn: psycopg.Connection,
) -> None:
    conn.execute(JOURNAL.encode())
    conn.execute("ANALYZE")
    rows = conn.execute(
        "EXPLAIN (COSTS OFF) SELECT j.id FROM journal j"
        " JOIN data_keys k ON k.id = j.data_key_id WHERE k.complaint_id = %s",
        (uuid4(),),
    )
    found = "\n".join(row[0] for row in rows)
    assert f"{name_of('journal', THIS)}_data_key_id_idx" in found, found
