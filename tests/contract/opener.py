"""Opens everything in a database that the key ring can open, as a thief would."""

from typing import Any

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.engine import Database, Tx
from hub.database.vault import DataKey, KeyDestroyedError, Vault, key_id_of

PLACES: dict[str, str] = {
    "journal_raw.sealed": "{journal_id}",
    "journal.trace_sealed": "{id}",
    "log.sealed": "{complaint_id}.{seq}",
    "reporters.sealed": "{id}",
    "attachments.sealed": "{event_id}.{n}",
    "blob_chunks.sealed": "{blob_id}.{n}",
    "answers.contact": "{journal_id}.{n}",
    "answers.params": "{journal_id}.{n}",
    "attempts.request": "{id}",
    "attempts.response": "{id}",
    "cursors.reference": "{complaint_id}.{party}",
    "cursors.progress": "{complaint_id}.{party}",
    "attachment_deliveries.remote_ref": "{event_id}.{n}.{party}",
    "agency_references.reference": "{complaint_id}.{agency}.{assignment_no}",
    "sources.checkpoint": "{source}",
    "drift.reference": "{agency}.{kind}.{subject}",
}
"""Sealed column -> the row's part of its associated data."""

UNUSED: set[str] = set()
"""Sealed columns that nothing writes yet."""

NOT_SEALED = {
    "agency_references.reference_index",
    "answers.contact_index",
    "answers.conversation_index",
    "blobs.sha256_ct",
    "contact_state.hmac",
    "contacts.hmac",
    "contacts.words_hash",
    "cursors.reference_index",
    "data_keys.wrapped",
    "journal.content_hash",
    "journal.raw_sha256",
    "journal.waiting_for",
    "seals.previous",
    "seals.root",
    "source_keys.content_hash",
    "source_keys.key_hash",
}
"""Hashes, blind indexes, and the wrapped keys themselves."""


def binary_columns() -> set[str]:
    return {
        f"{table.name}.{column.name}"
        for table in t.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, sa.LargeBinary)
    }


def opened(db: Database, vault: Vault) -> dict[str, bytes]:
    """Everything readable, by column; columns in which nothing opens are left out."""
    with db.read() as tx:
        ids = list(tx.conn.execute(sa.select(t.data_keys.c.id)).scalars())
        keys = vault.keys(tx.conn, ids)
        found = {name: _column(tx, vault, keys, name) for name in PLACES}
    return {name: text for name, text in found.items() if text}


def _column(tx: Tx, vault: Vault, keys: dict[str, DataKey], name: str) -> bytes:
    table, column = name.split(".")
    rows = tx.conn.execute(sa.select(t.metadata.tables[table])).mappings()
    return b"\n".join(
        _open(
            vault, keys, f"{table}|{column}|{PLACES[name].format(**row)}", row[column]
        )
        for row in rows
    ).strip()


def _open(vault: Vault, keys: dict[str, DataKey], place: str, value: Any) -> bytes:
    if value is None:
        return b""
    key = keys.get(key_id_of(value))
    if key is not None:
        return key.open(place, value)
    try:
        return vault.unwrap(place, value)
    except KeyDestroyedError:
        return b""


def clear(db: Database) -> str:
    """Everything in clear columns."""
    with db.read() as tx:
        return "\n".join(
            str(row)
            for table in t.metadata.tables.values()
            for row in tx.conn.execute(
                sa.select(
                    *(
                        c
                        for c in table.columns
                        if not isinstance(c.type, sa.LargeBinary)
                    )
                )
            )
        )
