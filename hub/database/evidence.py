"""What attempts show: every call of a complaint, and what was said in one of them."""

import json
from typing import Any

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.audit import note
from hub.database.engine import Database, Tx, retrying
from hub.database.vault import Vault, open_or_none

_LISTED = (
    "id",
    "party",
    "step",
    "first_seq",
    "last_seq",
    "started_at",
    "ended_at",
    "outcome",
    "why",
    "mapping_version",
    "evidence_only",
)


class Evidence:
    """Reads attempts; whoever opens one is recorded."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def attempts(self, complaint_id: str) -> list[dict[str, Any]]:
        """List the calls of a complaint in the order of time, without what was said."""
        c = t.attempts.c
        query = (
            sa.select(*(c[name] for name in _LISTED))
            .where(c.subject_id == complaint_id)
            .order_by(c.started_at, c.id)
        )
        with self._db.read() as tx:
            return [row._asdict() for row in tx.conn.execute(query)]

    @retrying
    def open(
        self, complaint_id: str, attempt: str, by: str, reason: str
    ) -> dict[str, Any] | None:
        """Show what was told in a call, and what came back; the audit trail says who.

        `request` is the delivery as its party may see it, without the files;
        `response` is text, or None where nothing came. Both are None once erased.
        None: the complaint has no such attempt.
        """
        c = t.attempts.c
        with self._db.write() as tx:
            row = tx.conn.execute(
                sa.select(t.attempts).where(
                    c.id == attempt, c.subject_id == complaint_id
                )
            ).one_or_none()
            if row is None:
                return None
            request = self._opened(tx, row, "request")
            response = self._opened(tx, row, "response")
            note(
                tx,
                by=by,
                action="attempt_opened",
                subject=complaint_id,
                reason=reason,
                detail={"attempt": attempt, "party": row.party},
            )
        return {name: getattr(row, name) for name in _LISTED} | {
            "key": row.key,
            "request": None if request is None else json.loads(request),
            "response": None if response is None else response.decode(errors="replace"),
        }

    def _opened(self, tx: Tx, row: Any, column: str) -> bytes | None:
        keys = self._vault.keys(tx.conn, [row.data_key_id])
        place = f"attempts|{column}|{row.id}"
        return open_or_none(keys, place, getattr(row, column))
