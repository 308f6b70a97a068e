"""Leasing due cursors and answers, as their party permits."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.attempts import may_be_done
from hub.database.engine import Tx
from hub.database.parties import lock_party, save_party
from hub.database.projection import reference_place, told_seqs
from hub.database.tables.base import ACTIVE
from hub.database.vault import Vault
from hub.domain.breaker import Breaker, Party, next_permit_at, permits
from hub.domain.delivery import Cursor, CursorState, Step
from hub.domain.settlement import age_without_stops
from hub.ports import Grant, Lease
from schemas.parties import PartyKind

WAIT_SECONDS_MIN = 0.05
"""No lane asks for permits more often."""
WAIT_SECONDS_MAX = 2.0
"""Whoever must wait longer waits in the database, not in a worker's memory."""

_LEASED = ((t.cursors, "complaint_id"), (t.answers, "journal_id"))


def lease_lane(
    tx: Tx,
    vault: Vault,
    lane: str,
    ids: Sequence[str],
    *,
    slots: int,
    ttl_seconds: float,
    owner: str,
) -> Grant:
    """Lease up to `slots` due rows of one lane, as far as their parties permit."""
    found: list[Lease] = []
    waits: list[float] = []
    for party_row in _parties_of(tx, lane):
        rows = _due_rows(tx, party_row.party, ids, slots - len(found))
        if not rows:
            continue
        before = lock_party(tx, party_row.party)
        if before is None:
            continue
        free = party_row.slots - _running(tx, party_row.party)
        granted, after = permits(
            before, min(len(rows), max(0, free)), tx.now, ttl_seconds
        )
        save_party(tx, before, after)
        kind = PartyKind(party_row.kind)
        found += [
            _take(tx, vault, table, row, after, kind, lane, ttl_seconds, owner)
            for table, row in rows[:granted]
        ]
        if granted < len(rows):
            waits += _deny(tx, after, ids)
    return Grant(found, min(waits, default=None))


def _parties_of(tx: Tx, lane: str) -> Sequence[Any]:
    c = t.parties.c
    return tx.conn.execute(
        sa.select(c.party, c.kind, c.slots).where(c.lane == lane).order_by(c.party)
    ).all()


def _free(c: Any, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        c.state == ACTIVE,
        c.due_at.is_not(None),
        c.due_at <= now,
        sa.or_(c.lease_until.is_(None), c.lease_until < now),
        c.sending_open.is_(False),  # a lost call is looked into first
    )


def _due_rows(
    tx: Tx, party: str, ids: Sequence[str], wanted: int
) -> list[tuple[sa.Table, Any]]:
    found: list[tuple[sa.Table, Any]] = []
    for table, key in _LEASED:
        if wanted - len(found) <= 0:
            break
        c = table.c
        query = sa.select(table).where(c.party == party, *_free(c, tx.now))
        if ids:
            query = query.where(c[key].in_(list(ids)))
        rows = tx.conn.execute(
            query.order_by(c.due_at)
            .limit(wanted - len(found))
            .with_for_update(key_share=True, skip_locked=True)
        ).all()
        found += [(table, row) for row in rows]
    return found


def _running(tx: Tx, party: str) -> int:
    total = 0
    for table in (t.cursors, t.answers):
        c = table.c
        total += tx.conn.execute(
            sa.select(sa.func.count())
            .select_from(table)
            .where(
                c.party == party, c.lease_until.is_not(None), c.lease_until >= tx.now
            )
        ).scalar_one()
    return total


def _deny(tx: Tx, party: Party, ids: Sequence[str]) -> list[float]:
    """Say how long to wait; over a long wait the rows sleep in the database.

    A paused party's rows stay due and nobody waits for them: resuming wakes them.
    """
    at = next_permit_at(party, tx.now)
    if at is None:
        return []
    seconds = max(WAIT_SECONDS_MIN, (at - tx.now).total_seconds())
    if seconds <= WAIT_SECONDS_MAX:
        return [seconds]
    if party.breaker is Breaker.HALF_OPEN:  # the probe tells sooner than it must
        return [WAIT_SECONDS_MAX]
    for table, key in _LEASED:
        query = sa.update(table).where(
            table.c.party == party.party, *_free(table.c, tx.now)
        )
        if ids:
            query = query.where(table.c[key].in_(list(ids)))
        tx.conn.execute(query.values(due_at=at, hinted_at=None))
    return []


