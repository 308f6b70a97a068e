"""The audit trail: what people did, with who, when and why."""

from typing import Any

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub.database import tables as t
from hub.database.engine import Tx


def note(
    tx: Tx,
    *,
    by: str,
    action: str,
    subject: str,
    reason: str = "",
    detail: dict[str, Any] | None = None,
) -> None:
    """Record one action inside the transaction that carries it out."""
    tx.conn.execute(
        sa.insert(t.audit).values(
            id=str(uuid7()),
            at=tx.now,
            by=by[:100],
            action=action,
            subject=subject[:200],
            reason=reason[:300],
            detail=detail or {},
        )
    )
