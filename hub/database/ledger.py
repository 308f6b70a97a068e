"""What the journal and the log have of a source's messages; reads only."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.engine import Database
from hub.database.vault import Vault
from hub.domain.ledger import JournalEntry, Key
from schemas.parties import CauseKind
from schemas.raw import RawMessage

AT_ONCE = 500
SECONDS_MAX = 600
"""Longest look for doubles: no index tells what a message caused."""
WORDS = ("received", "reporter_replied", "third_party_comment")
"""Events that a message becomes; one of them."""


class SqlLedger:
    """Implements the look-ups of `hub.stages.ledger`."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def look_up(self, keys: Iterable[Key]) -> dict[Key, list[JournalEntry]]:
        """Find the rows of messages by (source, source key)."""
        hashes = {self._hash(key): key for key in keys}
        found: dict[Key, list[JournalEntry]] = defaultdict(list)
        wanted = sorted(hashes)
        for start in range(0, len(wanted), AT_ONCE):
            for row in self._rows(wanted[start : start + AT_ONCE]):
                key = hashes.get((row.source, bytes(row.key_hash)))
                if key is not None:  # else another source's message under the same key
                    entry = JournalEntry(row.journal_id, row.state or "")
                    found[key].append(entry)
        return found

    def is_same(self, journal_id: str, raw: RawMessage) -> bool:
        """Tell whether a row was made of this message, by whatever way it came."""
        query = sa.select(t.journal.c.content_hash).where(t.journal.c.id == journal_id)
        with self._db.read() as tx:
            stored = tx.conn.execute(query).scalar_one_or_none()
        content = self._vault.content_hash(raw.compared)
        return stored is not None and bytes(stored) == content

    def doubled(self, journal_ids: Collection[str]) -> set[str]:
        """Name rows whose message became more than one event, in one log or in two."""
        e, wanted = t.log.c, sorted(journal_ids)
        found: set[str] = set()
        with self._db.read() as tx:
            if tx.is_postgresql:
                limit = f"SET LOCAL statement_timeout = '{SECONDS_MAX}s'"
                tx.conn.execute(sa.text(limit))
            for start in range(0, len(wanted), AT_ONCE):
                query = (
                    sa.select(e.cause_id)
                    .where(
                        e.cause_kind == CauseKind.JOURNAL,
                        e.type.in_(WORDS),
                        e.cause_id.in_(wanted[start : start + AT_ONCE]),
                    )
                    .group_by(e.cause_id)
                    .having(sa.func.count() > 1)
                )
                found.update(tx.conn.execute(query).scalars())
        return found

    def _hash(self, key: Key) -> tuple[str, bytes]:
        return key.source, self._vault.blind("source_key", key.source_key)

    def _rows(self, wanted: list[tuple[str, bytes]]) -> list[Any]:
        k, j = t.source_keys.c, t.journal.c
        query = (
            sa.select(k.source, k.key_hash, k.journal_id, j.state)
            .outerjoin(t.journal, j.id == k.journal_id)
            .where(
                k.source.in_({source for source, _ in wanted}),
                k.key_hash.in_([key_hash for _, key_hash in wanted]),
            )
            .order_by(k.journal_id)
        )
        with self._db.read() as tx:
            return list(tx.conn.execute(query).all())
