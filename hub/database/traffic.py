"""Past traffic of one agency: what it was told and what it said, newest first."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.cursor_rows import CLOSED, cursor_of
from hub.database.engine import Database, Tx
from hub.database.rows import open_row
from hub.database.vault import Vault
from hub.domain.delivery import Plan, PlanKind
from hub.ports import JournalRow, Lease
from schemas.parties import PartyKind

_MADE = ("submit", "send")


@dataclass(frozen=True)
class Window:
    """Which traffic: from an instant to before another, so many of each at most."""

    since: datetime
    until: datetime
    limit: int


@dataclass(frozen=True)
class Told:
    """One delivery that was tried."""

    lease: Lease
    plan: Plan


@dataclass(frozen=True)
class Said:
    """One message of the agency."""

    row: JournalRow
    complaint_id: str | None
    quarantined: bool


class SqlTraffic:
    """Reads only, and leases nothing."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def told(self, party: str, window: Window) -> Iterator[Told | None]:
        """Give each delivery to an agency once, by its key; None: its keys are gone."""
        a, c = t.attempts.c, t.cursors.c
        with self._db.read() as tx:
            rows = tx.conn.execute(
                sa.select(a.subject_id, a.step, a.key, a.first_seq, a.last_seq)
                .where(
                    a.id >= first_id(window.since),
                    a.id < first_id(window.until),
                    a.party == party,
                    a.step.in_(_MADE),
                )
                .order_by(a.id.desc())
                .limit(window.limit)
            ).all()
        once = {(row.subject_id, row.key): row for row in rows}
        for row in once.values():
            with self._db.read() as tx:
                cursor = tx.conn.execute(
                    sa.select(t.cursors).where(
                        c.complaint_id == row.subject_id, c.party == party
                    )
                ).first()
                yield None if cursor is None else self._told(tx, cursor, row)

    def _told(self, tx: Tx, row: Any, attempt: Any) -> Told | None:
        try:
            cursor = cursor_of(tx, self._vault, row, None)
        except CLOSED:
            return None
        kind = PlanKind(attempt.step)
        cursor = replace(
            cursor,
            sending_key=attempt.key,
            reference="" if kind is PlanKind.SUBMIT else cursor.reference,
            progress=b"",
        )
        lease = Lease(cursor, PartyKind.AGENCY, row.lane, 0, "", 0)
        plan = Plan(kind, attempt.first_seq, attempt.last_seq, frozen=True)
        return Told(lease, plan)

    def said(self, party: str, window: Window) -> Iterator[Said]:
        """Give the messages of an agency, those of a page one by one."""
        j = t.journal.c
        with self._db.read() as tx:
            rows = tx.conn.execute(
                sa.select(j.id, j.complaint_id, j.state)
                .where(
                    j.id >= first_id(window.since),
                    j.id < first_id(window.until),
                    j.lane == f"updates.{party}",
                    j.state != "split",
                )
                .order_by(j.id.desc())
                .limit(window.limit)
            ).all()
        for row in rows:
            with self._db.read() as tx:
                opened = open_row(tx, self._vault, row.id)
            if opened is not None:
                yield Said(opened, row.complaint_id, row.state == "quarantined")

    def open_cases(self, party: str) -> int:
        """Count the agency's cases that are not closed."""
        leg = t.legs.c
        with self._db.read() as tx:
            query = sa.select(sa.func.count()).where(
                leg.agency == party, leg.closed_seq.is_(None)
            )
            return int(tx.conn.execute(query).scalar_one())


def first_id(at: datetime) -> str:
    """Give the least UUIDv7 of an instant: ids are read by their time."""
    found = f"{int(at.timestamp() * 1000):012x}"
    return f"{found[:8]}-{found[8:]}-7000-8000-000000000000"
