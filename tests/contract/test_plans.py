"""Hot statements have one plan, however large or unknown the tables are."""

import re
from collections.abc import Iterator

import psycopg
import pytest

from hub.database import case_files, leases, parties, sending, settling_rows
from hub.database.hot import leasing
from hub.database.hot.batch import ORDER
from hub.database.hot.pipeline import ONE_PLAN
from hub.database.hot.statements import LOCK, READING, writing
from tests.contract.grown import JOURNAL
from tests.services.postgres import Postgres, connect

CHANGES = [writing(sheet) for sheet in ORDER if sheet.key]
LOOKS = [
    look.statement
    for look in (
        *settling_rows.SETTLING,
        settling_rows.EVENTS,
        settling_rows.KEYS,
        *case_files.CASES,
        sending.HELD_CURSORS,
        sending.HELD_ANSWERS,
        leases.REQUESTED,
        parties.LOCKED,
    )
]
LEASING = [*leasing.DUE, leasing.RUNNING]
HOT = [*READING, *CHANGES, *LOOKS, *LEASING]
OF_THE_LOG = re.compile('(FROM|UPDATE) "log"')
"""Two indexes of the log begin with the complaint: both are quick."""
FILL = f"""
{JOURNAL}INSERT INTO contact_state (kind, hmac, opted_out)
SELECT 'email', code::bytea, true FROM journal;
INSERT INTO complaints (id, code, public_number, head_seq, status, type, channel,
                        anonymous, confidential, data_key_id, received_at)
SELECT complaint_id, code, public_number, 1, 'received', 'complaint', 'web', true, true,
       data_key_id, now() FROM journal;
INSERT INTO log (complaint_id, seq, event_id, type, author_kind, author_id, cause_kind,
                 cause_id, cause_no, occurred_at, recorded_at, status_after, facts,
                 data_key_id)
SELECT id, n, gen_random_uuid(), 'received', 'rule', 'r', 'journal', code, n, now(),
       now(), 'received', '{{}}', data_key_id
  FROM complaints CROSS JOIN generate_series(1, 4) AS n;
INSERT INTO reporters (complaint_id, id, level, data_key_id)
SELECT id, gen_random_uuid(), 'none', data_key_id FROM complaints;
INSERT INTO parties (party, kind, lane) SELECT 'p' || n, 'agency', 'deliver.p' || n
  FROM generate_series(1, 600) AS n;
INSERT INTO cursors (complaint_id, party, recipient, lane, state, delivered_seq,
                     target_seq, due_at, lease_until)
SELECT id, 'p' || head_seq, '', 'deliver.p' || head_seq, 'active', 0, 1, now(),
       CASE WHEN code LIKE '%7' THEN now() END FROM complaints;
INSERT INTO answers (journal_id, n, party, lane, data_key_id, template, state, key,
                     due_at, lease_until)
SELECT id, 1, 'p' || head_seq, 'deliver.p' || head_seq, data_key_id, 't', 'active', 'k',
       now(), CASE WHEN code LIKE '%7' THEN now() END FROM complaints;
INSERT INTO attempts (id, subject_id, party, recipient, epoch, step, key, first_seq,
                      last_seq, mapping_version, started_at, data_key_id)
SELECT gen_random_uuid(), id, 'p1', '', 1, 'send', code, 1, 1, '', now(), data_key_id
  FROM complaints;
INSERT INTO dead_letters (id, complaint_id, party, recipient, kind, first_seq, last_seq,
                          is_submit, key, why, fingerprint, state, created_at,
                          changed_at)
SELECT gen_random_uuid(), id, 'p1', '', 'held', 1, 1, false, '', '', '', 'open', now(),
       now() FROM complaints;
UPDATE journal SET waiting_for = code::bytea WHERE code LIKE '%77';
"""  # noqa: S608 - a number of ours


Stages = dict[str, dict[str, list[str]]]
"""Stage of the database -> statement -> every way in which a table is read."""


@pytest.fixture(scope="module")
def stages(postgres_server: Postgres, postgres_template: str) -> Iterator[Stages]:
    url = postgres_server.create_database(template=postgres_template)
    with connect(url) as conn:
        seen = {"never looked at": _plans(conn)}
        conn.execute("ANALYZE")
        seen["empty"] = _plans(conn)
        conn.execute(FILL.encode())
        seen["grown since"] = _plans(conn)
        conn.execute("ANALYZE")
        seen["large"] = _plans(conn)
        yield seen
    postgres_server.drop_database(url)


def _plans(conn: psycopg.Connection) -> dict[str, list[str]]:
    return {sql: essence(plan(conn, sql)) for sql in HOT}


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


@pytest.mark.parametrize("sql", HOT)
def test_a_hot_statement_has_one_plan(stages: Stages, sql: str) -> None:
    seen = {name: plans[sql] for name, plans in stages.items()}
    for name, lines in seen.items():
        text = "\n".join(lines)
        assert "Seq Scan" not in text, f"{name}: {text}"
        assert "Hash" not in text, f"{name}: {text}"
        assert "Merge" not in text, f"{name}: {text}"
    if sql not in {LOCK, leasing.RUNNING} and not OF_THE_LOG.search(sql):
        found = {"\n".join(lines) for lines in seen.values()}
        assert len(found) == 1, "\n---\n".join(found)
