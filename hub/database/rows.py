"""Journal rows, read for working."""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from hub.database import blobs
from hub.database import tables as t
from hub.database.engine import Tx
from hub.database.vault import DataKey, Vault, key_id_of
from hub.ports import JournalRow
from schemas.raw import RawMessage

TO_WORK = ("new", "waiting")
"""States of rows that still have to be worked, once they are due."""


def read_rows(
    tx: Tx, vault: Vault, ids: Sequence[str], *, lock: bool = False
) -> list[JournalRow]:
    """Read due rows by id, in id order; locked where a transaction claims them."""
    c, raw = t.journal.c, t.journal_raw.c
    wanted = sorted(set(ids))
    query = (
        sa.select(t.journal)
        .where(
            c.id.in_(wanted),
            c.state.in_(TO_WORK),
            c.due_at.is_not(None),
            c.due_at <= tx.now,
        )
        .order_by(c.id)
    )
    if lock:
        query = query.with_for_update(key_share=True, skip_locked=True)
    rows = tx.conn.execute(query).all()
    if lock:
        return [_row(r, None) for r in rows]
    owners = {r.id for r in rows}
    raws = {
        r.journal_id: r
        for r in tx.conn.execute(
            sa.select(t.journal_raw).where(raw.journal_id.in_(owners))
        )
    }
    keys = vault.keys(tx.conn, _key_ids(tx, owners))
    return [_row(r, open_raw(tx, keys, r.id, raws.get(r.id))) for r in rows]


def _key_ids(tx: Tx, owners: set[str]) -> list[str]:
    c = t.journal.c
    return list(
        tx.conn.execute(sa.select(c.data_key_id).where(c.id.in_(owners))).scalars()
    )


def open_raw(
    tx: Tx, keys: dict[str, DataKey], journal_id: str, row: Any
) -> RawMessage | None:
    """Open a raw message; None when its key was destroyed."""
    if row is None or row.sealed is None:
        return None
    key = keys.get(key_id_of(row.sealed))
    if key is None:
        return None
    plain = key.open(f"journal_raw|sealed|{journal_id}", row.sealed)
    head, _, body = plain.partition(b"\n")
    if row.blob_id is not None:
        body = blobs.load(tx, key, row.blob_id)
    return RawMessage(**json.loads(head), body=body)


def _row(r: Any, raw: RawMessage | None) -> JournalRow:
    return JournalRow(
        id=r.id,
        lane=r.lane,
        source=r.source,
        received_at=r.received_at,
        crashes=r.crashes,
        waits=r.waits,
        revised=r.revised,
        parent_id=r.parent_id or "",
        item_no=r.item_no,
        complaint_id=r.complaint_id or "",
        code=r.code or "",
        public_number=r.public_number or "",
        content_hash=bytes(r.content_hash),
        raw=raw,
    )


def seal_raw(tx: Tx, key: DataKey, journal_id: str, raw: RawMessage) -> dict[str, Any]:
    """Make the raw row of a journal row; large bodies go into a blob."""
    head = json.dumps(raw.model_dump(mode="json", exclude={"body"})).encode() + b"\n"
    large = len(raw.body) > blobs.INLINE_BYTES_MAX
    return {
        "journal_id": journal_id,
        "sealed": key.seal(
            f"journal_raw|sealed|{journal_id}", head if large else head + raw.body
        ),
        "blob_id": blobs.store(tx, key, raw.body) if large else None,
    }
