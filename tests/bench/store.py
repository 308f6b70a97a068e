"""Ten million cursors, thirty million events: are sweep and gauges still quick?

`python -m tests.bench.store [millions of cursors]`. The rows are generated inside
PostgreSQL; what is measured is the hub's own sweep and backlog on them, and the plans
of their statements. The journal has a row of each complaint, over three years of
months. Needs about 25 GB of disk; all of it is removed.
"""

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg
import sqlalchemy as sa
from sqlalchemy import event

from hub.database.backlog import backlog
from hub.database.due import SqlDue
from hub.database.engine import Database
from hub.database.migrate import upgrade
from hub.database.partitions import first_id, following, make_months
from tests.services.postgres import PrivatePostgres, connect

CURSORS_PER_COMPLAINT, EVENTS_PER_COMPLAINT = 2.5, 7.5
PARTIES = 650
LAGGING, LATER = 5_000, 20_000
"""Cursors that are due now, and those that wait for a later try."""
RUNS = 30
GATE_MS = 10

COMPLAINTS = """
INSERT INTO complaints
       (id, code, public_number, head_seq, status, type, channel, anonymous,
        confidential, data_key_id, received_at)
SELECT {complaint}, lpad(to_hex(n), 12, '0'), lpad(n::text, 15, '0'), 7,
       'in_progress', 'complaint', 'web', false, false, {complaint},
       now() - n * interval '1 second'
  FROM generate_series(%(first)s::bigint, %(last)s) AS n
"""
EVENTS = """
INSERT INTO log
       (complaint_id, seq, event_id, position, type, author_kind, author_id,
        cause_kind, cause_id, cause_no, occurred_at, recorded_at, status_after, facts,
        sealed, data_key_id)
SELECT {complaint}, seq, gen_random_uuid(), n * 8 + seq, 'followed_up', 'agency',
       'agency1', 'journal', {complaint}::text, seq, now(), now(), 'in_progress',
       '{{"agency": "agency1"}}', decode(repeat('ab', 80), 'hex'), {complaint}
  FROM generate_series(%(first)s::bigint, %(last)s) AS n,
       generate_series(1, 7 + (n %% 2)::int) AS seq
"""
CURSORS = """
INSERT INTO cursors
       (complaint_id, party, recipient, lane, state, delivered_seq, target_seq)
SELECT {complaint}, 'agency' || ((n + p * 7) %% {parties}), '',
       'deliver.agency' || ((n + p * 7) %% {parties}), 'active', 7, 7
  FROM generate_series(%(first)s::bigint, %(last)s) AS n,
       generate_series(1, 2 + (n %% 2)::int) AS p
"""
DUE = """
UPDATE cursors SET target_seq = 8, due_at = now() + %(when)s * interval '1 second',
       hinted_at = now() - interval '1 hour'
 WHERE complaint_id IN
       (SELECT {complaint} FROM generate_series(1, %(all)s::bigint, %(step)s) AS n)
"""
JOURNAL = """
INSERT INTO journal
       (id, lane, source, received_at, state, data_key_id, content_hash, complaint_id,
        raw_sha256, position)
SELECT ('{month}-7000-' || lpad(to_hex(n >> 48 | 32768), 4, '0') || '-'
        || lpad(to_hex(n), 12, '0'))::uuid,
       'intake.web', 'web', now(), 'done', {complaint},
       decode(repeat('ab', 32), 'hex'), {complaint}, decode(repeat('ab', 32), 'hex'), n
  FROM generate_series(%(first)s::bigint, %(last)s) AS n
"""
COMPLAINT = "('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid"
STEP = 200_000
MONTHS = 36


def _fill(conn: psycopg.Connection, complaints: int) -> None:
    # Rows come in the order of their keys, so that indexes grow at their ends.
    for name, sql in (("complaints", COMPLAINTS), ("events", EVENTS)):
        with _timed(name):
            _chunks(conn, sql, 1, complaints)
    with _timed("journal"):
        _journal(conn, complaints)
    with _timed("cursors"):
        _chunks(conn, CURSORS, 1, complaints)
    for count, when in ((LAGGING, -30), (LATER, 3600)):
        step = max(1, int(complaints * CURSORS_PER_COMPLAINT / count))
        conn.execute(
            DUE.format(complaint=COMPLAINT).encode(),
            {"when": when, "all": complaints, "step": step},
        )
    with _timed("vacuum and analyze"):
        conn.execute("VACUUM ANALYZE")


