"""What waits per lane, from the database: quorum queues do not tell the age."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.engine import Database, Tx
from hub.database.tables.base import ACTIVE

_TABLES = (t.journal, t.cursors, t.answers, t.sources)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Rows of one lane that want work."""

    lane: str
    due: int
    """Rows that are due now."""
    oldest_seconds: float
    """How long the oldest of them is due."""
    later: int
    """Rows that become due at a later time: retries, orphans, waits."""


def backlog(db: Database) -> list[Waiting]:
    """Count what waits, by lane; only partial indexes are read."""
    with db.read() as tx:
        found: dict[str, list[Any]] = {}
        for table in _TABLES:
            for row in _rows(tx, table):
                found.setdefault(row.lane, []).append(row)
        return [_sum(tx, lane, rows) for lane, rows in sorted(found.items())]


def clocks_due(db: Database) -> int:
    """Count complaints with a step of a deadline that is due; by its partial index."""
    c = t.complaints.c
    with db.read() as tx:
        counted = sa.select(sa.func.count()).where(
            c.next_clock_at.is_not(None), c.next_clock_at <= tx.now
        )
        return int(tx.conn.execute(counted).scalar_one())


def overdue(db: Database) -> int:
    """Count complaints that are over a limit; by its partial index."""
    with db.read() as tx:
        counted = sa.select(sa.func.count()).where(t.complaints.c.overdue)
        return int(tx.conn.execute(counted).scalar_one())


def _rows(tx: Tx, table: sa.Table) -> Any:
    c = table.c
    conditions: list[sa.ColumnElement[bool]] = [c.due_at.is_not(None)]
    if "lease_until" in c:
        conditions.append(c.state == ACTIVE)
    now = sa.literal(tx.now, c.due_at.type)
    is_due = sa.case((c.due_at <= now, 1), else_=0)
    return tx.conn.execute(
        sa.select(
            c.lane,
            sa.func.count().label("rows"),
            sa.func.sum(is_due).label("due"),
            sa.func.min(c.due_at).label("oldest"),
        )
        .where(*conditions)
        .group_by(c.lane)
    ).all()


def _sum(tx: Tx, lane: str, rows: list[Any]) -> Waiting:
    due = sum(int(row.due) for row in rows)
    oldest: datetime = min(row.oldest for row in rows)
    age = max(0.0, (tx.now - oldest).total_seconds()) if due else 0.0
    total = sum(row.rows for row in rows)
    return Waiting(lane, due, round(age, 1), total - due)
