"""Complaints that began elsewhere: their names, their cursor, what waited for them."""

from collections.abc import Collection
from dataclasses import replace

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.case import Case
from hub.database.engine import Tx
from hub.database.hot.batch import NEW_CODES, WOKEN_ROWS, Batch
from hub.database.log import Appender
from hub.database.vault import Vault
from hub.domain.identity import public_number, tracking_code
from hub.ports import JournalRow, NewCase, Origin
from schemas.parties import PartyKind

NAMES_MAX = 20
"""Codes that are tried for one complaint before it is refused."""
FIRST_EVENTS = 2
"""`received` and `registered`: the party it came from knows of them."""


def named(tx: Tx, vault: Vault, batch: Batch, row: JournalRow) -> JournalRow:
    """Give a row the names that a complaint has; the same row gets the same ones.

    Raises LookupError when no free tracking code was found.
    """
    for attempt in range(NAMES_MAX):
        entropy = vault.blind("code", f"{row.id}\x1f{attempt}")
        code = tracking_code(entropy[:5])
        taken = sa.select(t.codes.c.code).where(t.codes.c.code == code)
        if tx.conn.execute(taken).first() is None:
            batch.add(NEW_CODES, {"code": code, "journal_id": row.id})
            return replace(
                row,
                complaint_id=_complaint_id(vault, row),
                code=code,
                public_number=public_number(entropy[5:21]),
            )
    msg = "no free tracking code was found"
    raise LookupError(msg)


def _complaint_id(vault: Vault, row: JournalRow) -> str:
    """Derive the complaint's id: of the row's time, and nobody can guess it."""
    chance = vault.blind("complaint", row.id).hex()
    return f"{row.id[:14]}7{chance[:3]}-a{chance[3:6]}-{chance[6:18]}"


def append_birth(log: Appender, case: Case, new: NewCase, origin: Origin) -> int:
    """Append what a complaint begins with; returns its assignment number there.

    The party it came from has a cursor with its reference, which is told of what
    comes after it knew: of nothing that an agency decided about its own case.
    Raises LookupError when there is no such party.
    """
    log.append(case, new.events[:FIRST_EVENTS])
    party = log.parties.get(origin.party)
    if party is not None and party.kind is PartyKind.UPSTREAM:
        log.add_cursor(case, origin.party, "")
    log.append(case, new.events[FIRST_EVENTS:])
    cursor = case.cursors.get((origin.party, ""))
    if party is None or cursor is None:
        msg = f"there is no party {origin.party}"
        raise LookupError(msg)
    cursor.reference = origin.reference
    if party.kind is PartyKind.AGENCY:
        cursor.delivered_seq = cursor.target_seq = case.events[-1][0]
        cursor.due = False
    return cursor.assignment_no


def wake_orphans(
    tx: Tx, batch: Batch, index: bytes, claimed: Collection[str], *, hinting: bool
) -> list[tuple[str, str]]:
    """Let words be worked that waited for a reference; returns (lane, id) pairs.

    Rows that somebody works at this moment are passed over: they wait on, and are
    tried again by their own time.
    """
    j = t.journal.c
    waiting = (j.waiting_for == index, j.state.in_(("waiting", "quarantined")))
    rows = tx.conn.execute(
        sa.select(j.id, j.lane)
        .where(*waiting)
        .order_by(j.id)
        .with_for_update(key_share=True, skip_locked=True)
    ).all()
    found = [(row.lane, row.id) for row in rows if row.id not in claimed]
    hinted = tx.now if hinting else None
    for _, row_id in found:
        woken = {"id": row_id, "state": "waiting", "due_at": tx.now}
        batch.add(WOKEN_ROWS, {**woken, "hinted_at": hinted})
    return found
