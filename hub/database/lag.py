"""Who has not been told yet: what lags, and what only rests.

A reporter's cursor rests where what waits is not urgent: it is not late.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hub.database import tables as t
from hub.domain.breaker import Breaker, PartyState
from schemas.parties import PartyKind


def rests(now: datetime) -> sa.ColumnElement[bool]:
    """Tell whether a cursor waits for the end of a burst or of the quiet hours.

    A retry has failed before, and whoever waits for a permit has a party that is
    stopped or throttled: both lag.
    """
    c, p = t.cursors.c, t.parties.c
    calm = sa.select(p.party).where(
        p.kind == PartyKind.REPORTER,
        p.state == PartyState.ACTIVE,
        p.breaker == Breaker.CLOSED,
        sa.or_(p.throttled_until.is_(None), p.throttled_until <= now),
    )
    return sa.and_(
        c.state == "active",
        c.due_at.is_not(None),
        c.due_at > now,
        c.failing_since.is_(None),
        c.party.in_(calm),
    )


def lags(now: datetime) -> sa.ColumnElement[bool]:
    """Tell whether a cursor's party has not been told what it should know by now."""
    c = t.cursors.c
    return sa.and_(c.delivered_seq < c.target_seq, sa.not_(rests(now)))


def party_lag(now: datetime) -> sa.Select[Any]:
    """Select every party with how many of its cursors lag, and since when.

    What rested lags since its rest was over.
    """
    c, p = t.cursors.c, t.parties.c
    rested = sa.and_(
        c.recipient != "", c.failing_since.is_(None), c.due_at.is_not(None)
    )
    since = sa.case((rested, c.due_at), else_=t.log.c.recorded_at)
    lag = (
        sa.select(
            c.party,
            sa.func.count().label("lagging"),
            sa.func.min(since).label("oldest"),
        )
        .join(
            t.log,
            sa.and_(
                t.log.c.complaint_id == c.complaint_id,
                t.log.c.seq == c.delivered_seq + 1,
            ),
        )
        .where(lags(now))
        .group_by(c.party)
        .subquery()
    )
    return (
        sa.select(
            p.party,
            p.kind,
            p.title,
            p.state,
            p.breaker,
            p.why,
            p.last_success_at,
            sa.func.coalesce(lag.c.lagging, 0).label("lagging"),
            lag.c.oldest,
        )
        .outerjoin(lag, lag.c.party == p.party)
        .order_by(p.party)
    )
