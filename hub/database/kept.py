"""Which messages of a source the journal has; reads only."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.engine import Database
from hub.database.vault import Vault
from hub.domain.ledger import Kept, Key
from schemas.raw import RawMessage

AT_ONCE = 500


class SqlKept:
    """Implements the look-ups of `hub.stages.ledger`."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def look_up(self, keys: Iterable[Key]) -> dict[Key, list[Kept]]:
        """Find the rows of messages by (source, source key)."""
        hashes = {self._hash(key): key for key in keys}
        found: dict[Key, list[Kept]] = defaultdict(list)
        wanted = sorted(hashes)
        for start in range(0, len(wanted), AT_ONCE):
            for row in self._rows(wanted[start : start + AT_ONCE]):
                key = hashes.get((row.source, bytes(row.key_hash)))
                if key is None:
                    continue  # another source's message under the same key
                became = row.result_id if row.result_kind == "event" else None
                kept = Kept(row.journal_id, row.state or "", became or "")
                found[key].append(kept)
        return found

    def is_same(self, journal_id: str, raw: RawMessage) -> bool:
        """Tell whether a row was made of this message, by whatever way it came."""
        query = sa.select(t.journal.c.content_hash).where(t.journal.c.id == journal_id)
        with self._db.read() as tx:
            stored = tx.conn.execute(query).scalar_one_or_none()
        return stored is not None and bytes(stored) == self._vault.content_hash(
            raw.compared
        )

    def _hash(self, key: Key) -> tuple[str, bytes]:
        return key.source, self._vault.blind("source_key", key.source_key)

    def _rows(self, wanted: list[tuple[str, bytes]]) -> list[Any]:
        k, j = t.source_keys.c, t.journal.c
        query = (
            sa.select(
                k.source, k.key_hash, k.journal_id, j.state, j.result_kind, j.result_id
            )
            .outerjoin(t.journal, j.id == k.journal_id)
            .where(
                k.source.in_({source for source, _ in wanted}),
                k.key_hash.in_([key_hash for _, key_hash in wanted]),
            )
            .order_by(k.journal_id)
        )
        with self._db.read() as tx:
            return list(tx.conn.execute(query).all())
