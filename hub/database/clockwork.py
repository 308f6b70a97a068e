"""The clocks of complaints in the database: what is due, and the next instant."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.appending import Appends
from hub.database.case import Case
from hub.database.case_reading import read_cases
from hub.database.engine import Tx, retrying
from hub.database.hot.batch import WOUND_COMPLAINTS, Batch
from hub.database.hot.writing import write
from hub.database.log import Appender
from hub.database.projection import read_events, watch_columns
from hub.domain.deadlines import Clock
from hub.domain.ladder import event_of
from hub.ports import Struck
from schemas.deadlines import ClockStage

ROUNDS_MAX = 4
"""Each thing that follows by itself may make another due: never so many."""


class SqlClocks(Appends):
    """Implements `hub.ports.Clocks`."""

    def due(self, limit: int) -> list[str]:
        """Name complaints whose next step is due, the oldest first."""
        c = t.complaints.c
        with self._db.read() as tx:
            found = tx.conn.execute(
                sa.select(c.id)
                .where(c.next_clock_at.is_not(None), c.next_clock_at <= tx.now)
                .order_by(c.next_clock_at)
                .limit(limit)
            )
            return list(found.scalars())

    @retrying
    def strike(self, complaint_ids: Sequence[str]) -> list[Struck]:
        """Append what is due, and set the next instant, in one transaction."""
        with self._db.write() as tx:
            log = self._appender(tx)
            ids = _lock(tx, complaint_ids)
            log.open_many(ids)
            cases = [case for one in ids if (case := log.open(one)) is not None]
            steps = {case.complaint_id: self._strike(log, case) for case in cases}
            for case in cases:
                if not steps[case.complaint_id]:
                    log.batch.add(WOUND_COMPLAINTS, self._wound(case))
            due = log.flush()
        return [
            Struck(one, found, [pair for pair in due if pair[1] == one])
            for one, found in steps.items()
        ]

    def _strike(self, log: Appender, case: Case) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        if case.key is None:
            return found
        now = log.tx.now
        for _ in range(ROUNDS_MAX):
            due = self._deadlines.due(case.events, now)
            if not due:
                break
            # One thing that follows by itself at a time: the others are seen anew.
            ends = [step.stage is ClockStage.RUN_OUT for _, step in due]
            taken = due[: ends.index(True) + 1] if any(ends) else due
            events = [event_of(clock, step, now) for clock, step in taken]
            written = log.append(case, events)
            found += [(one.event.author.id, one.event.type) for one in written]
        return found

    def _wound(self, case: Case) -> dict[str, Any]:
        return {"id": case.complaint_id, **watch_columns(case, self._deadlines)}

    @retrying
    def postpone(self, complaint_id: str, seconds: float) -> None:
        """Leave a complaint alone for some time; `check_invariants()` names it."""
        c = t.complaints.c
        with self._db.write() as tx:
            later = tx.now + timedelta(seconds=seconds)
            tx.conn.execute(
                sa.update(t.complaints)
                .where(c.id == complaint_id, c.next_clock_at.is_not(None))
                .values(next_clock_at=later)
            )

    # what operators do

    def clocks_of(self, complaint_id: str) -> tuple[list[Clock], datetime]:
        """Compute a complaint's clocks, and tell the database's time."""
        with self._db.read() as tx:
            events = [(e.seq, e) for e in read_events(tx, complaint_id)]
            return self._deadlines.clocks(events), tx.now

    def ids_after(self, last: str, limit: int) -> list[str]:
        """Name complaints in the order of their ids, erased ones left out."""
        c = t.complaints.c
        query = sa.select(c.id).where(c.erased_at.is_(None)).order_by(c.id).limit(limit)
        if last:
            query = query.where(c.id > last)
        with self._db.read() as tx:
            return list(tx.conn.execute(query).scalars())

    @retrying
    def wind(self, complaint_ids: Sequence[str]) -> int:
        """Set the next instants by the limits and calendar of now; counts changes.

        Idempotent; appends nothing: what is due then is done by a running hub.
        """
        c, changed = t.complaints.c, 0
        with self._db.write() as tx:
            cases = read_cases(tx, self._vault, complaint_ids)
            rows = tx.conn.execute(
                sa.select(c.id, c.next_clock_at, c.overdue).where(
                    c.id.in_(list(complaint_ids))
                )
            )
            stored = {row.id: row._asdict() for row in rows}
            batch = Batch()
            for case in cases:
                row = self._wound(case)
                if row != stored[case.complaint_id]:
                    batch.add(WOUND_COMPLAINTS, row)
                    changed += 1
            write(tx, batch)
        return changed


def _lock(tx: Tx, complaint_ids: Sequence[str]) -> list[str]:
    """Lock those that are still due and that nobody else holds."""
    c = t.complaints.c
    found = tx.conn.execute(
        sa.select(c.id)
        .where(c.id.in_(list(complaint_ids)), c.next_clock_at <= tx.now)
        .order_by(c.id)
        .with_for_update(key_share=True, skip_locked=True)
    )
    return list(found.scalars())
