"""The suite over the shipped agencies that are asked: whatever is wrong has its row."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from connectors.kit.row import Verdict
from hub.simulator.faults import Fault, Timing
from hub.simulator.open311_profile import TIRTA
from tests.unit.connectors.kit.polled import platform, water
from tests.unit.connectors.kit.standing import DEADLINE_SECONDS, report_of, verdicts
from tests.unit.connectors.kit.test_conformance import RIGHT_ROW

QUICK = Timing(slow_seconds=0.6 * DEADLINE_SECONDS, hang_seconds=5, drip_seconds=0.1)

ONLY_HOW_IT_STANDS = frozenset(
    {
        Fault.DUPLICATE_UPDATES,
        Fault.OUT_OF_ORDER_UPDATES,
        Fault.UNMAPPED_STATUS,
        Fault.CORRUPT_ITEM,
    }
)
"""The water utility is asked how a case stands, not what happened to it: these concern
a feed of what happened, so none of them reaches the hub."""
SORTED_OUT = frozenset({Fault.OUT_OF_ORDER_UPDATES})
"""The platform's logs have numbers and times: a log in the wrong place is a log."""

ODDITIES: Mapping[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "newest_first_is_off": ({"newest_first": False}, ()),
    "hides_datetimes": ({"hides_datetimes": True}, ()),
    "repeats_last_page": ({"repeats_last_page": True}, ()),
    "ignores_pages": ({"ignores_pages": True}, ()),
    "fails_on_fractions": ({"fails_on_fractions": True}, ()),
    "fails_on_unknown_ids": ({"fails_on_unknown_ids": True}, ()),
    "media_as_objects": ({"media_as_objects": True}, ()),
    "html_errors": ({"html_errors": True}, ()),
    "wraps_json": ({"wraps_json": True}, ()),
    "gives_tokens": ({"gives_tokens": True}, ()),
    "page_cap": ({"page_cap": 2}, ()),
    "declares_no_key": ({"declares_key": False}, ()),
    "takes_no_updates": ({"takes_updates": False}, ("events",)),
    "zero_id": ({"zero_id": True}, ("create",)),
}
"""Oddity -> switches, and the rows that fail: none where the system copes by design."""


def test_the_water_utility_conforms() -> None:
    with water() as (bench, _):
        report = report_of(bench)

    assert (report.failed, report.level) == ([], 2)
    assert Verdict.NOT_TRIED not in verdicts(report).values()


def test_the_national_platform_conforms_with_what_begins_there() -> None:
    with platform() as (bench, _):
        report = report_of(bench)

    assert (report.failed, report.level) == ([], 3)
    assert Verdict.NOT_TRIED not in verdicts(report).values()


@pytest.mark.slow
@pytest.mark.parametrize("fault", RIGHT_ROW, ids=str)
def test_a_fault_of_the_water_utility_fails_in_the_right_row(fault: Fault) -> None:
    with water(timing=QUICK) as (bench, agency):
        agency.faults.set(fault)
        report = report_of(bench)

    expected = [] if fault in ONLY_HOW_IT_STANDS else [RIGHT_ROW[fault]]
    assert report.failed[:1] == expected


@pytest.mark.slow
@pytest.mark.parametrize("fault", RIGHT_ROW, ids=str)
def test_a_fault_of_the_platform_fails_in_the_right_row(fault: Fault) -> None:
    with platform(timing=QUICK) as (bench, agency):
        agency.faults.set(fault)
        report = report_of(bench)

    expected = [] if fault in SORTED_OUT else [RIGHT_ROW[fault]]
    assert report.failed[:1] == expected


@pytest.mark.slow
@pytest.mark.parametrize("oddity", ODDITIES)
def test_an_oddity_of_an_open311_server_fails_where_it_is_not_coped_with(
    oddity: str,
) -> None:
    switches, rows = ODDITIES[oddity]
    with water(replace(TIRTA, **switches), QUICK) as (bench, _):
        report = report_of(bench)

    assert tuple(report.failed[: len(rows) or None]) == rows
