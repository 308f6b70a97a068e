"""Reading complaints under their row locks, to append to them."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.case import Case, CursorRow
from hub.database.engine import Tx
from hub.database.projection import event_of
from hub.database.vault import DataKey, Vault
from hub.domain.delivery import CursorState
from hub.domain.folding import Folding
from hub.domain.lifecycle import CaseState
from schemas.events import LogEvent

AT_ONCE = 500
"""Complaints in one statement."""
_CLEAR: list[sa.ColumnElement[Any]] = [c for c in t.log.columns if c.name != "sealed"]


def read_cases(tx: Tx, vault: Vault, complaint_ids: Iterable[str]) -> list[Case]:
    """Lock complaints and their cursors, in id order, and read what they are.

    Those that are not there are left out. Words are not read.
    """
    wanted = sorted(set(complaint_ids))
    found: list[Case] = []
    for start in range(0, len(wanted), AT_ONCE):
        found += _read(tx, vault, wanted[start : start + AT_ONCE])
    return found


def _read(tx: Tx, vault: Vault, ids: list[str]) -> list[Case]:
    c = t.complaints.c
    rows = tx.conn.execute(
        sa.select(c.id, c.code, c.public_number, c.data_key_id, c.channel)
        .where(c.id.in_(ids))
        .order_by(c.id)
        .with_for_update(key_share=True)
    ).all()
    if not rows:
        return []
    keys = vault.keys(tx.conn, [row.data_key_id for row in rows])
    events = _events(tx, ids)
    cursors = _cursors(tx, ids)
    found = []
    for row in rows:
        case = case_of(row, keys.get(row.data_key_id), events.get(row.id, []))
        case.cursors = cursors.get(row.id, {})
        found.append(case)
    return found


def case_of(
    row: Any,
    key: DataKey | None,
    events: Iterable[LogEvent],
    state: CaseState | None = None,
) -> Case:
    """Make the case of a locked complaint and its events, still without cursors.

    `state` is the fold of the events, where it is known.
    """
    own = [(e.seq, e) for e in events]
    folding = Folding(own, state)
    return Case(
        row.id,
        row.code,
        row.public_number,
        key,
        row.data_key_id,
        reporter_id=str(folding.state.facts.get("reporter_id", "")),
        channel=row.channel,
        folding=folding,
        legs=dict(folding.state.legs),
        causes={(e.cause.kind, e.cause.id, e.cause.no) for _, e in own},
    )


def cursor_of_case(r: Any) -> CursorRow:
    """Make the part of a cursor's row that appending moves."""
    return CursorRow(
        r.party,
        r.recipient,
        CursorState(r.state),
        r.delivered_seq,
        r.target_seq,
        r.assignment_no,
        due_at=r.due_at,
        hinted_at=r.hinted_at,
        sending_to_seq=r.sending_to_seq,
    )


def _events(tx: Tx, ids: list[str]) -> dict[str, list[LogEvent]]:
    c = t.log.c
    found: dict[str, list[LogEvent]] = {}
    rows: sa.CursorResult[Any] = tx.conn.execute(
        sa.select(*_CLEAR, sa.null().label("sealed"))
        .where(c.complaint_id.in_(ids))
        .order_by(c.complaint_id, c.seq)
    )
    for row in rows:
        found.setdefault(row.complaint_id, []).append(event_of(row, {}))
    return found


def _cursors(tx: Tx, ids: list[str]) -> dict[str, dict[tuple[str, str], CursorRow]]:
    c = t.cursors.c
    rows = tx.conn.execute(
        sa.select(
            c.complaint_id,
            c.party,
            c.recipient,
            c.state,
            c.delivered_seq,
            c.target_seq,
            c.assignment_no,
            c.due_at,
            c.hinted_at,
            c.sending_to_seq,
        )
        .where(c.complaint_id.in_(ids))
        .order_by(c.complaint_id, c.party, c.recipient)
        .with_for_update(key_share=True)
    )
    found: dict[str, dict[tuple[str, str], CursorRow]] = {}
    for r in rows:
        place = (r.party, r.recipient)
        found.setdefault(r.complaint_id, {})[place] = cursor_of_case(r)
    return found
