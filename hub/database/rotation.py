"""Rotation of the ring key: what is under an older key is wrapped again.

Each batch is a transaction of its own that takes only what is not yet under the
current key; so a rotation that was broken off goes on where it stopped, and one that
is complete changes nothing. Values that were destroyed meanwhile stay destroyed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.attached import remote_place
from hub.database.audit import note
from hub.database.engine import Database, Tx, retrying
from hub.database.projection import kept_reference_place, reference_place
from hub.database.vault import Vault, key_id_of

_BYTES = sa.LargeBinary()
BATCH = 500
"""Values in one transaction."""
_KEY_ID_FROM, _KEY_ID_BYTES, _HEAD_BYTES = 4, 16, 19
"""Where a sealed value names its key, counted from one: after the `v1.`."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column whose values are directly under the ring."""

    name: str
    column: sa.Column[Any]
    place: Callable[[Any], str]
    """Of a row: what its value is bound to."""


COLUMNS = (
    Column(
        "data_keys.wrapped",
        t.data_keys.c.wrapped,
        lambda row: f"data_keys|wrapped|{row.id}",
    ),
    Column(
        "cursors.reference",
        t.cursors.c.reference,
        lambda row: reference_place(row.complaint_id, row.party),
    ),
    Column(
        "cursors.progress",
        t.cursors.c.progress,
        lambda row: f"cursors|progress|{row.complaint_id}.{row.party}",
    ),
    Column(
        "agency_references.reference",
        t.agency_references.c.reference,
        lambda row: kept_reference_place(
            row.complaint_id, row.agency, row.assignment_no
        ),
    ),
    Column(
        "sources.checkpoint",
        t.sources.c.checkpoint,
        lambda row: f"sources|checkpoint|{row.source}",
    ),
    Column(
        "attachment_deliveries.remote_ref",
        t.attachment_deliveries.c.remote_ref,
        lambda row: remote_place(row.event_id, row.n, row.party),
    ),
    Column(
        "drift.reference",
        t.drift.c.reference,
        lambda row: f"drift|reference|{row.agency}.{row.kind}.{row.subject}",
    ),
)


class Rotation:
    """Wraps again, under the current key of the vault's ring, what is under another."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    @property
    def current(self) -> UUID:
        """The ring key that values are wrapped under."""
        return self._vault.ring.current

    def pending(self) -> int:
        """Count the values that are not under the current key."""
        with self._db.read() as tx:
            return sum(
                tx.conn.execute(
                    sa.select(sa.func.count()).where(self._older(one))
                ).scalar_one()
                for one in COLUMNS
            )

    def usage(self) -> dict[str, int]:
        """Count the values under each ring key, by the key's id."""
        found: dict[str, int] = {}
        with self._db.read() as tx:
            for one in COLUMNS:
                head = sa.func.substr(one.column, 1, _HEAD_BYTES, type_=_BYTES)
                query = (
                    sa.select(head.label("head"), sa.func.count())
                    .where(one.column.is_not(None))
                    .group_by(sa.text("head"))
                )
                for start, count in tx.conn.execute(query):
                    key_id = key_id_of(bytes(start))
                    found[key_id] = found.get(key_id, 0) + count
        return found

    def added(self, key_id: str, by: str, reason: str) -> None:
        """Record in the audit trail that the ring has a new key."""
        self._note("ring_key_added", key_id, by, reason, {})

    def run(self, by: str, reason: str) -> dict[str, int]:
        """Wrap everything again; returns how many values of each column.

        Raises KeyDestroyedError when a value is under a key that the ring lost.
        """
        changed = {one.name: self._whole(one) for one in COLUMNS}
        if any(changed.values()):
            self._note("keys_rotated", str(self.current), by, reason, changed)
        return changed

    def _whole(self, one: Column) -> int:
        total = 0
        while done := self._batch(one):
            total += done
        return total

    @retrying
    def _batch(self, one: Column) -> int:
        with self._db.write() as tx:
            rows = tx.conn.execute(
                sa.select(one.column.table)
                .where(self._older(one))
                .limit(BATCH)
                .with_for_update()
            ).all()
            for row in rows:
                self._again(tx, one, row)
        return len(rows)

    def _again(self, tx: Tx, one: Column, row: Any) -> None:
        place = one.place(row)
        plain = self._vault.unwrap(place, bytes(getattr(row, one.column.name)))
        wrapped = self._vault.wrap(place, plain)
        values: dict[str, Any] = {one.column.name: wrapped}
        if one.column is t.data_keys.c.wrapped:
            values["ring_id"] = key_id_of(wrapped)
        key = [c == getattr(row, c.name) for c in one.column.table.primary_key]
        tx.conn.execute(sa.update(one.column.table).where(*key).values(**values))

    def _older(self, one: Column) -> sa.ColumnElement[bool]:
        """Whether a value names another key than the current one; not so for NULL."""
        key_id = sa.func.substr(one.column, _KEY_ID_FROM, _KEY_ID_BYTES, type_=_BYTES)
        return key_id != self._vault.ring.current.bytes

    @retrying
    def _note(
        self, action: str, key_id: str, by: str, reason: str, changed: dict[str, int]
    ) -> None:
        with self._db.write() as tx:
            note(
                tx,
                by=by,
                action=action,
                subject=key_id,
                reason=reason,
                detail=changed,
            )
