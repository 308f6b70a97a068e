"""Attempts: every call to a party, with what was sent and what came back."""

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.engine import Tx
from hub.database.vault import Vault
from hub.domain.settlement import Settlement


def end_attempt(
    tx: Tx,
    vault: Vault,
    settlement: Settlement,
    attempt: str | None,
    *,
    evidence_only: bool,
) -> None:
    """Write what came of an attempt; `evidence_only` when its lease was lost."""
    if attempt is None:
        return
    c = t.attempts.c
    key_id = tx.conn.execute(
        sa.select(c.data_key_id).where(c.id == attempt)
    ).scalar_one()
    key = vault.keys(tx.conn, [key_id]).get(key_id)
    response = None
    if settlement.response and key is not None:
        response = key.seal(f"attempts|response|{attempt}", settlement.response[:65536])
    tx.conn.execute(
        sa.update(t.attempts)
        .where(c.id == attempt)
        .values(
            ended_at=tx.now,
            outcome=settlement.outcome,
            why=settlement.why[:300],
            fingerprint=settlement.fingerprint[:200],
            evidence_only=evidence_only,
            response=response,
        )
    )
