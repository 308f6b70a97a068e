"""The records of one request, as journal rows of their own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.engine import Tx
from hub.database.hot.batch import NEW_KEYS, Batch
from hub.database.rows import collect_row
from hub.database.vault import Vault
from hub.domain.identity import child_id
from hub.ports import JournalRow


@dataclass(frozen=True)
class ChildMaker:
    """Makes child rows; each has its own key and its own raw."""

    tx: Tx
    vault: Vault
    batch: Batch
    hinted: datetime | None

    def split(self, row: JournalRow, bodies: Sequence[bytes]) -> list[JournalRow]:
        """Collect every record of a row, which is split then."""
        children = [self._child(row, n, body) for n, body in enumerate(bodies, start=1)]
        self.tx.conn.execute(
            sa.update(t.journal)
            .where(t.journal.c.id == row.id)
            .values(state="split", due_at=None, items=len(children))
        )
        return children

    def _child(self, row: JournalRow, n: int, body: bytes) -> JournalRow:
        """Collect the n-th record of a row, due at once."""
        parent = row.entry.raw
        raw = parent.model_copy(
            update={"body": body, "source_key": f"{parent.source_key}#{n}"}
        )
        key, key_row = self.vault.new_key()
        child = replace(
            row,
            id=child_id(row.id, n),
            parent_id=row.id,
            item_no=n,
            waits=0,
            crashes=0,
            raw=raw,
            key=key,
        )
        self.batch.add(NEW_KEYS, key_row)
        values: dict[str, Any] = {
            "id": child.id,
            "received_at": row.received_at,
            "due_at": self.tx.now,
            "hinted_at": self.hinted,
            "parent_id": row.id,
            "item_no": n,
            "content_hash": self.vault.content_hash(body),
            "complaint_id": None,
            "code": None,
            "public_number": None,
            "revised": False,
        }
        collect_row(self.batch, key, raw, values)
        return child
