"""Versions of agencies: kept, applied together, followed by every process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connectors.registry import mapping_version
from connectors.roster import Version
from hub.database import tables as t
from hub.database.audit import note
from hub.database.condition import Condition, condition
from hub.database.engine import Database, Tx, retrying

CURRENT, FORMER, FILE = "current", "former", "file"
_V = t.agency_versions.c


Mark = tuple[tuple[str, int, bool], ...]
"""What is applied, without the texts: it changes when that changes."""


def mark_of(versions: Sequence[Version]) -> Mark:
    """Name what is applied among these versions."""
    return tuple(sorted((v.agency, v.number, v.live) for v in versions if v.applied))


@dataclass(frozen=True)
class Change:
    """What is applied to one agency."""

    agency: str
    content: bytes
    live: bool = True
    approved_by: str = ""


def versions_at(url: str) -> list[Version]:
    """Read what runs by a database's address; nothing where there is none yet.

    Raises DatabaseDownError when it cannot be looked at.
    """
    if condition(url) is not Condition.CURRENT:
        return []
    db = Database(url, pool_size=1)
    try:
        return AgencyVersions(db).current()
    finally:
        db.close()


class AgencyVersions:
    """The table of versions."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def current(self) -> list[Version]:
        """Read every agency's applied version; else the last that ran from its file."""
        with self._db.read() as tx:
            rows = tx.conn.execute(
                sa.select(t.agency_versions)
                .where(_V.state.in_((CURRENT, FILE)))
                # Of one agency the applied one comes last, and counts.
                .order_by(_V.agency, _V.state.desc(), _V.number)
            ).all()
        return list({row.agency: _version(row) for row in rows}.values())

    def mark(self) -> Mark:
        """Name what is applied: one small read, for every process every few seconds."""
        with self._db.read() as tx:
            rows = tx.conn.execute(
                sa.select(_V.agency, _V.number, _V.live).where(_V.state == CURRENT)
            )
            return tuple(sorted((row.agency, row.number, row.live) for row in rows))

    def find(self, agency: str, mapping: str) -> Version | None:
        """Find the text that an attempt was made with; None when it was not kept."""
        with self._db.read() as tx:
            row = tx.conn.execute(
                sa.select(t.agency_versions).where(
                    _V.agency == agency, _V.mapping_version == mapping
                )
            ).one_or_none()
        return None if row is None else _version(row)

    def number(self, agency: str, number: int) -> Version | None:
        """Read one version; None when there is none."""
        with self._db.read() as tx:
            row = tx.conn.execute(
                sa.select(t.agency_versions).where(
                    _V.agency == agency, _V.number == number
                )
            ).one_or_none()
        return None if row is None else _version(row)

    def history(self, agency: str) -> list[dict[str, Any]]:
        """List an agency's versions, newest first, without their texts."""
        shown = [column for column in _V if column.name != "content"]
        with self._db.read() as tx:
            rows = tx.conn.execute(
                sa.select(*shown).where(_V.agency == agency).order_by(_V.number.desc())
            )
            return [row._asdict() for row in rows]

    @retrying
    def keep(self, contents: Mapping[str, bytes], by: str) -> None:
        """Keep the texts that are run from files, so that what they began can end.

        Idempotent: a text that is known is not written again.
        """
        with self._db.write() as tx:
            known = _known(tx, contents)
            for agency in sorted(contents):
                if (agency, mapping_version(contents[agency])) not in known:
                    _insert(tx, Change(agency, contents[agency]), FILE, by, "")

    @retrying
    def apply(self, changes: Sequence[Change], by: str, why: str) -> dict[str, int]:
        """Make these texts current, all in one transaction; returns their numbers.

        The same text again keeps its number. Written to the audit trail.
        """
        with self._db.write() as tx:
            known = _known(tx, {one.agency: one.content for one in changes})
            found = {}
            for one in sorted(changes, key=lambda change: change.agency):
                version = mapping_version(one.content)
                _retire(tx, one.agency)
                number = known.get((one.agency, version))
                if number is None:
                    number = _insert(tx, one, CURRENT, by, why)
                else:
                    _restore(tx, one, number, by, why)
                found[one.agency] = number
                note(
                    tx,
                    by=by,
                    action="agency_applied",
                    subject=one.agency,
                    reason=why,
                    detail={
                        "number": number,
                        "mapping_version": version,
                        "live": one.live,
                        "approved_by": one.approved_by,
                    },
                )
        return found


def _known(tx: Tx, contents: Mapping[str, bytes]) -> dict[tuple[str, str], int]:
    rows = tx.conn.execute(
        sa.select(_V.agency, _V.mapping_version, _V.number).where(
            _V.agency.in_(sorted(contents))
        )
    )
    return {(row.agency, row.mapping_version): row.number for row in rows}


def _insert(tx: Tx, one: Change, state: str, by: str, why: str) -> int:
    last = tx.conn.execute(
        sa.select(sa.func.max(_V.number)).where(_V.agency == one.agency)
    ).scalar_one()
    number = (last or 0) + 1
    tx.conn.execute(
        sa.insert(t.agency_versions).values(
            agency=one.agency,
            number=number,
            mapping_version=mapping_version(one.content),
            content=one.content.decode("utf-8"),
            **_applied(tx, one, state, by, why),
        )
    )
    return number


def _restore(tx: Tx, one: Change, number: int, by: str, why: str) -> None:
    tx.conn.execute(
        sa.update(t.agency_versions)
        .where(_V.agency == one.agency, _V.number == number)
        .values(**_applied(tx, one, CURRENT, by, why))
    )


def _applied(tx: Tx, one: Change, state: str, by: str, why: str) -> dict[str, Any]:
    return {
        "state": state,
        "live": one.live,
        "at": tx.now,
        "by": by[:100],
        "why": why[:300],
        "approved_by": one.approved_by[:100],
    }


def _retire(tx: Tx, agency: str) -> None:
    tx.conn.execute(
        sa.update(t.agency_versions)
        .where(_V.agency == agency, _V.state == CURRENT)
        .values(state=FORMER)
    )


def _version(row: Any) -> Version:
    return Version(
        agency=row.agency,
        number=row.number,
        mapping_version=row.mapping_version,
        content=row.content.encode("utf-8"),
        live=row.live,
        applied=row.state == CURRENT,
    )
