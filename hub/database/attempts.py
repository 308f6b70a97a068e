"""Attempts: every call to a party, with what was sent and what came back."""

from typing import Any

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.engine import Tx
from hub.database.vault import Vault
from hub.domain.delivery import PlanKind
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


def may_be_done(tx: Tx, row: Any, letter: Any) -> bool:
    """Tell whether an earlier call of what a cursor sends may have had its effect.

    `letter` is the dead letter that is sent again with the cursor's lease, if any.
    """
    c = t.attempts.c
    same: tuple[sa.ColumnElement[bool], ...]
    if letter is None:
        same = (c.key == row.sending_key, c.step != PlanKind.DEAD_LETTER)
    else:
        same = (
            c.step == PlanKind.DEAD_LETTER,
            c.first_seq.between(letter.first_seq, letter.last_seq),
            c.started_at >= letter.changed_at,
        )
    query = (
        sa.select(c.outcome)
        .where(
            c.subject_id == row.complaint_id,
            c.party == row.party,
            c.recipient == row.recipient,
            c.outcome.in_(("unknown", "not_found")),
            *same,
        )
        .order_by(c.id.desc())
        .limit(1)
    )
    return bool(tx.conn.execute(query).scalar_one_or_none() == "unknown")
