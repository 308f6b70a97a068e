"""Journal rows: read for working, locked by who works them, and made."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag

from hub.database import blobs
from hub.database import tables as t
from hub.database.engine import Tx
from hub.database.hot.batch import NEW_RAWS, NEW_ROWS, Batch
from hub.database.hot.packing import pack_uuids
from hub.database.hot.pipeline import run
from hub.database.hot.statements import READ
from hub.database.types import compact_json
from hub.database.vault import DataKey, KeyDestroyedError, Vault
from hub.ports import JournalRow
from schemas.raw import RawMessage

TO_WORK = ("new", "waiting")
"""States of rows that still have to be worked, once they are due."""


class _Stored(NamedTuple):
    """A row with its raw message and its key, as they lie in the database."""

    id: str
    lane: str
    source: str
    received_at: datetime
    crashes: int
    waits: int
    revised: bool
    parent_id: str | None
    item_no: int
    complaint_id: str | None
    code: str | None
    public_number: str | None
    content_hash: bytes
    data_key_id: str
    sealed: bytes | None
    blob_id: str | None
    wrapped: bytes | None


_OWN = _Stored._fields[: _Stored._fields.index("sealed")]
"""Columns of the journal itself."""


def read_rows(tx: Tx, vault: Vault, ids: Sequence[str]) -> list[JournalRow]:
    """Read due rows by id, without locks, in id order."""
    wanted = sorted(set(ids))
    stored = _by_arrays(tx, wanted) if tx.is_postgresql else _by_core(tx, wanted)
    return [_opened(tx, vault, row) for row in stored]


def open_row(tx: Tx, vault: Vault, row_id: str) -> JournalRow | None:
    """Read one row whatever its state, without locks; None when it is not there."""
    found = _stored(tx, t.journal.c.id == row_id)
    return _opened(tx, vault, found[0]) if found else None


def _by_arrays(tx: Tx, ids: Sequence[str]) -> list[_Stored]:
    found = run(tx, [(READ, (pack_uuids(ids), tx.now))])[0]
    return [_Stored._make(row) for row in found.fetchall()]


def _by_core(tx: Tx, ids: Sequence[str]) -> list[_Stored]:
    return _stored(tx, t.journal.c.id.in_(ids), *is_due(tx))


def _stored(tx: Tx, *where: sa.ColumnElement[bool]) -> list[_Stored]:
    j, raw, key = t.journal.c, t.journal_raw.c, t.data_keys.c
    columns = [*(j[name] for name in _OWN), raw.sealed, raw.blob_id, key.wrapped]
    rows = tx.conn.execute(
        sa.select(*columns)
        .select_from(t.journal)
        .outerjoin(t.journal_raw, raw.journal_id == j.id)
        .outerjoin(t.data_keys, key.id == j.data_key_id)
        .where(*where)
        .order_by(j.id)
    )
    return [_Stored._make(row) for row in rows]


def is_due(tx: Tx) -> tuple[sa.ColumnElement[bool], ...]:
    """Tell rows that still have to be worked, and now."""
    c = t.journal.c
    return c.state.in_(TO_WORK), c.due_at.is_not(None), c.due_at <= tx.now


def _opened(tx: Tx, vault: Vault, stored: _Stored) -> JournalRow:
    """Open one row; one that cannot be opened says so, and harms no other."""
    key, raw, closed = None, None, ""
    try:
        if stored.wrapped is not None:
            key = vault.unwrapped(stored.data_key_id, stored.wrapped)
            raw = _raw(tx, key, stored)
    except (InvalidTag, KeyDestroyedError, LookupError, ValueError) as error:
        closed = f"it cannot be opened ({type(error).__name__})"
    return JournalRow(
        id=stored.id,
        lane=stored.lane,
        source=stored.source,
        received_at=stored.received_at,
        crashes=stored.crashes,
        waits=stored.waits,
        revised=stored.revised,
        parent_id=stored.parent_id or "",
        item_no=stored.item_no,
        complaint_id=stored.complaint_id or "",
        code=stored.code or "",
        public_number=stored.public_number or "",
        content_hash=stored.content_hash,
        raw=raw,
        closed=closed,
        key=key,
    )


def _raw(tx: Tx, key: DataKey, stored: _Stored) -> RawMessage | None:
    """Open a raw message; None when it is gone, or under another key."""
    if stored.sealed is None or not stored.sealed.startswith(key.head):
        return None
    plain = key.open(f"journal_raw|sealed|{stored.id}", stored.sealed)
    head, _, body = plain.partition(b"\n")
    if stored.blob_id is not None:
        body = blobs.load(tx, key, stored.blob_id)
    return RawMessage(**json.loads(head), body=body)


def head_of(raw: RawMessage) -> bytes:
    """Write everything but the body as one line."""
    return compact_json(raw.model_dump(mode="json", exclude={"body"})) + b"\n"


def collect_row(
    batch: Batch, key: DataKey, raw: RawMessage, row: Mapping[str, Any]
) -> dict[str, Any]:
    """Collect a new journal row and its raw message; large bodies go into a blob.

    `row` has every column of a new row but its key, its state and its hash.
    """
    large = len(raw.body) > blobs.INLINE_BYTES_MAX
    head = head_of(raw)
    sealed = key.seal(
        f"journal_raw|sealed|{row['id']}", head if large else head + raw.body
    )
    blob_id = blobs.store(batch, key, raw.body) if large else None
    batch.add(NEW_RAWS, {"journal_id": row["id"], "sealed": sealed, "blob_id": blob_id})
    new = {
        **row,
        "lane": raw.lane,
        "source": raw.source,
        "state": "new",
        "times_seen": 1,
        "data_key_id": key.id,
        "raw_sha256": sha256(sealed).digest(),
    }
    batch.add(NEW_ROWS, new)
    return new