def _journal(conn: psycopg.Connection, complaints: int) -> None:
    """Spread rows evenly over the months until now."""
    this = datetime.now(UTC).date().replace(day=1)
    for n in range(MONTHS):
        month = following(this, n + 1 - MONTHS)
        first = complaints * n // MONTHS + 1
        text = JOURNAL.replace("{month}", first_id(month)[:13])
        _chunks(conn, text, first, complaints * (n + 1) // MONTHS)


def _chunks(conn: psycopg.Connection, sql: str, begin: int, end: int) -> None:
    text = sql.format(complaint=COMPLAINT, parties=PARTIES).encode()
    for first in range(begin, end + 1, STEP):
        last = min(end, first + STEP - 1)
        conn.execute(text, {"first": first, "last": last})


@contextmanager
def _timed(name: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)


def _months(db: Database) -> None:
    """Make the months that the journal's rows lie in."""
    this = datetime.now(UTC).date().replace(day=1)
    with db.engine.begin() as conn:
        make_months(conn, [following(this, n + 1 - MONTHS) for n in range(MONTHS)])


def _milliseconds(act: Callable[[], object]) -> str:
    found = []
    for _ in range(RUNS):
        began = time.perf_counter()
        act()
        found.append((time.perf_counter() - began) * 1000)
    first, rest = found[0], sorted(found[1:])
    middle = statistics.median(rest)
    verdict = "met" if middle < GATE_MS else "NOT met"
    return (
        f"median {middle:.1f} ms, most {rest[-1]:.1f} ms, first {first:.1f} ms "
        f"(gate {GATE_MS} ms: {verdict})"
    )


def _plans(db: Database, act: Callable[[], object]) -> None:
    """Print the plan of every statement that an action runs; nothing is changed."""
    seen: list[tuple[str, object]] = []

    def keep(
        conn: sa.Connection, cursor: object, sql: str, values: object, *_: object
    ) -> None:
        del conn, cursor
        if "simpul_now" not in sql:
            seen.append((sql, values))

    event.listen(db.engine, "before_cursor_execute", keep)
    act()
    event.remove(db.engine, "before_cursor_execute", keep)
    with db.engine.connect() as conn:
        for sql, values in seen:
            rows = conn.exec_driver_sql(
                f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {sql}",
                values,  # type: ignore[arg-type]
            )
            print("\n".join(f"    {row[0]}" for row in rows))


def main() -> int:
    """Fill, measure, print."""
    millions = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    complaints = int(millions * 1_000_000 / CURSORS_PER_COMPLAINT)
    settings = {
        "shared_buffers": "1GB",
        "maintenance_work_mem": "512MB",
        "max_wal_size": "8GB",
    }
    with PrivatePostgres(settings=settings) as server:
        url = server.create_database()
        upgrade(url)
        db = Database(url)
        _months(db)
        with connect(url) as conn:
            with _timed("all rows"):
                _fill(conn, complaints)
            _sizes(conn)
        due = SqlDue(db)
        # The sweep marks what it finds; an endless distance lets it find all again.
        print(f"sweep:   {_milliseconds(lambda: due.sweep(0.0))}")
        print(f"backlog: {_milliseconds(lambda: backlog(db))}")
        print("plans of the sweep")
        _plans(db, lambda: due.sweep(0.0))
        print("plans of the backlog")
        _plans(db, lambda: backlog(db))
        db.close()
    return 0


def _sizes(conn: psycopg.Connection) -> None:
    found = conn.execute(
        "SELECT root, count(*), sum(rows)::bigint, pg_size_pretty(sum(size)) FROM"
        " (SELECT coalesce(pg_partition_root(oid), oid)::regclass::text AS root,"
        "         reltuples AS rows, pg_total_relation_size(oid) AS size"
        "    FROM pg_class WHERE relkind = 'r') AS parts"
        " WHERE root IN ('complaints', 'log', 'journal', 'cursors')"
        " GROUP BY root ORDER BY root"
    )
    for name, parts, rows, size in found:
        print(f"{name}: {rows:,} rows in {parts} parts, {size} with indexes")
    whole = conn.execute(
        "SELECT pg_size_pretty(pg_database_size(current_database()))"
    ).fetchone()
    print(f"disk: {whole[0] if whole else '?'} and its write-ahead log", flush=True)


if __name__ == "__main__":
    sys.exit(main())
