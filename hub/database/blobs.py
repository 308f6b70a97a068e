"""Large content, encrypted in chunks: bodies over 64 KB and attachments."""

from hashlib import sha256

import sqlalchemy as sa
from uuid_utils import uuid7

from hub.database import tables as t
from hub.database.engine import Tx
from hub.database.hot.batch import NEW_BLOBS, NEW_CHUNKS, Batch
from hub.database.vault import DataKey

CHUNK_BYTES = 256 * 1024
INLINE_BYTES_MAX = 64 * 1024
"""Larger raw bodies become blobs."""


def store(batch: Batch, key: DataKey, content: bytes) -> str:
    """Collect content under a data key; returns the blob's id."""
    blob_id = str(uuid7())
    digest = sha256()
    for n, start in enumerate(range(0, max(1, len(content)), CHUNK_BYTES)):
        place = f"blob_chunks|sealed|{blob_id}.{n}"
        sealed = key.seal(place, content[start : start + CHUNK_BYTES])
        digest.update(sealed)
        batch.add(NEW_CHUNKS, {"blob_id": blob_id, "n": n, "sealed": sealed})
    batch.add(
        NEW_BLOBS,
        {
            "id": blob_id,
            "data_key_id": key.id,
            "size_bytes": len(content),
            "sha256_ct": digest.digest(),
        },
    )
    return blob_id


def load(tx: Tx, key: DataKey, blob_id: str) -> bytes:
    """Read a blob back; raises LookupError when it is not there."""
    rows = tx.conn.execute(
        sa.select(t.blob_chunks.c.n, t.blob_chunks.c.sealed)
        .where(t.blob_chunks.c.blob_id == blob_id)
        .order_by(t.blob_chunks.c.n)
    ).all()
    if not rows:
        msg = f"blob {blob_id} is not in the database"
        raise LookupError(msg)
    return b"".join(key.open(f"blob_chunks|sealed|{blob_id}.{n}", ct) for n, ct in rows)


def digest(tx: Tx, key: DataKey, blob_id: str) -> bytes:
    """Hash a blob's content, a chunk in memory at a time; empty: it is not there."""
    c, found, n = t.blob_chunks.c, sha256(), 0
    while True:
        query = sa.select(c.sealed).where(c.blob_id == blob_id, c.n == n)
        sealed = tx.conn.execute(query).scalar_one_or_none()
        if sealed is None:
            return found.digest() if n else b""
        found.update(key.open(f"blob_chunks|sealed|{blob_id}.{n}", sealed))
        n += 1
