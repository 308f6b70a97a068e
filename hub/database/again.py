"""Letting settled messages go the ordinary way once more."""

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.audit import note
from hub.database.engine import Tx


def work_rows_again(
    tx: Tx,
    ids: Sequence[str],
    states: Collection[str],
    by: str,
    reason: str,
    why: str = "",
) -> list[str]:
    """Make rows new, and audit each; returns which.

    `why` replaces what was written of them; without it that stays, and says to intake
    what an officer had before the eyes.

    Only those that are still in one of the states: whoever comes second changes
    nothing. What became an event is never worked again, since the event stays. The
    rows' names stay, so that what was told to a sender holds.
    """
    j = t.journal.c
    became_none = sa.or_(j.state != "done", j.result_kind == "answer")
    rows = (
        tx.conn.execute(
            sa.update(t.journal)
            .where(j.state.in_(states), became_none, j.id.in_(list(ids)))
            .values(
                state="new",
                due_at=tx.now,
                hinted_at=None,
                crashes=0,
                result_kind=None,
                result_id=None,
                why=why or j.why,
            )
            .returning(j.id)
        )
        .scalars()
        .all()
    )
    for row_id in rows:
        note(tx, by=by, action="journal_replayed", subject=row_id, reason=reason)
    return list(rows)
