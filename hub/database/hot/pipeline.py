"""Statements on the driver's own connection, many in one round trip."""

from collections.abc import Sequence
from typing import Any

from hub.database.engine import Tx
from hub.database.postgresql import driver, translated

Statement = tuple[str, Sequence[Any]]

ONE_PLAN = """
SELECT set_config('enable_seqscan', 'off', true),
       set_config('enable_hashjoin', 'off', true),
       set_config('enable_mergejoin', 'off', true),
       set_config('enable_bitmapscan', 'off', true),
       set_config('enable_material', 'off', true),
       set_config('enable_memoize', 'off', true),
       set_config('jit', 'off', true),
       set_config('plan_cache_mode', 'force_generic_plan', true)
"""
"""Until the transaction ends. A plan that is off counts as costly, and a costly plan
would be compiled, for a fifth of a second each time: hence no `jit`. Without `material`
no table is kept in memory to be gone through for each row. One plan is made once: over
five years of months a change is planned for 12 ms, and begun in 0.4 ms."""


def run(tx: Tx, statements: Sequence[Statement]) -> list[Any]:
    """Run statements in order in one round trip; returns their executed cursors.

    The transaction's first ones are led by `ONE_PLAN`. Raises what SQLAlchemy raises,
    so that callers see one kind of error.
    """
    raw = driver(tx.conn)
    with translated(tx.conn), raw.pipeline():
        if not tx.one_plan:
            raw.cursor().execute(ONE_PLAN, prepare=True)
            tx.one_plan = True
        return [
            raw.cursor(binary=True).execute(sql, values, prepare=True)
            for sql, values in statements
        ]
