"""The statements that lease for many lanes at once, on PostgreSQL."""

from collections import namedtuple
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.engine import Tx
from hub.database.hot.packing import PACKERS
from hub.database.hot.pipeline import Statement, run
from hub.ports import Ask

LEASED = (t.cursors, t.answers)

_FREE = """
       state = 'active' AND coalesce(due_at <= %s, false)
       AND (lease_until IS NULL OR lease_until < %s) AND NOT sending_open
"""

"""`coalesce` keeps the planner from the index of what is due, which it would read from
end to end for each row."""

RUNNING = """
SELECT given.party,
       (SELECT count(*) FROM cursors WHERE party = given.party
           AND lease_until IS NOT NULL AND lease_until >= %s)
     + (SELECT count(*) FROM answers WHERE party = given.party
           AND lease_until IS NOT NULL AND lease_until >= %s)
  FROM unnest(%b::text[]) AS given(party)
"""
"""Counts the leases of parties, by the partial indexes of what is leased."""


@cache
def due(table: sa.Table) -> str:
    """Write the statement that locks the first due rows of many lanes.

    A row that somebody else holds comes back as nulls: it is due, but busy. Rows are
    looked up by their key only: by its lane, each id would cost the lane's backlog.
    """
    key, *rest = [column.name for column in table.primary_key.columns]
    same = " AND ".join(f'"{name}" = wanted."{name}"' for name in (key, *rest))
    places = ", ".join(f'found."{name}"' for name in (key, *rest))
    shown = ", ".join(
        f'"{c.name}"::text' if isinstance(c.type, sa.Uuid) else f'"{c.name}"'
        for c in table.columns
    )
    return f"""
SELECT wanted.ask, wanted."{key}"::text, kept.*
  FROM (SELECT given.ask, given.slots, {places},
               row_number() OVER (PARTITION BY given.ask, found.party
                                  ORDER BY found.due_at) AS place
          FROM unnest(%b::int4[], %b::text[], %b::uuid[], %b::int4[])
               AS given(ask, lane, id, slots)
         CROSS JOIN LATERAL
               (SELECT * FROM "{table.name}" WHERE "{key}" = given.id OFFSET 0) AS found
         WHERE found.lane = given.lane AND {_FREE}) AS wanted
  LEFT JOIN LATERAL
       (SELECT {shown} FROM "{table.name}" WHERE {same} AND {_FREE}
        OFFSET 0 FOR NO KEY UPDATE SKIP LOCKED) AS kept ON true
 WHERE wanted.place <= wanted.slots
 ORDER BY wanted.ask, wanted.place
"""  # noqa: S608 - names from our metadata


DUE = tuple(due(table) for table in LEASED)


@dataclass
class Found:
    """What one lane's ask found."""

    rows: list[tuple[sa.Table, Any]] = field(default_factory=list)
    """Locked, the first due ones of each party."""
    busy: set[str] = field(default_factory=set)
    """Ids whose rows somebody else holds."""


def find_due(tx: Tx, asks: Sequence[Ask]) -> list[Found]:
    """Lock the due rows of lanes that name ids, at most `slots` of each party."""
    wanted = [
        (n, ask.lane, row_id, ask.slots)
        for n, ask in enumerate(asks)
        for row_id in ask.ids
    ]
    found = [Found() for _ in asks]
    if not wanted:
        return found
    numbers, lanes, ids, slots = zip(*wanted, strict=True)
    arrays = (
        PACKERS["int4"](numbers),
        PACKERS["text"](lanes),
        PACKERS["uuid"](ids),
        PACKERS["int4"](slots),
    )
    values = (*arrays, tx.now, tx.now, tx.now, tx.now)
    statements: list[Statement] = [(sql, values) for sql in DUE]
    for table, cursor in zip(LEASED, run(tx, statements), strict=True):
        make = _row_type(table)._make
        for number, row_id, *values_ in cursor.fetchall():
            if values_[0] is None:
                found[number].busy.add(row_id)
            else:
                found[number].rows.append((table, make(values_)))
    return found


@cache
def _row_type(table: sa.Table) -> Any:
    return namedtuple(f"Row_{table.name}", [c.name for c in table.columns])  # noqa: PYI024 - by name


def count_running(tx: Tx, parties: Sequence[str]) -> dict[str, int]:
    """Count what is leased of each party."""
    values = (tx.now, tx.now, PACKERS["text"](parties))
    (cursor,) = run(tx, [(RUNNING, values)])
    return dict(cursor.fetchall())
