"""Dead letters: deliveries that were set aside, and how they are sent again.

A letter of a later event that an operator asked for again is tried with the lease of
its cursor, one letter at a time, in order. Meanwhile the cursor's columns of failed
tries are the letter's, until another event takes the turn.
"""

from typing import Any

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub.database import tables as t
from hub.database.engine import Tx
from hub.database.projection import told_seqs
from hub.domain.delivery import CursorState, Plan, PlanKind
from hub.domain.settlement import RESTS, Settlement
from hub.ports import Lease

RETRYING = "retrying: "
"""How the reason of a letter begins that is tried again without an operator."""
FRESH: dict[str, Any] = {
    "progress": None,
    "lookups": 0,
    "resends": 0,
    "failures": 0,
    "failing_since": None,
    "party_stopped_s": 0.0,
}
"""What a cursor keeps of failed tries, when there were none."""
UNFROZEN: dict[str, Any] = FRESH | {
    "sending_from_seq": None,
    "sending_to_seq": None,
    "sending_step": "call",
    "sending_key": "",
    "sending_mapping": "",
    "sending_dead_letter_id": None,
    "due_at": None,
    "hinted_at": None,
}
"""What a cursor has of a range, when none is frozen."""
_FAILED = ("retry", "unknown")
"""Outcomes after which a letter is tried again with more distance."""


def set_aside(tx: Tx, lease: Lease, plan: Plan, settlement: Settlement) -> None:
    """Write a dead letter; one that was asked for again is open again."""
    cursor, c = lease.cursor, t.dead_letters.c
    values = {
        "kind": settlement.dead,
        "why": settlement.why[:300],
        "fingerprint": settlement.fingerprint[:200],
        "state": "open",
        "changed_at": tx.now,
    }
    again = tx.conn.execute(
        sa.update(t.dead_letters)
        .where(
            c.complaint_id == cursor.complaint_id,
            c.party == cursor.party,
            c.recipient == cursor.recipient,
            c.first_seq == plan.from_seq,
            c.last_seq == plan.to_seq,
            c.state == "requested",
        )
        .values(**values, failed_again=c.failed_again + 1)
    )
    if again.rowcount:
        return
    tx.conn.execute(
        sa.insert(t.dead_letters).values(
            **values,
            id=str(uuid7()),
            complaint_id=cursor.complaint_id,
            party=cursor.party,
            recipient=cursor.recipient,
            first_seq=plan.from_seq,
            last_seq=plan.to_seq,
            is_submit=settlement.state is not CursorState.ACTIVE,
            key=cursor.sending_key,
            created_at=tx.now,
        )
    )


def resolve_hand_over(tx: Tx, lease: Lease) -> None:
    """Resolve the letters of a hand-over that was retried and went through."""
    cursor, c = lease.cursor, t.dead_letters.c
    tx.conn.execute(
        sa.update(t.dead_letters)
        .where(
            c.complaint_id == cursor.complaint_id,
            c.party == cursor.party,
            c.is_submit.is_(True),
            c.state.in_(("open", "requested")),
        )
        .values(state="resolved", changed_at=tx.now)
    )


def end_with_assignment(tx: Tx, complaint_id: str, party: str) -> None:
    """Close the letters of an assignment that ended: the agency gets the case anew.

    Sent again, they would speak of a case that the agency calls otherwise by now.
    """
    c = t.dead_letters.c
    tx.conn.execute(
        sa.update(t.dead_letters)
        .where(
            c.complaint_id == complaint_id,
            c.party == party,
            c.state.in_(("open", "requested")),
        )
        .values(
            state="discarded",
            by="reassignment",
            reason="the agency was given the case again",
            changed_at=tx.now,
        )
    )


# late retries; `row` is the locked row of their cursor


def is_final(settlement: Settlement) -> bool:
    """Tell whether a late retry is over: it went through, or an operator decides."""
    return settlement.forward_to is not None or settlement.dead is not None


def write_late(tx: Tx, row: Any, plan: Plan, settlement: Settlement) -> None:
    """Write the outcome of a late retry to its letter, and nowhere else.

    A letter of many events is sent event by event; it is resolved by its last. What
    will be tried again stays requested, since the time of the request.
    """
    c = t.dead_letters.c
    if settlement.dead is not None:
        values: dict[str, Any] = {
            "state": "open",
            "kind": settlement.dead,
            "why": settlement.why[:300],
            "fingerprint": settlement.fingerprint[:200],
            "failed_again": c.failed_again + 1,
            "changed_at": tx.now,
        }
    elif settlement.outcome == RESTS:
        return
    elif settlement.forward_to is None:
        reason = settlement.why or settlement.outcome
        values = {"why": f"{RETRYING}{reason}"[:300]}
    elif rest := _rest(tx, row, plan):
        values = {"first_seq": rest[0], "changed_at": tx.now}
    else:
        values = {"state": "resolved", "changed_at": tx.now}
    tx.conn.execute(
        sa.update(t.dead_letters)
        .where(c.id == row.sending_dead_letter_id)
        .values(**values)
    )


def _rest(tx: Tx, row: Any, plan: Plan) -> list[int]:
    last = tx.conn.execute(
        sa.select(t.dead_letters.c.last_seq).where(
            t.dead_letters.c.id == row.sending_dead_letter_id
        )
    ).scalar_one_or_none()
    first = plan.to_seq + 1
    if last is None or first > last:
        return []
    return told_seqs(tx, row.complaint_id, row.party, first, last)


def next_requested(tx: Tx, row: Any) -> Any:
    """Find the letter that the next lease of a cursor will take; None: there is none.

    A lease takes it only while no range is frozen.
    """
    c = t.dead_letters.c
    return tx.conn.execute(
        sa.select(t.dead_letters)
        .where(
            c.complaint_id == row.complaint_id,
            c.party == row.party,
            c.recipient == row.recipient,
            c.state == "requested",
            c.is_submit.is_(False),
        )
        .order_by(c.first_seq)
        .limit(1)
    ).one_or_none()


def failed_tries(tx: Tx, row: Any, letter: Any) -> tuple[int, Any]:
    """Count a letter's failed tries since it was asked for; the instant of the first.

    Read from the attempts, because the cursor's own columns served others meanwhile.
    """
    a = t.attempts.c
    found = tx.conn.execute(
        sa.select(sa.func.count().label("n"), sa.func.min(a.ended_at).label("since"))
        .select_from(t.attempts)
        .where(
            a.subject_id == row.complaint_id,
            a.party == row.party,
            a.recipient == row.recipient,
            a.step == PlanKind.DEAD_LETTER,
            a.first_seq.between(letter.first_seq, letter.last_seq),
            a.started_at >= letter.changed_at,
            # A loser's call was settled as unknown before its own word came.
            sa.or_(a.outcome.in_(_FAILED), a.evidence_only),
        )
    ).one()
    return found.n, found.since
