"""Attachments, opened for one delivery."""

import sqlalchemy as sa

from connectors.contract import File
from hub.database import blobs
from hub.database import tables as t
from hub.database.engine import Tx
from hub.database.vault import Vault


def read_files(
    tx: Tx, vault: Vault, complaint_id: str, seqs: list[int]
) -> tuple[File, ...]:
    """Read and open the attachments of some events of a complaint."""
    c = t.attachments.c
    rows = tx.conn.execute(
        sa.select(t.attachments)
        .join(t.log, t.log.c.event_id == c.event_id)
        .where(
            c.complaint_id == complaint_id,
            t.log.c.complaint_id == complaint_id,
            t.log.c.seq.in_(seqs),
            c.blob_id.is_not(None),
        )
        .order_by(t.log.c.seq, c.n)
    ).all()
    keys = vault.keys(tx.conn, [row.data_key_id for row in rows])
    found = []
    for row in rows:
        key = keys.get(row.data_key_id)
        if key is None:
            continue
        words = key.open_json(f"attachments|sealed|{row.event_id}.{row.n}", row.sealed)
        found.append(
            File(
                name=words.get("name", ""),
                media_type=row.facts.get("media_type", ""),
                content=blobs.load(tx, key, row.blob_id),
                inline=bool(row.facts.get("inline")),
            )
        )
    return tuple(found)
