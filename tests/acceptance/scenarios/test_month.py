"""A simulated month: every deadline where the calendar says, and nothing broken."""

import os
from datetime import date, datetime
from itertools import groupby

import pytest
import sqlalchemy as sa

from hub.database import tables as t
from hub.database.invariants import check_invariants
from tests.acceptance.scenarios.by_hand import (
    STAGES,
    WIB,
    Case,
    end_of,
    expected,
    noted,
    silences,
)
from tests.acceptance.scenarios.month import Month
from tests.acceptance.scenarios.town import Town
from tests.figures import Figure

FIRST = date(2026, 12, 14)
DAYS = int(os.environ.get("SIMPUL_MONTH_DAYS", "12"))
"""`make scenarios` plays a whole month."""


def cases_of(town: Town) -> list[Case]:
    query = sa.select(t.log).order_by(t.log.c.complaint_id, t.log.c.seq)
    with town.desk.db.read() as tx:
        rows = list(tx.conn.execute(query))
    return [
        Case(one, list(group)) for one, group in groupby(rows, lambda r: r.complaint_id)
    ]


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-12-22", 3, "2026-12-29"),
        ("2026-12-22", 5, "2026-12-31"),
        ("2026-12-22", 10, "2027-01-11"),
    ],
)
def test_counting_by_hand_agrees_with_the_golden_days(
    start: str, days: int, end: str
) -> None:
    found = end_of(datetime.fromisoformat(f"{start}T03:00:00+00:00"), days)
    assert found.astimezone(WIB).date() == date.fromisoformat(end)


@pytest.mark.slow
@pytest.mark.scenario(24)
def test_a_month_has_every_deadline_where_the_calendar_says(
    town: Town, figure: Figure
) -> None:
    month = Month(town, FIRST, DAYS)
    month.play()

    cases = cases_of(town)
    plain = [case for case in cases if not case.stood]
    found = {one for case in plain for one in noted(case)}
    wanted = {one for case in plain for one in expected(case, month.end)}
    assert found == wanted
    closed = {
        (case.id, end_of(case.first("followed_up").occurred_at, 10))
        for case in plain
        if case.first("closed_by_silence") is not None
    }
    assert closed == {
        one for case in plain if case.legs for one in silences(case, month.end)
    }
    for case in cases:
        for row in case.rows:
            if row.type in STAGES:
                reached = datetime.fromisoformat(row.facts["reached_at"])
                late = (row.recorded_at - reached).total_seconds()
                assert 0 <= late < 3600, (row.type, row.facts)
    store = town.hub.store
    assert check_invariants(store.db, store.edge, store.erased, store.deadlines) == []
    steps = sum(1 for case in cases for _ in noted(case))
    stood = len(cases) - len(plain)
    figure(
        f"{DAYS} days, {len(cases)} complaints ({stood} with pauses), "
        f"{steps} deadline events, {len(closed)} closed by silence, all in place"
    )
