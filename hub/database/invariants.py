"""`check_invariants()`: independent records are compared; nothing may vanish.

Each rule has a name, and a test that corrupts one row and sees it named.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.edge import Edge
from hub.database.engine import Database, Tx
from hub.database.erased_list import ErasedList
from hub.database.known_references import (
    references_mean_handed_over,
    what_began_elsewhere_is_known_there,
)
from hub.database.projection import event_of, leg_rows, projection
from hub.domain.deadlines import Deadlines, Watch
from hub.domain.lifecycle import fold
from schemas.events import LogEvent


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule."""

    rule: str
    subject: str
    what: str


SECONDS_MAX = 600
"""One rule reads whole tables; a connection's own limit is for single cases."""

Rule = Callable[[Tx], Iterator[tuple[str, str]]]


def done_rows_name_their_result(tx: Tx) -> Iterator[tuple[str, str]]:
    """Every settled row names its event, link, answer or part."""
    j = t.journal.c
    rows = tx.conn.execute(
        sa.select(j.id, j.result_kind).where(j.state == "done", j.result_id.is_(None))
    )
    yield from ((row.id, "is done, but names no result") for row in rows)
    by_cause = sa.select(t.log.c.complaint_id).where(
        t.log.c.cause_kind == "journal", t.log.c.cause_id == sa.cast(j.id, sa.String)
    )
    if tx.dialect == "sqlite":
        by_cause = _caused_on_sqlite()
    rows = tx.conn.execute(
        sa.select(j.id).where(
            j.state == "done", j.result_kind == "event", ~by_cause.exists()
        )
    )
    yield from ((row.id, "names an event that is not in the log") for row in rows)


def _caused_on_sqlite() -> sa.Select[Any]:
    """SQLite keeps ids without dashes."""
    bare = sa.func.replace(t.log.c.cause_id, "-", "")
    return sa.select(t.log.c.complaint_id).where(
        t.log.c.cause_kind == "journal",
        bare == sa.type_coerce(t.journal.c.id, sa.String),
    )


def events_have_their_cause(tx: Tx) -> Iterator[tuple[str, str]]:
    """Every event's journal row or attempt exists."""
    for kind, table in (("journal", t.journal), ("delivery", t.attempts)):
        known = set(tx.conn.execute(sa.select(table.c.id)).scalars())
        rows = tx.conn.execute(
            sa.select(t.log.c.complaint_id, t.log.c.seq, t.log.c.cause_id).where(
                t.log.c.cause_kind == kind
            )
        )
        for row in rows:
            if row.cause_id not in known:
                yield (
                    f"{row.complaint_id}.{row.seq}",
                    f"its {kind} cause does not exist",
                )


def log_is_gap_free(tx: Tx) -> Iterator[tuple[str, str]]:
    """head_seq = max(seq) = count, from 1."""
    c, log = t.complaints.c, t.log.c
    counted = (
        sa.select(
            log.complaint_id,
            sa.func.count().label("n"),
            sa.func.max(log.seq).label("last"),
            sa.func.min(log.seq).label("first"),
        )
        .group_by(log.complaint_id)
        .subquery()
    )
    rows = tx.conn.execute(
        sa.select(c.id, c.head_seq, counted.c.n, counted.c.last, counted.c.first)
        .select_from(t.complaints)
        .outerjoin(counted, counted.c.complaint_id == c.id)
    )
    for row in rows:
        if not (row.n == row.last == row.head_seq and row.first == 1):
            yield row.id, f"head {row.head_seq}, {row.n} events, last {row.last}"
    orphans = tx.conn.execute(
        sa.select(log.complaint_id)
        .where(log.complaint_id.not_in(sa.select(c.id)))
        .distinct()
    )
    yield from ((row.complaint_id, "has events, but no complaint") for row in orphans)


