"""The suite over the national platform: whatever is wrong has its row."""

import pytest

from connectors.kit.row import Verdict
from hub.simulator.faults import Fault
from tests.unit.connectors.kit.polled import (
    NOTHING_SECONDS,
    QUICK,
    QUICK_FAULTS,
    platform,
)
from tests.unit.connectors.kit.standing import report_of, verdicts
from tests.unit.connectors.kit.test_conformance import RIGHT_ROW

SORTED_OUT = frozenset({Fault.OUT_OF_ORDER_UPDATES, Fault.DUPLICATE_UPDATES})
"""The platform's logs have numbers and times: a log in the wrong place is a log, and
who is asked may repeat itself."""


def test_the_national_platform_conforms_with_what_begins_there() -> None:
    with platform() as (bench, _):
        report = report_of(bench)

    assert (report.failed, report.level) == ([], 3)
    assert Verdict.NOT_TRIED not in verdicts(report).values()


@pytest.mark.slow
@pytest.mark.parametrize("fault", QUICK_FAULTS, ids=str)
def test_a_fault_of_the_platform_fails_in_the_right_row(fault: Fault) -> None:
    with platform(timing=QUICK) as (bench, agency):
        bench.wait_seconds = NOTHING_SECONDS
        agency.faults.set(fault)
        report = report_of(bench)

    expected = [] if fault in SORTED_OUT else [RIGHT_ROW[fault]]
    assert report.failed[:1] == expected
