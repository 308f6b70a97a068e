"""Attachments that parties fetch by their links, read piece by piece."""

from dataclasses import dataclass

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.blobs import CHUNK_BYTES
from hub.database.engine import Database
from hub.database.vault import DataKey, Vault
from hub.domain.links import Link, read_token
from hub.ports import LinkedFile


@dataclass(frozen=True, slots=True)
class _Handle:
    blob_id: str
    key: DataKey


class SqlLinkedFiles:
    """Implements `hub.ports.LinkedFiles`."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def link(self, token: str) -> Link | None:
        """Read a token; None for what we did not sign. Touches no database."""
        return read_token(self._vault.ring.delivery_secret, token)

    def open(self, link: Link) -> LinkedFile | None:
        """Find a link's file, and count that it was fetched.

        None when the link ended by the database's clock, or the file was erased. What
        is fetched before the call that told of it was settled is given, not counted.
        """
        with self._db.write() as tx:
            if link.ends <= tx.now:
                return None
            a, blob = t.attachments.c, t.blobs.c
            row = tx.conn.execute(
                sa.select(t.attachments, blob.size_bytes)
                .join(t.blobs, blob.id == a.blob_id)
                .where(a.event_id == link.event_id, a.n == link.n)
            ).one_or_none()
            if row is None or row.sealed is None:
                return None
            key = self._vault.keys(tx.conn, [row.data_key_id]).get(row.data_key_id)
            if key is None:
                return None
            d = t.attachment_deliveries.c
            tx.conn.execute(
                sa.update(t.attachment_deliveries)
                .where(
                    d.complaint_id == row.complaint_id,
                    d.party == link.party,
                    d.event_id == link.event_id,
                    d.n == link.n,
                )
                .values(fetches=d.fetches + 1, fetched_at=tx.now)
            )
        place = f"attachments|sealed|{link.event_id}.{link.n}"
        return LinkedFile(
            name=str(key.open_json(place, row.sealed).get("name", "")),
            media_type=str(row.facts.get("media_type", "")),
            size_bytes=row.size_bytes,
            chunks=max(1, -(-row.size_bytes // CHUNK_BYTES)),
            handle=_Handle(row.blob_id, key),
        )

    def chunk(self, file: LinkedFile, n: int) -> bytes:
        """Read and open the n-th part of a file; no connection is held in between.

        Raises LookupError when it is not there any more.
        """
        handle: _Handle = file.handle
        c = t.blob_chunks.c
        query = sa.select(c.sealed).where(c.blob_id == handle.blob_id, c.n == n)
        with self._db.read() as tx:
            sealed = tx.conn.execute(query).scalar_one_or_none()
        if sealed is None:
            msg = f"part {n} of blob {handle.blob_id} is not in the database"
            raise LookupError(msg)
        return handle.key.open(f"blob_chunks|sealed|{handle.blob_id}.{n}", sealed)
