"""Leasing due cursors and answers of many lanes, as their parties permit."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.cursor_rows import CLOSED, answer_cursor, cursor_of, tell_closed
from hub.database.engine import Tx
from hub.database.hot.batch import LEASED_ANSWERS, LEASED_CURSORS, Batch
from hub.database.hot.leasing import Found, count_running, find_due
from hub.database.hot.looking import Look, look
from hub.database.hot.writing import write
from hub.database.parties import LOCKED, collect_party, party_of
from hub.database.tables.base import ACTIVE
from hub.database.vault import Vault
from hub.domain.breaker import Breaker, Party, next_permit_at, permits
from hub.ports import Ask, Grant, Lease
from schemas.parties import PartyKind

WAIT_SECONDS_MIN = 0.05
"""No lane asks for permits more often."""
WAIT_SECONDS_MAX = 2.0
"""Whoever must wait longer waits in the database, not in a worker's memory."""

REQUESTED = Look(
    t.dead_letters,
    (
        "complaint_id",
        "party",
        "recipient",
        "id",
        "first_seq",
        "last_seq",
        "changed_at",
        "state",
        "is_submit",
    ),
    ("complaint_id",),
    ("first_seq",),
    only="state = 'requested' AND NOT is_submit",
)
"""Letters of later events that an operator asked for again."""

_Due = tuple[sa.Table, Any]
_LEASED = ((t.cursors, "complaint_id"), (t.answers, "journal_id"))


@dataclass
class _Given:
    """What one ask is given so far."""

    leases: list[Lease] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)


class Leasing:
    """Leases for many lanes in one transaction."""

    def __init__(self, tx: Tx, vault: Vault, owner: str) -> None:
        self._tx = tx
        self._vault = vault
        self._owner = owner
        self._batch = Batch()
        self._letters: dict[tuple[str, str, str], Any] = {}

    def run(self, asks: Sequence[Ask]) -> list[Grant]:
        """Lease up to `slots` due rows of each lane, as far as parties permit.

        Rows that somebody else holds are not waited for. Parties are locked after
        the rows, all together, in order.
        """
        found = _find(self._tx, asks)
        names = {row.party for one in found for _, row in one.rows}
        rows, letters = look(
            self._tx, (LOCKED, names), (REQUESTED, _takes_letters(found))
        )
        for one in letters:
            place = (one.complaint_id, one.party, one.recipient)
            self._letters.setdefault(place, one)
        running = _count_running(self._tx, sorted(names)) if names else {}
        given = [_Given() for _ in asks]
        rows_of = _by_party(found)
        for party_row in rows:  # in the order in which they are locked
            party = before = party_of(party_row)
            free = max(0, party_row.slots - running[party.party])
            kind = PartyKind(party_row.kind)
            for n, due in rows_of[party.party].items():
                granted, party = self._permit(asks[n], given[n], due, kind, free, party)
                free -= granted
            collect_party(self._batch, before, party)
        write(self._tx, self._batch)
        return [
            Grant(one.leases, min(one.waits, default=None), frozenset(seen.busy))
            for one, seen in zip(given, found, strict=True)
        ]

    def _permit(
        self,
        ask: Ask,
        one: _Given,
        due: Sequence[_Due],
        kind: PartyKind,
        free: int,
        party: Party,
    ) -> tuple[int, Party]:
        """Give a lane what one party permits of its due rows."""
        rows = due[: ask.slots - len(one.leases)]
        if not rows:
            return 0, party
        wanted = min(len(rows), free)
        granted, party = permits(party, wanted, self._tx.now, ask.ttl_seconds)
        taken = [
            self._take(table, row, party, kind, ask) for table, row in rows[:granted]
        ]
        one.leases += [lease for lease in taken if lease is not None]
        if granted < len(rows):
            one.waits += _deny(self._tx, party, ask.ids)
        return granted, party

    def _take(
        self, table: sa.Table, row: Any, party: Party, kind: PartyKind, ask: Ask
    ) -> Lease | None:
        """Take one row; None where it cannot be opened: it is looked at again later."""
        values: dict[str, Any] = {
            "lease_until": self._tx.now + timedelta(seconds=ask.ttl_seconds),
            "lease_epoch": row.lease_epoch + 1,
            "lease_owner": self._owner,
        }
        answer = table is t.answers
        if answer:
            cursor = answer_cursor(self._tx, row)
            values |= {"journal_id": row.journal_id, "n": row.n}
            self._batch.add(LEASED_ANSWERS, values)
        else:
            place = (row.complaint_id, row.party, row.recipient)
            letter = None
            if row.sending_to_seq is None:
                letter = self._letters.get(place)
                values["sending_dead_letter_id"] = letter.id if letter else None
            else:
                values["sending_dead_letter_id"] = row.sending_dead_letter_id
            names = ("complaint_id", "party", "recipient")
            values |= dict(zip(names, place, strict=True))
            self._batch.add(LEASED_CURSORS, values)
            try:
                cursor = cursor_of(self._tx, self._vault, row, party, letter)
            except CLOSED as error:
                tell_closed(row, error)
                return None
        return Lease(
            cursor=cursor,
            kind=kind,
            lane=ask.lane,
            epoch=row.lease_epoch + 1,
            owner=self._owner,
            expires_in_seconds=ask.ttl_seconds,
            answer_no=row.n if answer else None,
        )