def row_key(table: sa.Table, row: Any) -> tuple[sa.ColumnElement[bool], ...]:
    """Name one row by its primary key."""
    return tuple(
        column == getattr(row, column.name) for column in table.primary_key.columns
    )


def _take(  # noqa: PLR0913, PLR0917 - one row with its surroundings
    tx: Tx,
    vault: Vault,
    table: sa.Table,
    row: Any,
    party: Party,
    kind: PartyKind,
    lane: str,
    ttl_seconds: float,
    owner: str,
) -> Lease:
    values: dict[str, Any] = {
        "lease_until": tx.now + timedelta(seconds=ttl_seconds),
        "lease_epoch": row.lease_epoch + 1,
        "lease_owner": owner,
    }
    letter = None
    if table is t.cursors and row.sending_to_seq is None:
        letter = _requested_letter(tx, row)
        values["sending_dead_letter_id"] = letter.id if letter else None
    tx.conn.execute(sa.update(table).where(*row_key(table, row)).values(**values))
    answer = table is t.answers
    cursor = answer_cursor(row) if answer else cursor_of(tx, vault, row, party, letter)
    return Lease(
        cursor=cursor,
        kind=kind,
        lane=lane,
        epoch=row.lease_epoch + 1,
        owner=owner,
        expires_in_seconds=ttl_seconds,
        answer_no=row.n if answer else None,
    )


def _requested_letter(tx: Tx, row: Any) -> Any:
    c = t.dead_letters.c
    return tx.conn.execute(
        sa.select(c.id, c.first_seq, c.last_seq, c.changed_at)
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


def cursor_of(
    tx: Tx, vault: Vault, row: Any, party: Party | None, letter: Any = None
) -> Cursor:
    """Read a cursor row, with its sealed parts opened."""
    reference = ""
    if row.reference is not None:
        place = reference_place(row.complaint_id, row.party)
        reference = vault.unwrap(place, row.reference).decode()
    progress = b""
    if row.progress is not None:
        place = f"cursors|progress|{row.complaint_id}.{row.party}"
        progress = vault.unwrap(place, row.progress)
    stopped = party.stopped_at(tx.now) - row.party_stopped_s if party else 0.0
    unsure = bool(row.failures) and may_be_done(tx, row, letter)
    return Cursor(
        complaint_id=row.complaint_id,
        party=row.party,
        recipient=row.recipient,
        state=CursorState(row.state),
        delivered_seq=row.delivered_seq,
        target_seq=row.target_seq,
        assignment_no=row.assignment_no,
        generation=row.generation,
        reference=reference,
        sending_from_seq=row.sending_from_seq,
        sending_to_seq=row.sending_to_seq,
        sending_step=Step(row.sending_step),
        sending_key=row.sending_key,
        sending_mapping=row.sending_mapping,
        dead_letter_id=letter.id if letter else "",
        dead_letter_seq=_first_told(tx, letter, row) if letter else None,
        progress=progress,
        lookups=row.lookups,
        resends=row.resends,
        stopped_age_seconds=age_without_stops(
            tx.now, row.failing_since, max(0.0, stopped)
        ),
        attempts=row.failures,
        unsure=unsure,
        last_status_sent=row.last_status_sent,
        narrow_to_seq=row.narrow_to_seq,
    )


def _first_told(tx: Tx, letter: Any, row: Any) -> int:
    """A letter's range may begin with events that its party is not told."""
    first, last = letter.first_seq, letter.last_seq
    told = told_seqs(tx, row.complaint_id, row.party, first, last)
    return told[0] if told else int(first)


def answer_cursor(row: Any) -> Cursor:
    """Read an answer as a cursor with one thing to say."""
    return Cursor(
        complaint_id=row.journal_id,
        party=row.party,
        recipient="",
        state=CursorState.ACTIVE,
        delivered_seq=0,
        target_seq=1,
        assignment_no=0,
        generation=0,
        reference="",
        sending_from_seq=1,
        sending_to_seq=1,
        sending_key=row.key,
        resends=row.resends,
        attempts=row.failures,
    )


def lost_rows(tx: Tx, owner: str | None) -> list[tuple[sa.Table, Any]]:
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


def free_idle_leases(tx: Tx, owner: str) -> None:
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
