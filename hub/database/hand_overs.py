"""Legs that wait for an agency's system which cannot be reached for long."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.appending import Appends
from hub.database.case import Case
from hub.database.engine import retrying
from hub.database.tables.base import ACTIVE
from hub.domain.delivery import CursorState
from hub.domain.lifecycle import ENDED_CASE
from hub.ports import LateLeg
from schemas.events import NewEvent
from schemas.parties import PartyKind, Role
from schemas.status import Status

DELAYED = "hand_over_delayed"
_TOLD = frozenset({DELAYED, "handed_over"})


class SqlHandOvers(Appends):
    """Implements `hub.ports.HandOvers`."""

    def late(self, after_seconds: float, limit: int) -> list[LateLeg]:
        """Find main legs that nobody was told of; only what is due is read.

        Late since its own first failure, or since its party's breaker opened or it was
        paused, whichever is earlier.
        """
        with self._db.read() as tx:
            before = tx.now - timedelta(seconds=after_seconds)
            rows = tx.conn.execute(_late(before).limit(limit)).all()
            return [
                LateLeg(
                    row.complaint_id,
                    row.party,
                    row.assignment_no,
                    min(x for x in (row.failing_since, row.stopped_since) if x),
                    tx.now,
                )
                for row in rows
            ]

    @retrying
    def tell(
        self, legs: Sequence[LateLeg], make: Callable[[LateLeg], NewEvent]
    ) -> tuple[int, list[tuple[str, str]]]:
        """Append an event for each leg that still waits, in one transaction."""
        if not legs:
            return 0, []
        with self._db.write() as tx:
            log = self._appender(tx)
            log.open_many({leg.complaint_id for leg in legs})
            told = 0
            for leg in legs:
                case = log.open(leg.complaint_id)
                if case is not None and _waits(case, leg):
                    told += len(log.append(case, [make(leg)]))
            return told, log.flush()


def _late(before: Any) -> sa.Select[Any]:
    c, p, leg, log = t.cursors.c, t.parties.c, t.legs.c, t.log.c
    told = sa.select(log.seq).where(
        log.complaint_id == c.complaint_id,
        log.type.in_(_TOLD),
        log.leg_agency == c.party,
        log.assignment_no == c.assignment_no,
    )
    this_leg = sa.and_(
        leg.complaint_id == c.complaint_id,
        leg.agency == c.party,
        leg.assignment_no == c.assignment_no,
    )
    return (
        sa.select(
            c.complaint_id,
            c.party,
            c.assignment_no,
            c.failing_since,
            p.stopped_since,
        )
        .join(t.parties, sa.and_(p.party == c.party, p.lane == c.lane))
        .join(t.legs, this_leg)
        .join(t.complaints, t.complaints.c.id == c.complaint_id)
        .where(
            p.kind == PartyKind.AGENCY,
            c.state == ACTIVE,
            c.due_at.is_not(None),
            c.reference_index.is_(None),
            sa.or_(c.failing_since <= before, p.stopped_since <= before),
            leg.role == Role.MAIN,
            leg.closed_seq.is_(None),
            t.complaints.c.status.not_in({*ENDED_CASE, Status.CLOSED}),
            ~told.exists(),
        )
        .order_by(c.complaint_id, c.party)
    )


def _waits(case: Case, late: LateLeg) -> bool:
    """Look again, under the complaint's lock."""
    key = (late.agency, late.assignment_no)
    leg, cursor = case.state.legs.get(key), case.cursors.get((late.agency, ""))
    if leg is None or not leg.is_open or not case.state.expects(late.agency):
        return False
    if cursor is None or cursor.state is not CursorState.ACTIVE:
        return False
    return not any(e.type in _TOLD and e.leg == key for _, e in case.events)
