"""Seals: journal, log and audit are numbered and hashed in ranges, in the background.

A seal's root covers the previous root and every row of its range, over ciphertext;
so erasing a data key breaks no seal, and changing one row breaks all that follow.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.engine import Database, Tx, retrying
from hub.database.hot.batch import (
    NUMBERED_AUDIT,
    NUMBERED_EVENTS,
    NUMBERED_ROWS,
    Batch,
    Sheet,
)
from hub.database.hot.writing import write

RANGE_MAX = 2_000
"""Rows in one seal."""
_SEALER_LOCK = 7_310_531


@dataclass(frozen=True, slots=True)
class Kind:
    """One sealed table: its order, and the columns that never change."""

    name: str
    numbered: Sheet
    at: str
    columns: tuple[str, ...]
    ciphertext: str = ""
    settled: str = ""
    """A column that is empty once nobody works the row any more: to number a row is to
    lock it, and a claim skips what is locked."""

    @property
    def table(self) -> sa.Table:
        """The table that is sealed."""
        return self.numbered.table

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that name a row."""
        return self.numbered.key


KINDS = (
    Kind(
        "journal",
        NUMBERED_ROWS,
        "received_at",
        (
            "id",
            "source",
            "lane",
            "received_at",
            "parent_id",
            "item_no",
            "content_hash",
            "raw_sha256",
        ),
        settled="due_at",
    ),
    Kind(
        "log",
        NUMBERED_EVENTS,
        "recorded_at",
        (
            "complaint_id",
            "seq",
            "event_id",
            "type",
            "author_kind",
            "author_id",
            "cause_kind",
            "cause_id",
            "cause_no",
            "leg_agency",
            "assignment_no",
            "occurrence_key",
            "order_key",
            "occurred_at",
            "recorded_at",
            "status_after",
            "facts",
        ),
        "sealed",
    ),
    Kind(
        "audit",
        NUMBERED_AUDIT,
        "at",
        ("id", "at", "by", "action", "subject", "reason", "detail"),
    ),
)


@dataclass(frozen=True, slots=True)
class Broken:
    """A seal that does not hold."""

    kind: str
    from_position: int
    to_position: int
    why: str


class Sealer:
    """Numbers and seals committed rows; verifies seals."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @retrying
    def seal(self) -> int:
        """Seal what was committed since; returns how many rows. Idempotent."""
        with self._db.write() as tx:
            if tx.is_postgresql:
                locked = tx.conn.execute(
                    sa.select(sa.func.pg_try_advisory_xact_lock(_SEALER_LOCK))
                ).scalar_one()
                if not locked:
                    return 0  # another process seals
            return sum(_seal(tx, kind) for kind in KINDS)

    def verify(self) -> list[Broken]:
        """Compute every seal again; returns those that do not hold."""
        with self._db.read() as tx:
            return [broken for kind in KINDS for broken in _verify(tx, kind)]

    def counts(self) -> dict[str, int]:
        """Count the sealed rows of each kind."""
        with self._db.read() as tx:
            return {kind.name: _last(tx, kind)[0] for kind in KINDS}


def _last(tx: Tx, kind: Kind) -> tuple[int, bytes]:
    c = t.seals.c
    row = tx.conn.execute(
        sa.select(c.to_position, c.root)
        .where(c.kind == kind.name)
        .order_by(c.from_position.desc())
        .limit(1)
    ).one_or_none()
    return (row.to_position, bytes(row.root)) if row else (0, b"")


def _seal(tx: Tx, kind: Kind) -> int:
    c = kind.table.c
    ready = [c.position.is_(None)]
    if kind.settled:
        ready.append(c[kind.settled].is_(None))
    rows = tx.conn.execute(
        sa.select(kind.table)
        .where(*ready)
        .order_by(c[kind.at], *(c[name] for name in kind.key))
        .limit(RANGE_MAX)
    ).all()
    if not rows:
        return 0
    last, previous = _last(tx, kind)
    batch = Batch()
    for position, row in enumerate(rows, start=last + 1):
        key = {name: getattr(row, name) for name in kind.key}
        batch.add(kind.numbered, {**key, "position": position})
    write(tx, batch)
    tx.conn.execute(
        sa.insert(t.seals).values(
            kind=kind.name,
            from_position=last + 1,
            to_position=last + len(rows),
            root=root(previous, [leaf(kind, row) for row in rows]),
            previous=previous,
            sealed_at=tx.now,
        )
    )
    return len(rows)


def leaf(kind: Kind, row: Any) -> bytes:
    """Hash what never changes of one row."""
    values = {name: _plain(getattr(row, name)) for name in kind.columns}
    if kind.ciphertext:
        values[kind.ciphertext] = _digest(getattr(row, kind.ciphertext))
    return sha256(json.dumps(values, sort_keys=True).encode()).digest()


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return value.isoformat() if hasattr(value, "isoformat") else value


def _digest(value: bytes | None) -> str:
    return "" if value is None else sha256(value).hexdigest()


def root(previous: bytes, leaves: list[bytes]) -> bytes:
    """Hash a range onto the range before it."""
    return sha256(previous + b"".join(leaves)).digest()


def _verify(tx: Tx, kind: Kind) -> Iterator[Broken]:
    c = t.seals.c
    expected, previous = 1, b""
    seals = tx.conn.execute(
        sa.select(t.seals).where(c.kind == kind.name).order_by(c.from_position)
    ).all()
    for seal in seals:
        rows = tx.conn.execute(
            sa.select(kind.table)
            .where(kind.table.c.position.between(seal.from_position, seal.to_position))
            .order_by(kind.table.c.position)
        ).all()
        why = _why_broken(kind, seal, rows, expected, previous)
        if why:
            yield Broken(kind.name, seal.from_position, seal.to_position, why)
        if kind.name == "journal":
            yield from _raws(tx, seal, rows)
        expected, previous = seal.to_position + 1, bytes(seal.root)
    last = tx.conn.execute(sa.select(sa.func.max(kind.table.c.position))).scalar_one()
    if (last or 0) != expected - 1:
        yield Broken(
            kind.name,
            expected,
            last or 0,
            "numbered rows without a seal, or a seal is gone",
        )


def _why_broken(
    kind: Kind, seal: Any, rows: Any, expected: int, previous: bytes
) -> str:
    if seal.from_position != expected:
        return "a seal before it is missing"
    if bytes(seal.previous) != previous:
        return "it does not follow the seal before it"
    if len(rows) != seal.to_position - seal.from_position + 1:
        return "rows were removed"
    if root(previous, [leaf(kind, row) for row in rows]) != bytes(seal.root):
        return "a row was changed"
    return ""


def _raws(tx: Tx, seal: Any, rows: Any) -> Iterator[Broken]:
    """The raw ciphertext lies in a table of its own; the journal row has its hash."""
    raws = {
        row.journal_id: row.sealed
        for row in tx.conn.execute(
            sa.select(t.journal_raw.c.journal_id, t.journal_raw.c.sealed).where(
                t.journal_raw.c.journal_id.in_([row.id for row in rows])
            )
        )
    }
    for row in rows:
        found = raws.get(row.id)
        if found is not None and sha256(found).digest() != bytes(row.raw_sha256):
            yield Broken(
                "journal", seal.from_position, seal.to_position, f"raw {row.id} changed"
            )
