"""What complaints said when they came, and what was decided then; reads only."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.engine import Database, Tx
from hub.database.projection import event_of
from hub.database.vault import Vault
from hub.domain.categories import Categories
from hub.domain.regions import place_code
from hub.domain.registration import complaint_of
from hub.domain.routing import category_code
from hub.ports import Told
from schemas.complaint import Category, Region
from schemas.events import LogEvent
from schemas.parties import AuthorKind, Role
from schemas.status import Status

PAGE = 500
"""Complaints whose words are in memory at the same time."""
_DECIDED = ("assigned", "triage_requested")
_LOG = t.log.c
_C = t.complaints.c
_COMPLAINTS = sa.select(_C.id, _C.public_number, _C.received_at, _C.status, _C.category)


class SqlTold:
    """Implements `hub.ports.ToldReader`."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def one(self, complaint_id: str) -> Told | None:
        """Read one complaint; None when there is none."""
        with self._db.read() as tx:
            found = self._read(tx, _COMPLAINTS.where(_C.id == complaint_id))
        return found[0] if found else None

    def in_triage(self, limit: int) -> list[Told]:
        """Read those about which an official has to decide, the oldest first."""
        query = _COMPLAINTS.where(_C.triage.is_(True))
        with self._db.read() as tx:
            return self._read(tx, query.order_by(_C.id).limit(limit))

    def since(self, days: float) -> Iterator[list[Told]]:
        """Read those of the last days, oldest first, a page in a transaction each."""
        with self._db.read() as tx:
            first = tx.now - timedelta(days=days)
        after = ""
        while True:
            query = _COMPLAINTS.where(_C.received_at >= first)
            if after:
                query = query.where(_C.id > after)
            with self._db.read() as tx:
                rows = tx.conn.execute(query.order_by(_C.id).limit(PAGE)).all()
                page = self._told(tx, rows)
            yield page
            if len(rows) < PAGE:
                return
            after = rows[-1].id

    def _read(self, tx: Tx, query: sa.Select[Any]) -> list[Told]:
        return self._told(tx, tx.conn.execute(query).all())

    def _told(self, tx: Tx, rows: Sequence[Any]) -> list[Told]:
        ids = [row.id for row in rows]
        received = self._received(tx, ids)
        decided = _decided(tx, ids)
        legs = _main_legs(tx, ids)
        return [
            Told(
                id=row.id,
                public_number=row.public_number,
                received_at=row.received_at,
                status=Status(row.status),
                category=_category(row.category, event.facts),
                region=_region(event.facts),
                complaint=complaint_of(event.facts, event.sealed),
                decided=decided.get(row.id, ("", "", ())),
                main=_agencies(legs.get(row.id, []), all_but=_ENDED),
                gave_back=_agencies(legs.get(row.id, []), only=_GIVEN_BACK),
            )
            for row in rows
            if (event := received.get(row.id)) is not None
        ]

    def _received(self, tx: Tx, ids: Sequence[str]) -> dict[str, LogEvent]:
        """Read what complaints begin with; by its own statement, so always by key."""
        rows = tx.conn.execute(
            sa.select(t.log).where(
                _LOG.complaint_id.in_(ids), _LOG.seq == 1, _LOG.type == "received"
            )
        ).all()
        keys = self._vault.keys(tx.conn, {row.data_key_id for row in rows})
        return {row.complaint_id: event_of(row, keys) for row in rows}


def _category(now: str, facts: Mapping[str, Any]) -> str:
    """Name the category; one that an official set is of the usual scheme."""
    came = facts.get("category") or {}
    if came.get("code") != now or not now:
        return now
    return category_code(Category(**came), Categories().scheme)


def _region(facts: Mapping[str, Any]) -> str:
    return place_code(Region(**facts["region"])) if facts.get("region") else ""


def _decided(tx: Tx, ids: Sequence[str]) -> dict[str, tuple[str, str, tuple[str, ...]]]:
    """Read what rules decided first: the rule, why, and the agencies that must act."""
    rows = tx.conn.execute(
        sa.select(_LOG.complaint_id, _LOG.type, _LOG.facts)
        .where(
            _LOG.complaint_id.in_(ids),
            _LOG.type.in_(_DECIDED),
            _LOG.author_kind == AuthorKind.RULE,
        )
        .order_by(_LOG.complaint_id, _LOG.seq)
    )
    found: dict[str, tuple[str, str, tuple[str, ...]]] = {}
    for complaint_id, kind, facts in rows:
        if kind == "triage_requested":
            rule, _, why = facts["why"].partition(": ")
            found.setdefault(complaint_id, (rule, why, ()))
            continue
        rule, why, names = found.get(
            complaint_id, (facts.get("rule_id", ""), facts.get("why", ""), ())
        )
        if facts.get("role", Role.MAIN) == Role.MAIN:
            names = (*names, facts["agency"])
        found[complaint_id] = (rule, why, names)
    return found


def _main_legs(tx: Tx, ids: Sequence[str]) -> dict[str, list[tuple[str, Status]]]:
    """Read who must act or had to, and how it stands there."""
    leg = t.legs.c
    rows = tx.conn.execute(
        sa.select(leg.complaint_id, leg.agency, leg.status)
        .where(leg.complaint_id.in_(ids), leg.role == Role.MAIN)
        .order_by(leg.complaint_id, leg.opened_seq)
    )
    found: dict[str, list[tuple[str, Status]]] = {}
    for complaint_id, agency, status in rows:
        found.setdefault(complaint_id, []).append((agency, Status(status)))
    return found


_ENDED = frozenset({Status.RETURNED})
_GIVEN_BACK = _ENDED | {Status.RETURN_REQUESTED}


def _agencies(
    legs: list[tuple[str, Status]],
    *,
    only: Collection[Status] = frozenset(Status),
    all_but: Collection[Status] = (),
) -> tuple[str, ...]:
    """Name the agencies of legs by how they stand, each once."""
    found = (a for a, status in legs if status in only and status not in all_but)
    return tuple(dict.fromkeys(found))
