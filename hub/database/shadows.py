"""Shadows: mappings that real traffic is tried on, and what was counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connectors.registry import mapping_version
from hub.database import tables as t
from hub.database.audit import note
from hub.database.engine import Database, retrying
from hub.domain.mapping_change import added

_S = t.agency_shadows.c


@dataclass(frozen=True)
class Shadow:
    """One mapping on trial beside the one that runs."""

    agency: str
    mapping_version: str
    content: bytes
    since: datetime
    through: datetime
    """Up to when traffic was looked at."""
    by: str
    report: Mapping[str, Any]


class Shadows:
    """The table of shadows; one of an agency at a time."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def all(self) -> list[Shadow]:
        """Read every shadow."""
        with self._db.read() as tx:
            rows = tx.conn.execute(sa.select(t.agency_shadows).order_by(_S.agency))
            return [
                Shadow(**row._asdict() | {"content": row.content.encode("utf-8")})
                for row in rows
            ]

    @retrying
    def begin(self, agency: str, content: bytes, by: str, why: str) -> None:
        """Begin a shadow with the traffic from now on; an earlier one ends."""
        with self._db.write() as tx:
            tx.conn.execute(sa.delete(t.agency_shadows).where(_S.agency == agency))
            tx.conn.execute(
                sa.insert(t.agency_shadows).values(
                    agency=agency,
                    mapping_version=mapping_version(content),
                    content=content.decode("utf-8"),
                    since=tx.now,
                    through=tx.now,
                    by=by[:100],
                    report={},
                )
            )
            note(tx, by=by, action="shadow_begun", subject=agency, reason=why)

    @retrying
    def end(self, agency: str, by: str, why: str) -> bool:
        """End a shadow; False when there is none."""
        with self._db.write() as tx:
            found = tx.conn.execute(
                sa.delete(t.agency_shadows).where(_S.agency == agency)
            )
            if found.rowcount:
                note(tx, by=by, action="shadow_ended", subject=agency, reason=why)
        return bool(found.rowcount)

    @retrying
    def count(self, shadow: Shadow, until: datetime, found: Mapping[str, Any]) -> bool:
        """Add what was counted up to an instant; False: another process was first."""
        with self._db.write() as tx:
            changed = tx.conn.execute(
                sa.update(t.agency_shadows)
                .where(
                    _S.agency == shadow.agency,
                    _S.since == shadow.since,
                    _S.through == shadow.through,
                )
                .values(through=until, report=added(shadow.report, found))
            )
        return bool(changed.rowcount)
