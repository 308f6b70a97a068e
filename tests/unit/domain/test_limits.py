"""How many working days a clock has."""

from datetime import date

import pytest
from pydantic import ValidationError

from hub.domain.limits import DEFAULTS, Limits, Matter
from schemas.complaint import ReportType
from schemas.deadlines import ClockKind, DayOverride, DeadlineTable, Ladder, Limit

DAY = date(2026, 11, 24)
SETTLE = ClockKind.SETTLE
PLAIN = Matter("complaint", supervisory=False)


@pytest.mark.parametrize(
    ("matter", "days"),
    [
        (Matter("information_request"), 5),
        (Matter("suggestion"), 5),
        (Matter("complaint"), 14),
        (Matter("complaint", supervisory=True), 60),
        (Matter("whistleblowing"), 60),
    ],
)
def test_settling_takes_as_long_as_type_and_grade_allow(
    matter: Matter, days: int
) -> None:
    assert Limits().find(SETTLE, "dinkes", matter, DAY) == days


@pytest.mark.parametrize(
    ("clock", "days"),
    [
        ("verify", 3),
        ("first_follow_up", 5),
        ("reassign", 3),
        ("close_by_silence", 10),
        ("missing_documents", 10),
    ],
)
def test_the_other_clocks_have_one_limit(clock: str, days: int) -> None:
    for report_type in ReportType:
        assert Limits().find(ClockKind(clock), "", Matter(report_type), DAY) == days


def test_every_clock_has_a_default_for_everything() -> None:
    assert {row.clock for row in DEFAULTS if row.report_type is None} == set(ClockKind)


def test_a_deployments_own_limit_goes_before_a_more_particular_default() -> None:
    limits = Limits([Limit(clock=SETTLE, working_days=7)])

    assert limits.find(SETTLE, "", Matter("complaint", supervisory=True), DAY) == 7
    assert limits.find(ClockKind.VERIFY, "", PLAIN, DAY) == 3


def test_the_particular_goes_before_the_general_and_the_later_before_the_earlier() -> (
    None
):
    limits = Limits(
        [
            Limit(clock=SETTLE, working_days=9, agency="dinkes"),
            Limit(clock=SETTLE, working_days=8, valid_from=DAY),
            Limit(clock=SETTLE, working_days=7),
        ]
    )

    assert limits.find(SETTLE, "dinkes", PLAIN, DAY) == 9
    assert limits.find(SETTLE, "pupr", PLAIN, DAY) == 8
    assert limits.find(SETTLE, "pupr", PLAIN, date(2026, 11, 23)) == 7


@pytest.mark.parametrize(
    "table",
    [
        {"zone": "Asia/Atlantis"},
        {"zones": {"dinkes": "WITA"}},
        {"limits": [{"clock": "settle", "working_days": 0}]},
        {"limits": [{"clock": "sleep", "working_days": 5}]},
        {"days": [{"first": "2026-12-09", "last": "2026-12-01", "why": "x"}]},
        {"days": [{"first": "2026-12-09"}]},
        {"ladder": {"escalation_after": 5, "hand_over_after": 5}},
    ],
)
def test_a_table_that_cannot_be_meant_is_refused(table: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DeadlineTable.model_validate(table)


def test_every_part_of_the_table_has_a_default() -> None:
    assert DeadlineTable().ladder == Ladder()
    assert DayOverride(first=DAY, why="pilkada").working is False