def _takes_letters(found: Sequence[Found]) -> set[str]:
    """Name the complaints of cursors that have no frozen range."""
    return {
        row.complaint_id
        for one in found
        for table, row in one.rows
        if table is t.cursors and row.sending_to_seq is None
    }


def _by_party(found: Sequence[Found]) -> dict[str, dict[int, list[_Due]]]:
    """Group due rows by party, and by the ask that found them."""
    rows: dict[str, dict[int, list[_Due]]] = {}
    for n, one in enumerate(found):
        for table, row in one.rows:
            rows.setdefault(row.party, {}).setdefault(n, []).append((table, row))
    return rows


def _find(tx: Tx, asks: Sequence[Ask]) -> list[Found]:
    """Find and lock due rows: by their ids in one round trip, else lane by lane."""
    if tx.is_postgresql and all(ask.ids for ask in asks):
        return find_due(tx, asks)
    return [Found(_of_lane(tx, ask)) for ask in asks]


def _of_lane(tx: Tx, ask: Ask) -> list[tuple[sa.Table, Any]]:
    c = t.parties.c
    query = sa.select(c.party).where(c.lane == ask.lane).order_by(c.party)
    return [
        found
        for party in tx.conn.execute(query).scalars().all()
        for found in _due_rows(tx, party, ask.ids, ask.slots)
    ]


def _count_running(tx: Tx, parties: Sequence[str]) -> dict[str, int]:
    if tx.is_postgresql:
        return count_running(tx, parties)
    return {party: _running(tx, party) for party in parties}


def _free(c: Any, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        c.state == ACTIVE,
        c.due_at.is_not(None),
        c.due_at <= now,
        sa.or_(c.lease_until.is_(None), c.lease_until < now),
        c.sending_open.is_(False),  # a lost call is looked into first
    )


def _due_rows(
    tx: Tx, party: str, ids: Sequence[str], wanted: int
) -> list[tuple[sa.Table, Any]]:
    found: list[tuple[sa.Table, Any]] = []
    for table, key in _LEASED:
        if wanted - len(found) <= 0:
            break
        c = table.c
        query = sa.select(table).where(c.party == party, *_free(c, tx.now))
        if ids:
            query = query.where(c[key].in_(list(ids)))
        rows = tx.conn.execute(
            query.order_by(c.due_at)
            .limit(wanted - len(found))
            .with_for_update(key_share=True, skip_locked=True)
        ).all()
        found += [(table, row) for row in rows]
    return found


def _running(tx: Tx, party: str) -> int:
    total = 0
    for table in (t.cursors, t.answers):
        c = table.c
        total += tx.conn.execute(
            sa.select(sa.func.count())
            .select_from(table)
            .where(
                c.party == party, c.lease_until.is_not(None), c.lease_until >= tx.now
            )
        ).scalar_one()
    return total


def _deny(tx: Tx, party: Party, ids: Sequence[str]) -> list[float]:
    """Say how long to wait; over a long wait the rows sleep in the database.

    A paused party's rows stay due and nobody waits for them: resuming wakes them.
    """
    at = next_permit_at(party, tx.now)
    if at is None:
        return []
    seconds = max(WAIT_SECONDS_MIN, (at - tx.now).total_seconds())
    if seconds <= WAIT_SECONDS_MAX:
        return [seconds]
    if party.breaker is Breaker.HALF_OPEN:  # the probe tells sooner than it must
        return [WAIT_SECONDS_MAX]
    for table, key in _LEASED:
        c, places = table.c, list(table.primary_key.columns)
        asleep = sa.select(*places).where(c.party == party.party, *_free(c, tx.now))
        if ids:
            asleep = asleep.where(c[key].in_(list(ids)))
        # What somebody holds may go: nobody waits here, parties are locked.
        asleep = asleep.with_for_update(key_share=True, skip_locked=True)
        tx.conn.execute(
            sa.update(table)
            .where(sa.tuple_(*places).in_(asleep))
            .values(due_at=at, hinted_at=None)
        )
    return []
