"""The sweep: due rows that no hint told of, by a query on partial indexes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.engine import Database, Tx, retrying
from hub.database.tables.base import ACTIVE

ROWS_MAX = 500
"""Rows of one table in one sweep."""

_KEYS = (
    (t.journal, "id"),
    (t.cursors, "complaint_id"),
    (t.answers, "journal_id"),
    (t.sources, "id"),
)

_PAUSED = sa.select(t.parties.c.party).where(t.parties.c.state == "paused")
"""Their rows stay due, and are found when the party is resumed."""


class SqlDue:
    """Finds due work. Implements `hub.ports.Due`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @retrying
    def sweep(self, rehint_seconds: float) -> list[tuple[str, str, str]]:
        """Find due rows as (lane, id, by) and mark them hinted.

        A row that was never hinted or whose hint is old was found by `sweep`; a
        row that became due by time was found by `timer`.
        """
        with self._db.write() as tx:
            return [
                found
                for table, key in _KEYS
                for found in _sweep(tx, table, key, rehint_seconds)
            ]

    def woken_by(self, journal_ids: Sequence[str]) -> list[tuple[str, str]]:
        """Name as (lane, id) what settled journal rows made due and is due still."""
        j, c, a = t.journal.c, t.cursors.c, t.answers.c
        results = sa.select(j.result_id).where(
            j.id.in_(journal_ids), j.result_kind.in_(("event", "link"))
        )
        with self._db.read() as tx:
            # Results are texts, and only some name complaints: PostgreSQL compares no
            # text with an id, so that they are read first.
            cases = {r for r in tx.conn.execute(results).scalars() if _is_id(r)}
            cursors = tx.conn.execute(
                sa.select(c.lane, c.complaint_id).where(
                    c.complaint_id.in_(sorted(cases)),
                    c.due_at <= tx.now,
                    c.state == ACTIVE,
                )
            ).all()
            answers = tx.conn.execute(
                sa.select(a.lane, a.journal_id).where(
                    a.journal_id.in_(journal_ids),
                    a.due_at <= tx.now,
                    a.state == ACTIVE,
                )
            ).all()
        return [(row[0], row[1]) for row in (*cursors, *answers)]

    @retrying
    def forget_hints(self) -> None:
        """Take every hint as lost: those of a memory broker end with their process."""
        with self._db.write() as tx:
            for table, _ in _KEYS:
                _forget(tx, table)


def _is_id(text: str) -> bool:
    """Tell a complaint's id from the key of a delivery, which a receipt names."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _forget(tx: Tx, table: sa.Table) -> None:
    c = table.c
    tx.conn.execute(
        sa.update(table)
        .where(c.due_at.is_not(None), c.hinted_at.is_not(None))
        .values(hinted_at=None)
    )


def _sweep(
    tx: Tx, table: sa.Table, key: str, rehint_seconds: float
) -> list[tuple[str, str, str]]:
    """Mark and name due rows of one table in one statement."""
    c = table.c
    stale = tx.now - timedelta(seconds=rehint_seconds)
    conditions = [
        c.due_at.is_not(None),
        c.due_at <= tx.now,
        sa.or_(c.hinted_at.is_(None), c.hinted_at < stale, c.hinted_at < c.due_at),
    ]
    if "lease_until" in c:
        conditions.append(sa.or_(c.lease_until.is_(None), c.lease_until < tx.now))
        conditions.append(c.state == ACTIVE)
        conditions.append(c.party.not_in(_PAUSED))
    names = [column.name for column in table.primary_key.columns]
    due = (
        sa.select(*(c[name] for name in names))
        .where(*conditions)
        # Who was told of least recently comes first: one backlog starves no other.
        .order_by(c.hinted_at.asc().nulls_first(), c.due_at)
        .limit(ROWS_MAX)
        .with_for_update(key_share=True, skip_locked=True)
        .cte("due")
    )
    rows = tx.conn.execute(
        sa.update(table)
        .where(sa.tuple_(*(c[n] for n in names)).in_(sa.select(*due.c)))
        .values(hinted_at=tx.now)
        .returning(c.lane, c[key].label("id"), c.due_at)
    ).all()
    return [(row.lane, row.id, _by(tx, row.due_at, rehint_seconds)) for row in rows]


def _by(tx: Tx, due_at: datetime, rehint_seconds: float) -> str:
    late = tx.now - due_at > timedelta(seconds=rehint_seconds)
    return "sweep" if late else "timer"
