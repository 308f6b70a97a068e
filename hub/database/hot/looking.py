"""Looking rows up by their keys, many looks in one round trip.

On PostgreSQL each look is one statement over arrays of keys that admits one plan: row
by row, by the index of the key. Elsewhere it is a select through SQLAlchemy Core.
"""

from collections import namedtuple
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa

from hub.database.engine import Tx
from hub.database.hot.packing import Packed, element_type, packers_of
from hub.database.hot.pipeline import Statement, run

AT_ONCE = 500
"""Keys in one select on SQLite."""

Ask = tuple["Look", Collection[Any]]


@dataclass(frozen=True, eq=False)
class Look:
    """What is read of the rows that have certain keys."""

    table: sa.Table
    columns: tuple[str, ...]
    key: tuple[str, ...]
    order: tuple[str, ...] = ()
    """Order of the rows of one key."""
    only: str = ""
    """A condition on its columns, in SQL that both databases read alike."""
    lock: bool = False
    """Lock the rows, in the order of their keys; waits for who holds them."""

    @property
    def statement(self) -> str:
        """The statement on PostgreSQL; its arguments are arrays of the keys."""
        return _statement(self)


def look(tx: Tx, *asks: Ask) -> list[list[Any]]:
    """Read the rows of each look, in the order of the keys; each key counts once.

    A key is a value, or a tuple of values where the look has several key columns.
    """
    sorted_asks = [(one, sorted(set(keys))) for one, keys in asks]
    if tx.is_postgresql:
        return _by_arrays(tx, sorted_asks)
    return [_by_core(tx, one, keys) for one, keys in sorted_asks]


def _by_arrays(tx: Tx, asks: Sequence[tuple[Look, list[Any]]]) -> list[list[Any]]:
    found: list[list[Any]] = [[] for _ in asks]
    filled = [n for n, (_, keys) in enumerate(asks) if keys]
    if not filled:
        return found
    statements: list[Statement] = [
        (_statement(asks[n][0]), _arrays(*asks[n])) for n in filled
    ]
    done = run(tx, statements)
    for n, cursor in zip(filled, done, strict=True):
        make = _row_type(asks[n][0])._make
        found[n] = [make(row) for row in cursor.fetchall()]
    return found


def _arrays(one: Look, keys: list[Any]) -> list[Packed]:
    columns = zip(*keys, strict=True) if len(one.key) > 1 else [keys]
    packers = packers_of(one.table, one.key)
    return [pack(list(part)) for pack, part in zip(packers, columns, strict=True)]


def _by_core(tx: Tx, one: Look, keys: list[Any]) -> list[Any]:
    c = one.table.c
    by = [c[name] for name in one.key]
    found: list[Any] = []
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        wanted = by[0].in_(some) if len(by) == 1 else sa.tuple_(*by).in_(some)
        query = sa.select(*(c[name] for name in one.columns)).where(wanted)
        if one.only:
            query = query.where(sa.text(one.only))
        order = [c[name] for name in one.order]
        found += tx.conn.execute(query.order_by(*by, *order)).all()
    return found


@cache
def _row_type(one: Look) -> Any:
    return namedtuple(f"Row_{one.table.name}", one.columns)  # noqa: PYI024 - by name


@cache
def _statement(one: Look) -> str:
    names = ", ".join(f'"{name}"' for name in one.key)
    types = [element_type(one.table.c[name]) for name in one.key]
    given = f"unnest({', '.join(f'%b::{kind}[]' for kind in types)}) AS g({names})"
    if one.lock:  # everybody sorts by the database's own order of texts
        places = ", ".join(str(n + 1) for n in range(len(one.key)))
        given = f"(SELECT * FROM {given} ORDER BY {places}) AS g"  # noqa: S608 - names from our metadata
    same = " AND ".join(f'"{name}" = g."{name}"' for name in one.key)
    # Where nothing is locked the condition stays outside, out of the planner's reach:
    # it would take an index of the condition, and read all that it holds for each key.
    only = f" AND {one.only}" if one.only and one.lock else ""
    outside = f" WHERE {one.only}" if one.only and not one.lock else ""
    order = ", ".join(f'"{name}"' for name in one.order)
    # OFFSET keeps the planner from turning the join round.
    return (
        f"SELECT found.* FROM {given} CROSS JOIN LATERAL "  # noqa: S608 - as above
        f'(SELECT {_shown(one)} FROM "{one.table.name}" WHERE {same}{only}'
        f"{f' ORDER BY {order}' if order else ''} OFFSET 0"
        f"{' FOR NO KEY UPDATE' if one.lock else ''}) AS found{outside}"
    )


def _shown(one: Look) -> str:
    table = one.table.name
    return ", ".join(
        f'"{table}"."{name}"::text AS "{name}"'
        if isinstance(one.table.c[name].type, sa.Uuid)
        else f'"{table}"."{name}"'
        for name in one.columns
    )