def projection_equals_fold(tx: Tx) -> Iterator[tuple[str, str]]:
    """The stored complaint and its legs are what the log says."""
    rows = {r.id: r for r in tx.conn.execute(sa.select(t.complaints))}
    legs: dict[str, list[Any]] = {}
    for leg in tx.conn.execute(
        sa.select(t.legs).order_by(t.legs.c.agency, t.legs.c.assignment_no)
    ):
        legs.setdefault(leg.complaint_id, []).append(leg)
    for complaint_id, events in _logs(tx):
        row = rows.get(complaint_id)
        if row is None:
            continue
        state = fold([(e.seq, e) for e in events])
        for name, value in projection(state).items():
            if getattr(row, name) != value:
                yield (
                    complaint_id,
                    f"{name} is {getattr(row, name)!r}, the log says {value!r}",
                )
        expected = leg_rows(complaint_id, state)
        stored = (
            [
                {k: getattr(leg, k) for k in expected[0]}
                for leg in legs.get(complaint_id, [])
            ]
            if expected
            else legs.get(complaint_id, [])
        )
        if stored != expected:
            yield complaint_id, "its legs differ from the log"
        if events and events[-1].status_after != state.status:
            yield complaint_id, "the last status_after differs from the log"


def _logs(tx: Tx) -> Iterator[tuple[str, list[LogEvent]]]:
    """Give the events of each complaint, without their words."""
    log = tx.conn.execute(sa.select(t.log).order_by(t.log.c.complaint_id, t.log.c.seq))
    for complaint_id, group in groupby(log, key=lambda row: row.complaint_id):
        yield complaint_id, [event_of(r, {}) for r in group]


def assignments_have_cursors(tx: Tx) -> Iterator[tuple[str, str]]:
    """Every leg of a configured party has its cursor."""
    leg, cursor = t.legs.c, t.cursors.c
    rows = tx.conn.execute(
        sa.select(leg.complaint_id, leg.agency)
        .join(t.parties, t.parties.c.party == leg.agency)
        .outerjoin(
            t.cursors,
            sa.and_(
                cursor.complaint_id == leg.complaint_id, cursor.party == leg.agency
            ),
        )
        .where(cursor.party.is_(None))
    )
    yield from (
        (row.complaint_id, f"{row.agency} has a leg, but no cursor") for row in rows
    )


def cursors_are_sound(tx: Tx) -> Iterator[tuple[str, str]]:
    """Delivered <= target <= head; what lags is due, what is in step is not."""
    c = t.cursors.c
    rows = tx.conn.execute(
        sa.select(t.cursors, t.complaints.c.head_seq).join(
            t.complaints, t.complaints.c.id == c.complaint_id
        )
    )
    waiting = {
        (r.complaint_id, r.party, r.recipient)
        for r in tx.conn.execute(
            sa.select(t.dead_letters).where(
                t.dead_letters.c.state.in_(("open", "requested"))
            )
        )
    }
    requested = {
        (r.complaint_id, r.party, r.recipient)
        for r in tx.conn.execute(
            sa.select(t.dead_letters).where(t.dead_letters.c.state == "requested")
        )
    }
    for row in rows:
        name = f"{row.complaint_id}/{row.party}"
        key = (row.complaint_id, row.party, row.recipient)
        if not row.delivered_seq <= row.target_seq <= row.head_seq:
            order = (row.delivered_seq, row.target_seq, row.head_seq)
            yield name, "delivered {}, target {}, head {}".format(*order)
        lags = row.delivered_seq < row.target_seq
        if row.state == "active" and lags and row.due_at is None:
            yield name, "lags, but is not due"
        if (
            row.state == "active"
            and not lags
            and row.due_at is not None
            and key not in requested
        ):
            yield name, "is in step, but due"
        if row.state in {"held", "parked"} and key not in waiting:
            yield name, f"is {row.state}, but no dead letter says so"


def rows_to_work_are_due(tx: Tx) -> Iterator[tuple[str, str]]:
    """A row that waits to be worked is found by the sweep."""
    j = t.journal.c
    rows = tx.conn.execute(
        sa.select(j.id, j.state).where(
            j.state.in_(("new", "waiting")), j.due_at.is_(None)
        )
    )
    yield from ((row.id, f"is {row.state}, but never due") for row in rows)


def requests_have_their_parts(tx: Tx) -> Iterator[tuple[str, str]]:
    """A request of n records has n child rows."""
    j = t.journal.c
    child = t.journal.alias()
    counted = (
        sa.select(sa.func.count()).where(child.c.parent_id == j.id).scalar_subquery()
    )
    rows = tx.conn.execute(
        sa.select(j.id, j["items"].label("parts"), counted.label("n")).where(
            j.state == "split"
        )
    )
    yield from (
        (r.id, f"was split in {r.parts}, has {r.n}") for r in rows if r.parts != r.n
    )


