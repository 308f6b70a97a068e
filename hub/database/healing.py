"""Healing drift: what one difference needs, in one transaction."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.audit import note
from hub.database.engine import Tx
from hub.database.journal import SqlJournal
from hub.database.letters import FRESH
from hub.database.quarantine import keep_reference, lock_waiting, work_again
from hub.database.vault import Vault
from hub.domain.drift import Drift, Heal
from schemas.raw import RawMessage

ALREADY = "nothing: it was done already"
BUSY = "nothing: it is being told something right now; try again"
MOVED = "nothing: it moved since; compare again"


class Healing:
    """One difference at a time. What was done already changes nothing."""

    def __init__(self, vault: Vault, journal: SqlJournal) -> None:
        self._vault = vault
        self._journal = journal

    def heal(self, tx: Tx, agency: str, one: Drift, by: str, reason: str) -> str:
        """Do what a difference needs; returns what was done."""
        match one.heal:
            case Heal.HEAR:
                did = self._hear(tx, agency, one)
            case Heal.TELL:
                did = self._tell(tx, agency, one)
            case Heal.HAND_OVER:
                did = self._hand_over(tx, agency, one)
            case Heal.NAME:
                did = self._name(tx, agency, one)
            case Heal.WAKE:
                did = self._wake(tx, agency, one)
            case Heal.OPERATOR:
                return ""
        note(
            tx,
            by=by,
            action="drift_healed",
            subject=one.complaint_id,
            reason=reason,
            detail={"agency": agency, "kind": one.kind, "heal": one.heal, "did": did},
        )
        return did

    def _hear(self, tx: Tx, agency: str, one: Drift) -> str:
        """Let the agency's view come in as if it had told it."""
        view = one.view
        if view is None or _has_moved(tx, agency, one):
            return MOVED
        at = view.updated_at.isoformat() if view.updated_at else ""
        key = (one.complaint_id, str(one.assignment_no), view.raw_status, at)
        raw = RawMessage(
            source=f"reconcile:{agency}",
            lane=f"updates.{agency}",
            source_key="\x1f".join((*key, view.event_type, str(one.from_seq))),
            body=view.model_dump_json().encode(),
            content_type="application/json",
            expects_complaint=False,
        )
        new = self._journal.accept_in(tx, [raw])
        return f"its word {one.theirs} comes in" if new else ALREADY

    def _tell(self, tx: Tx, agency: str, one: Drift) -> str:
        """Let what put the leg where it stands be sent again, with a new key."""
        row = _cursor(tx, agency, one)
        if row is None:
            return MOVED
        if row.delivered_seq < one.from_seq or row.due_at is not None:
            return self._wake(tx, agency, one)
        if _is_busy(row, tx.now):
            return BUSY
        _rewind(tx, row, one.from_seq - 1)
        return f"it is told again from event {one.from_seq}"

    def _hand_over(self, tx: Tx, agency: str, one: Drift) -> str:
        """Let it be submitted anew; its old reference is kept beside."""
        row = _cursor(tx, agency, one)
        index = self._vault.blind(f"reference:{agency}", one.reference)
        if row is None or row.reference_index is None:
            return ALREADY
        if bytes(row.reference_index) != index:
            return MOVED
        if _is_busy(row, tx.now):
            return BUSY
        keep_reference(
            tx,
            self._vault,
            (row.complaint_id, agency, row.assignment_no),
            one.reference,
        )
        leg = t.legs.c
        opened = tx.conn.execute(
            sa.select(leg.opened_seq).where(
                leg.complaint_id == row.complaint_id,
                leg.agency == agency,
                leg.assignment_no == row.assignment_no,
            )
        ).scalar_one()
        _rewind(tx, row, opened - 1, reference=None, reference_index=None)
        return "it is handed over again"

    def _name(self, tx: Tx, agency: str, one: Drift) -> str:
        """Keep the reference under which the agency has it, and work what waits."""
        c = t.cursors.c
        index = self._vault.blind(f"reference:{agency}", one.reference)
        lock_waiting(tx, index)  # journal rows come before cursors
        row = tx.conn.execute(
            sa.select(t.cursors)
            .where(c.complaint_id == one.complaint_id, c.party == agency)
            .with_for_update(key_share=True)
        ).one_or_none()
        if row is None:
            return MOVED
        if row.reference_index is None:
            return (
                f"nothing: its hand-over is {row.state}; "
                "simpul held resolve ID --reference REF"
            )
        place = (row.complaint_id, agency, row.assignment_no)
        if not keep_reference(tx, self._vault, place, one.reference):
            return ALREADY
        work_again(tx, index)
        return "its other reference is known now"

    def _wake(self, tx: Tx, agency: str, one: Drift) -> str:
        c = t.cursors.c
        woken = tx.conn.execute(
            sa.update(t.cursors)
            .where(
                c.complaint_id == one.complaint_id,
                c.party == agency,
                c.recipient == "",
                c.state == "active",
                c.due_at.is_not(None),
            )
            .values(due_at=tx.now, hinted_at=None)
        )
        return "what waits goes now" if _count(woken) else MOVED


def _has_moved(tx: Tx, agency: str, one: Drift) -> bool:
    """Tell whether a leg stands elsewhere than when it was compared."""
    leg = t.legs.c
    status = tx.conn.execute(
        sa.select(leg.status).where(
            leg.complaint_id == one.complaint_id,
            leg.agency == agency,
            leg.assignment_no == one.assignment_no,
        )
    ).scalar_one_or_none()
    return status != one.ours


def _cursor(tx: Tx, agency: str, one: Drift) -> Any:
    """Lock the cursor of a case; None where it is not as it was compared."""
    c = t.cursors.c
    return tx.conn.execute(
        sa.select(t.cursors)
        .where(
            c.complaint_id == one.complaint_id,
            c.party == agency,
            c.recipient == "",
            c.assignment_no == one.assignment_no,
            c.state == "active",
        )
        .with_for_update(key_share=True)
    ).one_or_none()


def _is_busy(row: Any, now: datetime) -> bool:
    leased = row.lease_until is not None and row.lease_until >= now
    return leased or row.sending_to_seq is not None


def _rewind(tx: Tx, row: Any, delivered_seq: int, **more: Any) -> None:
    c = t.cursors.c
    tx.conn.execute(
        sa.update(t.cursors)
        .where(
            c.complaint_id == row.complaint_id,
            c.party == row.party,
            c.recipient == row.recipient,
        )
        .values(
            **FRESH,
            **more,
            delivered_seq=delivered_seq,
            generation=row.generation + 1,
            last_status_sent="",
            due_at=tx.now,
            hinted_at=None,
        )
    )


def _count(result: Any) -> int:
    return int(getattr(result, "rowcount", 0))
