"""What parties got of attachments: written with the outcome of a call, and shown."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from hub.database import tables as t
from hub.database.engine import Database, Tx
from hub.database.vault import Vault
from hub.domain.attachments import FileState, Lack
from hub.domain.delivery import DeadKind
from hub.domain.lifecycle import ENDED_CASE
from hub.ports import Ended
from schemas.status import Status

_KEY = ("complaint_id", "party", "recipient", "event_id", "n")
_TOLD = ("state", "why", "remote_ref", "at", "attempt_id")
_OVER = (Status.CLOSED, *sorted(ENDED_CASE))
_CONCLUDED = (DeadKind.REFUSED, DeadKind.GAVE_UP)
"""Why a file failed, where the whole call did."""
AT_ONCE = 500
"""Rows in one statement."""


def remote_place(event_id: str, n: int, party: str) -> str:
    """Name the place that a system's own id of a file is sealed for."""
    return f"attachment_deliveries|remote_ref|{event_id}.{n}.{party}"


def store(tx: Tx, vault: Vault, group: Sequence[Ended]) -> None:
    """Write what parties got of files; the last word on a file stands.

    No statement where nobody got any. The rows are written under the locks of their
    cursors, so that nobody else writes them.
    """
    for assumed in (False, True):
        rows: dict[tuple[Any, ...], dict[str, Any]] = {}
        for ended in group:
            for row in _rows(vault, ended, tx.now, assumed=assumed):
                rows[tuple(row[name] for name in _KEY)] = row
        wanted = [rows[key] for key in sorted(rows)]
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            tx.conn.execute(_upsert(tx, some, assumed=assumed))


def _rows(
    vault: Vault, ended: Ended, now: datetime, *, assumed: bool
) -> list[dict[str, Any]]:
    cursor = ended.lease.cursor
    found = []
    for sent in ended.files:
        if sent.assumed is not assumed:
            continue
        row = {
            "complaint_id": cursor.complaint_id,
            "party": cursor.party,
            "recipient": cursor.recipient,
            "event_id": sent.event_id,
            "n": sent.n,
            "state": str(sent.state),
            "why": str(sent.why)[:40],
            "remote_ref": None,
            "at": now,
            "attempt_id": ended.attempt,
        }
        if sent.remote_ref:
            place = remote_place(sent.event_id, sent.n, cursor.party)
            row["remote_ref"] = vault.wrap(place, sent.remote_ref[:1000].encode())
        found.append(row)
    return found


def _upsert(tx: Tx, rows: list[dict[str, Any]], *, assumed: bool) -> sa.Executable:
    """Write rows; what is assumed overwrites only what the hub itself had concluded."""
    insert = postgresql.insert if tx.is_postgresql else sqlite.insert
    new = insert(t.attachment_deliveries).values(rows)
    changed = {name: new.excluded[name] for name in _TOLD}
    ours = t.attachment_deliveries.c.why.in_(_CONCLUDED) if assumed else None
    return new.on_conflict_do_update(
        index_elements=list(_KEY), set_=changed, where=ours
    )


class Attachments:
    """What parties got of attachments; reads only."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def of(self, complaint_id: str) -> list[dict[str, Any]]:
        """List what each party got of a complaint's files, in the order of the log."""
        with self._db.read() as tx:
            return self._shown(
                tx, t.attachment_deliveries.c.complaint_id == complaint_id
            )

    def failed(self, limit: int) -> list[dict[str, Any]]:
        """List files that agencies need and did not get, the oldest first."""
        with self._db.read() as tx:
            return self._shown(tx, needed_and_failed(), limit=limit)

    def unlinked(self) -> bool:
        """Tell whether a file went without a link for want of a public address."""
        d = t.attachment_deliveries.c
        query = sa.select(d.n).where(d.why == Lack.NO_PUBLIC_URL).limit(1)
        with self._db.read() as tx:
            return tx.conn.execute(query).first() is not None

    def _shown(
        self, tx: Tx, where: sa.ColumnElement[bool], limit: int | None = None
    ) -> list[dict[str, Any]]:
        d, e = t.attachment_deliveries.c, t.log.c
        query = (
            sa.select(t.attachment_deliveries, e.seq, e.type)
            .join(
                t.log,
                sa.and_(e.complaint_id == d.complaint_id, e.event_id == d.event_id),
            )
            .where(where)
            .order_by(d.at, e.seq, d.n, d.party)
            .limit(limit)
        )
        return [
            {
                "complaint_id": row.complaint_id,
                "party": row.party,
                "event": row.seq,
                "came_with": row.type,
                "n": row.n,
                "state": row.state,
                "why": row.why,
                "at": row.at,
                "remote_ref": self._remote_ref(row),
                "fetches": row.fetches,
                "fetched_at": row.fetched_at,
            }
            for row in tx.conn.execute(query)
        ]

    def _remote_ref(self, row: Any) -> str:
        if row.remote_ref is None:
            return ""
        place = remote_place(row.event_id, row.n, row.party)
        return self._vault.unwrap(place, row.remote_ref).decode()


def needed_and_failed() -> sa.ColumnElement[bool]:
    """Tell files that failed, where the agency still has something to do."""
    d, leg = t.attachment_deliveries.c, t.legs.c
    theirs = sa.and_(leg.complaint_id == d.complaint_id, leg.agency == d.party)
    a_leg = sa.exists().where(theirs)
    is_open = sa.exists().where(theirs, leg.closed_seq.is_(None))
    # The state as a literal: so the planner can prove the condition of its index.
    failed = d.state == sa.literal_column(f"'{FileState.FAILED}'")
    c = t.complaints.c
    is_over = sa.exists().where(
        c.id == d.complaint_id,
        sa.or_(c.erased_at.is_not(None), c.status.in_(_OVER)),
    )
    return sa.and_(failed, ~is_over, sa.or_(is_open, ~a_leg))


def count_failed() -> sa.Select[Any]:
    """Count the files that agencies need and did not get."""
    count = sa.select(sa.func.count()).select_from(t.attachment_deliveries)
    return count.where(needed_and_failed())


def lines(tx: Tx, complaint_id: str) -> list[dict[str, Any]]:
    """Say what parties got of files, for the timeline of one complaint."""
    d, e = t.attachment_deliveries.c, t.log.c
    rows = tx.conn.execute(
        sa.select(t.attachment_deliveries, e.seq)
        .join(
            t.log, sa.and_(e.complaint_id == d.complaint_id, e.event_id == d.event_id)
        )
        .where(d.complaint_id == complaint_id)
    )
    return [
        {
            "at": row.at,
            "what": f"attachment {row.n} of event {row.seq}",
            "who": row.party,
            "detail": f"{row.state} {row.why}".strip(),
        }
        for row in rows
    ]