def erased_means_keyless(tx: Tx) -> Iterator[tuple[str, str]]:
    """No data key of an erased complaint exists; every other has its own."""
    c, k = t.complaints.c, t.data_keys.c
    rows = tx.conn.execute(
        sa.select(c.id)
        .join(t.data_keys, k.complaint_id == c.id)
        .where(c.erased_at.is_not(None), k.wrapped.is_not(None))
    )
    yield from ((row.id, "is erased, but a key of it exists") for row in rows)
    rows = tx.conn.execute(
        sa.select(c.id)
        .outerjoin(t.data_keys, k.id == c.data_key_id)
        .where(c.erased_at.is_(None), k.wrapped.is_(None))
    )
    yield from ((row.id, "lost its data key without an erasure") for row in rows)


RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        done_rows_name_their_result,
        events_have_their_cause,
        log_is_gap_free,
        projection_equals_fold,
        assignments_have_cursors,
        cursors_are_sound,
        references_mean_handed_over,
        what_began_elsewhere_is_known_there,
        rows_to_work_are_due,
        requests_have_their_parts,
        erased_means_keyless,
    )
}


def check_invariants(
    db: Database,
    edge: Edge | None = None,
    erased: ErasedList | None = None,
    deadlines: Deadlines | None = None,
) -> list[Violation]:
    """Compare every independent record; an empty list means that all holds."""
    with db.read() as tx:
        if tx.is_postgresql:
            tx.conn.execute(sa.text(f"SET LOCAL statement_timeout = '{SECONDS_MAX}s'"))
        return check_in(tx, edge, erased, deadlines)


def check_in(
    tx: Tx,
    edge: Edge | None = None,
    erased: ErasedList | None = None,
    deadlines: Deadlines | None = None,
) -> list[Violation]:
    """Compare every independent record as one transaction sees them."""
    found = [
        Violation(name, subject, what)
        for name, rule in RULES.items()
        for subject, what in rule(tx)
    ]
    if edge is not None:
        found += _edge_counts(tx, edge)
    if erased is not None:
        found += _erased_list(tx, erased)
    if deadlines is not None:
        found += _clocks(tx, deadlines)
    return found


def _clocks(tx: Tx, deadlines: Deadlines) -> Iterator[Violation]:
    """Open clocks have their next instant: the one that log and calendar give."""
    c = t.complaints.c
    query = sa.select(c.id, c.next_clock_at, c.overdue, c.erased_at)
    rows = {row.id: row for row in tx.conn.execute(query)}
    for complaint_id, events in _logs(tx):
        row = rows.get(complaint_id)
        if row is None:
            continue
        numbered = [(e.seq, e) for e in events]
        wanted = Watch() if row.erased_at else deadlines.watch(numbered)
        if row.next_clock_at != wanted.next_at:
            what = f"is wound to {row.next_clock_at}, the log says {wanted.next_at}"
            yield Violation("clocks_are_wound", complaint_id, what)
        if row.overdue != wanted.overdue:
            what = f"overdue is {row.overdue}, the log says {wanted.overdue}"
            yield Violation("clocks_are_wound", complaint_id, what)


def _edge_counts(tx: Tx, edge: Edge) -> list[Violation]:
    """What the edge told senders to be accepted is in the journal, or spooled."""
    waiting = set(edge.spooled())
    accepted = edge.accepted()
    known = set(tx.conn.execute(sa.select(t.journal.c.id)).scalars())
    return [
        Violation(
            "edge_equals_journal", journal_id, "was accepted, but is not in the journal"
        )
        for journal_id in sorted(accepted - known - waiting)
    ]


def _erased_list(tx: Tx, erased: ErasedList) -> list[Violation]:
    c = t.complaints.c
    rows = tx.conn.execute(sa.select(c.id).where(c.erased_at.is_not(None))).scalars()
    return [
        Violation("erased_list_is_complete", row, "is erased, but not on the list")
        for row in sorted(set(rows) - erased.ids())
    ]
