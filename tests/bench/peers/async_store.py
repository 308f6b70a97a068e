"""Storing one complaint with asyncpg: one transaction, five statements."""

import asyncpg

from tests.bench.peers.job import Rows

SEEN = "INSERT INTO seen (key) VALUES ($1) ON CONFLICT DO NOTHING RETURNING key"
COMPLAINT = """
INSERT INTO complaint
    (id, code, status, category, region, title, body, place, reporter)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
EVENT = """
INSERT INTO event (complaint_id, seq, id, type, author, status_after)
VALUES ($1, $2, $3, $4, $5, $6)
"""
LEG = "INSERT INTO leg (complaint_id, agency, role, status) VALUES ($1, $2, $3, $4)"
CURSOR = """
INSERT INTO cursor (complaint_id, party, lane, delivered_seq, target_seq)
VALUES ($1, $2, $3, $4, $5)
"""


async def store(pool: asyncpg.Pool, rows: Rows) -> bool:
    """Store a complaint; False when it was seen before. Committed when it returns."""
    async with pool.acquire() as connection, connection.transaction():
        if await connection.fetchval(SEEN, rows.key) is None:
            return False
        await connection.execute(COMPLAINT, *rows.complaint)
        await connection.executemany(EVENT, rows.events)
        await connection.executemany(LEG, rows.legs)
        await connection.executemany(CURSOR, rows.cursors)
    return True
