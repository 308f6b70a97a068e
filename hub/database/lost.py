"""Calls whose outcome nobody wrote: found, and taken over with a new epoch."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.cursor_rows import (
    CLOSED,
    answer_cursor,
    cursor_of,
    row_key,
    tell_closed,
)
from hub.database.engine import Tx
from hub.database.parties import party_of
from hub.database.vault import Vault
from hub.domain.delivery import Plan, PlanKind
from hub.ports import Lease, LostCall
from schemas.parties import PartyKind


def take_lost(tx: Tx, vault: Vault, owner: str, *, sole: bool) -> list[LostCall]:
    """Take over calls whose outcome nobody wrote.

    `sole` says that every other owner is an earlier life of this process.
    """
    if sole:
        _free_idle_leases(tx, owner)
    rows = _lost_rows(tx, owner if sole else None)
    calls: list[LostCall] = []
    for table, row in rows:
        try:
            calls.append(_take_over(tx, vault, owner, table, row))
        except CLOSED as error:  # it is found again when this lease runs out
            tell_closed(row, error)
    return calls


def _lost_rows(tx: Tx, owner: str | None) -> list[tuple[sa.Table, Any]]:
    """Find rows whose lease ran out, or whose holder is gone, while a call was open.

    With `owner` (embedded mode) every other owner is an earlier life of this process.
    """
    found: list[tuple[sa.Table, Any]] = []
    for table in (t.cursors, t.answers):
        c = table.c
        gone: sa.ColumnElement[bool] = c.lease_until < tx.now
        if owner is not None:
            gone = sa.or_(gone, c.lease_owner != owner)
        rows = tx.conn.execute(
            sa.select(table)
            .where(c.lease_until.is_not(None), c.sending_open.is_(True), gone)
            .limit(200)
            .with_for_update(key_share=True, skip_locked=True)
        ).all()
        found += [(table, row) for row in rows]
    return found


def _free_idle_leases(tx: Tx, owner: str) -> None:
    """Free the leases of earlier lives that had no call open (embedded mode)."""
    for table in (t.cursors, t.answers):
        c = table.c
        tx.conn.execute(
            sa.update(table)
            .where(
                c.lease_until.is_not(None),
                c.sending_open.is_(False),
                c.lease_owner != owner,
            )
            .values(lease_until=None, lease_owner=None, lease_epoch=c.lease_epoch + 1)
        )


def _take_over(tx: Tx, vault: Vault, owner: str, table: sa.Table, row: Any) -> LostCall:
    answer = table is t.answers
    tx.conn.execute(
        sa.update(table)
        .where(*row_key(table, row))
        .values(
            lease_epoch=row.lease_epoch + 1,
            lease_owner=owner,
            lease_until=tx.now + timedelta(seconds=60),
        )
    )
    party = tx.conn.execute(
        sa.select(t.parties).where(t.parties.c.party == row.party)
    ).one_or_none()
    lease = Lease(
        cursor=answer_cursor(tx, row)
        if answer
        else cursor_of(tx, vault, row, party_of(party) if party else None),
        kind=PartyKind(party.kind) if party else PartyKind.AGENCY,
        lane=row.lane,
        epoch=row.lease_epoch + 1,
        owner=owner,
        expires_in_seconds=60,
        answer_no=row.n if answer else None,
    )
    attempt = _open_attempt(tx, lease)
    return LostCall(lease, _plan_of(attempt, lease), attempt.id if attempt else None)


def _open_attempt(tx: Tx, lease: Lease) -> Any:
    """Find the call that is open, also when its loser's word came already.

    Who took it over before may have died before writing what follows.
    """
    c = t.attempts.c
    return tx.conn.execute(
        sa.select(c.id, c.step, c.first_seq, c.last_seq)
        .where(
            c.subject_id == lease.cursor.complaint_id,
            c.party == lease.cursor.party,
            c.recipient == lease.cursor.recipient,
            sa.or_(c.ended_at.is_(None), c.evidence_only),
        )
        .order_by(c.epoch.desc(), c.id.desc())
        .limit(1)
    ).one_or_none()


def _plan_of(attempt: Any, lease: Lease) -> Plan:
    cursor = lease.cursor
    if attempt is not None:
        kind = PlanKind(attempt.step)
        return Plan(kind, attempt.first_seq, attempt.last_seq, frozen=True)
    first = cursor.sending_from_seq or cursor.delivered_seq + 1
    return Plan(PlanKind.SEND, first, cursor.sending_to_seq or first, frozen=True)
