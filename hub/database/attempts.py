"""Attempts: every call to a party, with what was sent and what came back."""

from typing import Any

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub.database import tables as t
from hub.database.engine import Tx
from hub.domain.delivery import PlanKind
from hub.ports import Ended

_EFFECTS = ("done", "found", "pending")
"""Outcomes of calls that had their effect, or a part of it."""


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
            sa.or_(
                c.outcome.in_(("unknown", "not_found")),
                # The hub went on with it as unknown; its own word came too late.
                sa.and_(c.evidence_only, c.outcome.in_(_EFFECTS)),
            ),
            *same,
        )
        .order_by(c.id.desc())
        .limit(1)
    )
    return tx.conn.execute(query).scalar_one_or_none() not in {None, "not_found"}


def begun_mapping(tx: Tx, row: Any, letter: Any, seq: int) -> str:
    """Name the mapping of a letter's event that may be done; empty: begin anew.

    `seq` is the event's: each of a letter's events has a key of its own.
    """
    c = t.attempts.c
    query = (
        sa.select(c.mapping_version)
        .where(
            c.subject_id == row.complaint_id,
            c.party == row.party,
            c.recipient == row.recipient,
            c.step == PlanKind.DEAD_LETTER,
            c.first_seq == seq,
            c.started_at >= letter.changed_at,
            c.outcome.in_(("unknown", "pending")),
        )
        .order_by(c.id.desc())
        .limit(1)
    )
    return str(tx.conn.execute(query).scalar_one_or_none() or "")


def skip_row(tx: Tx, ended: Ended) -> dict[str, Any]:
    """Make the row of what was passed over without a call; it has no key."""
    cursor, plan = ended.lease.cursor, ended.plan
    return {
        "id": str(uuid7()),
        "subject_id": cursor.complaint_id,
        "party": cursor.party,
        "recipient": cursor.recipient,
        "epoch": ended.lease.epoch,
        "step": plan.kind,
        "key": "",
        "first_seq": plan.from_seq,
        "last_seq": plan.to_seq,
        "mapping_version": "",
        "started_at": tx.now,
        "data_key_id": ended.case.key[0] if ended.case is not None else None,
        "request": None,
    }
