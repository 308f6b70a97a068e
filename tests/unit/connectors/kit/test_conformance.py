"""The suite passes for whoever does well, and fails in the row of what is wrong."""

import json
from dataclasses import replace

import pytest

from connectors.kit.report import html
from connectors.kit.row import Verdict
from connectors.kit.rows import ROWS
from connectors.kit.suite import require_conforming
from hub.simulator.faults import Fault, Timing
from hub.simulator.profiles import DINKES, DISDUKCAPIL, PROFILES, PUPR, AgencyProfile
from tests.unit.connectors.kit.standing import (
    DEADLINE_SECONDS,
    SECRET,
    TOKEN,
    report_of,
    standing,
    verdicts,
)

RIGHT_ROW = {
    Fault.SLOW: "in_time",
    Fault.HANG: "create",
    Fault.DRIP: "create",
    Fault.DOWN: "reach",
    Fault.ERROR_500: "create",
    Fault.THROTTLED_429: "create",
    Fault.TOO_LARGE_413: "create",
    Fault.UNAVAILABLE_503: "create",
    Fault.TIMEOUT_AFTER_COMMIT: "create",
    Fault.RESET_AFTER_COMMIT: "create",
    Fault.HTML_PAGE: "create",
    Fault.GARBAGE: "create",
    Fault.DUPLICATE_UPDATES: "told_once",
    Fault.OUT_OF_ORDER_UPDATES: "told_in_order",
    Fault.CLOCK_WRONG: "clock_right",
    Fault.UNMAPPED_STATUS: "words_known",
    Fault.CORRUPT_ITEM: "readable_records",
}
QUICK = Timing(slow_seconds=0.6 * DEADLINE_SECONDS, hang_seconds=5, drip_seconds=0.1)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda one: one.name)
def test_every_shipped_agency_conforms(profile: AgencyProfile) -> None:
    with standing(profile) as (bench, _):
        report = report_of(bench)

    assert report.failed == []
    assert (report.level, report.passed) == (2, True)
    assert Verdict.NOT_TRIED not in verdicts(report).values()


def test_what_is_not_declared_is_not_supported() -> None:
    with standing(DINKES) as (bench, _):
        found = verdicts(report_of(bench))

    lacks = {row for row, verdict in found.items() if verdict is Verdict.NOT_SUPPORTED}
    assert lacks >= {"create_again", "look_up", "recovers", "attachment", "originates"}


def test_every_fault_of_the_simulator_has_its_row() -> None:
    assert set(RIGHT_ROW) == set(Fault) - {Fault.NONE}


@pytest.mark.slow
@pytest.mark.parametrize("fault", RIGHT_ROW, ids=str)
def test_a_fault_fails_in_the_right_row(fault: Fault) -> None:
    with standing(PUPR, timing=QUICK) as (bench, agency):
        agency.faults.set(fault)
        # A slow agency is slow in every row: what follows would only be waited for.
        report = report_of(bench, until="in_time" if fault is Fault.SLOW else "")

    assert report.failed[0] == RIGHT_ROW[fault]
    assert not report.passed


def test_a_key_that_is_declared_and_not_honoured_is_found_out() -> None:
    with standing(replace(PUPR, honours_keys=False)) as (bench, _):
        # Two cases of one key: the look-up does not name exactly one any more.
        assert report_of(bench).failed == ["create_again", "look_up"]


def test_a_look_up_that_is_declared_and_not_there_is_found_out() -> None:
    with standing(replace(DISDUKCAPIL, finds=False)) as (bench, _):
        assert report_of(bench).failed == ["look_up", "recovers"]


def test_nobody_to_work_in_the_agency_leaves_rows_untried() -> None:
    with standing(PUPR) as (bench, _):
        bench.officer = None
        report = report_of(bench)

    assert verdicts(report)["status_back"] is Verdict.NOT_TRIED
    assert (report.level, report.passed) == (1, True)


def test_the_report_holds_no_secret_and_no_script() -> None:
    with standing(PUPR) as (bench, _):
        report = report_of(bench)
    page = html(report)
    document = json.dumps(report.document(), default=str)

    assert TOKEN not in page + document
    assert SECRET not in page + document
    assert "<script" not in page
    assert all(row.title.id in page and row.title.en in page for row in ROWS)


def test_what_an_agency_answers_is_escaped_in_the_report() -> None:
    with standing(PUPR) as (bench, agency):
        agency.faults.set(Fault.HTML_PAGE)
        page = html(report_of(bench))

    assert "&lt;form" in page
    assert "<form" not in page


def test_a_plug_in_is_tested_with_one_line() -> None:
    with standing(PUPR) as (bench, agency):
        require_conforming(bench)
        agency.faults.set(Fault.CLOCK_WRONG)
        with pytest.raises(AssertionError, match="clock_right"):
            require_conforming(bench)
