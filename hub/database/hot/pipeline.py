"""Statements on the driver's own connection, many in one round trip."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import exc

from hub.database.engine import Tx

Statement = tuple[str, Sequence[Any]]


def run(tx: Tx, statements: Sequence[Statement]) -> list[Any]:
    """Run statements in order in one round trip; returns their executed cursors.

    Raises what SQLAlchemy raises, so that callers see one kind of error.
    """
    raw = driver(tx)
    with translated(tx), raw.pipeline():
        return [
            raw.cursor(binary=True).execute(sql, values, prepare=True)
            for sql, values in statements
        ]


def driver(tx: Tx) -> psycopg.Connection[Any]:
    """Take the driver's connection of a transaction."""
    found = tx.conn.connection.driver_connection
    if not isinstance(found, psycopg.Connection):
        msg = "the transaction is not on PostgreSQL"
        raise TypeError(msg)
    return found


@contextmanager
def translated(tx: Tx) -> Iterator[None]:
    """Raise the driver's errors as SQLAlchemy's; a dead connection is thrown away."""
    try:
        yield
    except psycopg.Error as error:
        gone = driver(tx).closed
        if gone:
            tx.conn.invalidate(error)
        raise exc.DBAPIError.instance(
            None,
            None,
            error,
            psycopg.Error,
            hide_parameters=True,
            connection_invalidated=bool(gone),
            dialect=tx.conn.dialect,
        ) from error
