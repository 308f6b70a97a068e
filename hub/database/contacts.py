"""What is known of a contact, whichever complaints it belongs to."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.engine import Tx
from hub.database.tables.base import ACTIVE
from hub.database.vault import Vault
from hub.domain.identity import contact_form

KINDS: Mapping[str, str] = {"reporter:email": "email", "reporter:sms": "phone"}
"""Party -> kind of contact that it writes to."""
PARTIES: Mapping[str, str] = {kind: party for party, kind in KINDS.items()}


def write(tx: Tx, kind: str, hmac: bytes, values: Mapping[str, Any]) -> None:
    """Change the state of a contact; it begins as one that is told everything."""
    c = t.contact_state.c
    values = {**values, "changed_at": tx.now}
    changed = tx.conn.execute(
        sa.update(t.contact_state)
        .where(c.kind == kind, c.hmac == hmac)
        .values(**values)
    )
    if changed.rowcount == 0:
        tx.conn.execute(
            sa.insert(t.contact_state).values(kind=kind, hmac=hmac, **values)
        )


def opt_out(tx: Tx, kind: str, hmac: bytes, *, opted_out: bool) -> bool:
    """Write a contact's wish; False when it was so before.

    A contact that speaks is reachable.
    """
    c = t.contact_state.c
    before = tx.conn.execute(
        sa.select(c.opted_out).where(c.kind == kind, c.hmac == hmac)
    ).scalar_one_or_none()
    values: dict[str, Any] = {"opted_out": opted_out}
    if not opted_out:
        values |= {"unreachable": False, "why": ""}
    write(tx, kind, hmac, values)
    return bool(before) is not opted_out


def lose(tx: Tx, vault: Vault, key: str, why: str) -> str:
    """Mark the contact that a delivery with this key went to as unreachable.

    Returns the complaint whose data it is; empty when there is no such contact.
    """
    a, r, k = t.attempts.c, t.reporters.c, t.data_keys.c
    sent = tx.conn.execute(
        sa.select(a.subject_id, a.party, a.recipient)
        .where(a.key == key, a.party.in_(KINDS), a.recipient != "")
        .limit(1)
    ).one_or_none()
    if sent is None:
        return ""
    row = tx.conn.execute(
        sa.select(r.id, r.data_key_id, r.sealed, k.complaint_id)
        .join(t.data_keys, k.id == r.data_key_id)
        .where(r.complaint_id == sent.subject_id, r.id == sent.recipient)
    ).one_or_none()
    if row is None or row.sealed is None:
        return ""
    kind, data_key = KINDS[sent.party], vault.keys(tx.conn, [row.data_key_id])
    if row.data_key_id not in data_key:  # erased meanwhile
        return ""
    opened = data_key[row.data_key_id].open_json(
        f"reporters|sealed|{row.id}", row.sealed
    )
    contact = contact_form(kind, str(opened.get(kind, "")))
    if not contact:
        return ""
    write(tx, kind, vault.blind(kind, contact), {"unreachable": True, "why": why[:60]})
    return str(row.complaint_id)


def find(tx: Tx, complaint_id: str) -> dict[str, str]:
    """Name the contacts of a complaint that are told nothing: party -> why."""
    c, s = t.contacts.c, t.contact_state.c
    rows = tx.conn.execute(
        sa.select(s.kind, s.opted_out, s.why)
        .join(t.contacts, sa.and_(c.kind == s.kind, c.hmac == s.hmac))
        .where(
            c.complaint_id == complaint_id,
            sa.or_(s.opted_out, s.unreachable),
        )
    )
    return {
        PARTIES[row.kind]: "opted out" if row.opted_out else f"unreachable ({row.why})"
        for row in rows
    }


def forgive(tx: Tx, complaint_id: str) -> int:
    """Take a complaint's contacts for reachable again; returns how many changed."""
    c, s = t.contacts.c, t.contact_state.c
    theirs = sa.select(c.kind, c.hmac).where(c.complaint_id == complaint_id)
    changed = tx.conn.execute(
        sa.update(t.contact_state)
        .where(s.unreachable, sa.tuple_(s.kind, s.hmac).in_(theirs))
        .values(unreachable=False, why="", changed_at=tx.now)
    )
    return int(changed.rowcount)


def wake_resting(
    tx: Tx, kind: str, hmac: bytes, *, hinted: datetime | None
) -> list[tuple[str, str]]:
    """Make due what rests for a contact; returns the (lane, complaint_id) pairs."""
    c, k = t.cursors.c, t.contacts.c
    own = sa.select(k.complaint_id, k.reporter_id, t.complaints.c.merged_into).join(
        t.complaints, t.complaints.c.id == k.complaint_id
    )
    rows = tx.conn.execute(own.where(k.kind == kind, k.hmac == hmac)).all()
    theirs = {row.complaint_id for row in rows}
    theirs |= {row.merged_into for row in rows if row.merged_into}
    where = (
        c.complaint_id.in_(sorted(theirs)),
        c.recipient.in_(sorted({row.reporter_id for row in rows})),
        c.party == PARTIES.get(kind, ""),
        c.state == ACTIVE,
        c.due_at > tx.now,
        c.failing_since.is_(None),
    )
    resting = tx.conn.execute(
        sa.select(c.complaint_id, c.party, c.recipient, c.lane)
        .where(*where)
        .order_by(c.complaint_id)
        .with_for_update(key_share=True)
    ).all()
    for row in resting:
        tx.conn.execute(
            sa.update(t.cursors)
            .where(
                c.complaint_id == row.complaint_id,
                c.party == row.party,
                c.recipient == row.recipient,
            )
            .values(due_at=tx.now, hinted_at=hinted)
        )
    return [(row.lane, row.complaint_id) for row in resting]
