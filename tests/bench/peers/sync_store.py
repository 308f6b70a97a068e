"""Storing one complaint with psycopg: one transaction, five statements."""

import threading
from typing import Any

import psycopg

from tests.bench.peers.job import Rows, database_url

SEEN = "INSERT INTO seen (key) VALUES (%s) ON CONFLICT DO NOTHING"
COMPLAINT = """
INSERT INTO complaint
    (id, code, status, category, region, title, body, place, reporter)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
EVENT = """
INSERT INTO event (complaint_id, seq, id, type, author, status_after)
VALUES (%s, %s, %s, %s, %s, %s)
"""
LEG = "INSERT INTO leg (complaint_id, agency, role, status) VALUES (%s, %s, %s, %s)"
CURSOR = """
INSERT INTO cursor (complaint_id, party, lane, delivered_seq, target_seq)
VALUES (%s, %s, %s, %s, %s)
"""

_mine = threading.local()


def store(rows: Rows) -> bool:
    """Store a complaint; False when it was seen before. Committed when it returns."""
    connection = _connection()
    with connection.transaction(), connection.cursor() as cursor:
        if cursor.execute(SEEN, (rows.key,)).rowcount == 0:
            return False
        cursor.execute(COMPLAINT, rows.complaint)
        cursor.executemany(EVENT, rows.events)
        cursor.executemany(LEG, rows.legs)
        cursor.executemany(CURSOR, rows.cursors)
    return True


def _connection() -> psycopg.Connection[Any]:
    """Give this thread's connection."""
    found: psycopg.Connection[Any] | None = getattr(_mine, "connection", None)
    if found is None or found.closed:
        found = _mine.connection = psycopg.connect(database_url(), autocommit=True)
    return found
