"""Attachments of a complaint: named for one delivery, and opened one by one."""

from collections.abc import Sequence

import sqlalchemy as sa

from hub.database import blobs
from hub.database import tables as t
from hub.database.engine import Tx
from hub.database.vault import Vault
from hub.ports import KeptFile


def read_files(
    tx: Tx, vault: Vault, complaint_id: str, seqs: Sequence[int]
) -> list[KeptFile]:
    """Name the attachments of some events; those that were erased are left out."""
    c = t.attachments.c
    rows = tx.conn.execute(
        sa.select(t.attachments, t.log.c.seq)
        .join(t.log, t.log.c.event_id == c.event_id)
        .where(
            c.complaint_id == complaint_id,
            t.log.c.complaint_id == complaint_id,
            t.log.c.seq.in_(seqs),
        )
        .order_by(t.log.c.seq, c.n)
    ).all()
    keys = vault.keys(tx.conn, [row.data_key_id for row in rows])
    found = []
    for row in rows:
        key = keys.get(row.data_key_id)
        if key is None or row.sealed is None:
            continue
        words = key.open_json(f"attachments|sealed|{row.event_id}.{row.n}", row.sealed)
        found.append(
            KeptFile(
                event_id=row.event_id,
                n=row.n,
                seq=row.seq,
                name=words.get("name", ""),
                media_type=row.facts.get("media_type", ""),
                size_bytes=int(row.facts.get("size_bytes", 0)),
                inline=bool(row.facts.get("inline")),
                blob_id=row.blob_id,
                key=key,
            )
        )
    return found


def read_contents(tx: Tx, files: Sequence[KeptFile]) -> list[bytes]:
    """Read and open the content of attachments, in their order.

    Raises LookupError when one is not there.
    """
    return [blobs.load(tx, one.key, str(one.blob_id)) for one in files]
