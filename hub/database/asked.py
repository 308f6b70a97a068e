"""How it goes with what is asked; reads only."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.engine import Tx
from hub.domain.polling import skew_hint


def listed(tx: Tx) -> list[dict[str, Any]]:
    """List sources, and how it goes with each; ages and skew in seconds."""
    rows = tx.conn.execute(sa.select(t.sources).order_by(t.sources.c.source)).all()
    return [_listed(row, tx.now) for row in rows]


def _listed(row: Any, now: datetime) -> dict[str, Any]:
    skew = None if row.skew_ms is None else row.skew_ms / 1000
    return {
        "source": row.source,
        "party": row.party,
        "kind": row.kind,
        "state": row.state,
        "every_seconds": row.every_s,
        "last_success_at": row.last_success_at,
        "age_seconds": round(
            (now - (row.last_success_at or row.since)).total_seconds(), 1
        ),
        "skew_seconds": skew,
        "failures": row.failures,
        "misconfigured": row.is_misconfigured,
        "why": row.why,
        "hint": skew_hint(skew),
        "due_at": row.due_at,
    }


def misconfigured(tx: Tx) -> Sequence[Any]:
    """Read (party, why) of what is asked by a way that is wrong."""
    c = t.sources.c
    query = sa.select(c.party, c.why).where(c.is_misconfigured, c.state == "active")
    return tx.conn.execute(query).all()
