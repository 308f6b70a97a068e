"""The suite over the water utility: whatever is wrong has its row."""

import pytest

from connectors.kit.row import Verdict
from hub.simulator.faults import Fault
from tests.unit.connectors.kit.polled import NOTHING_SECONDS, QUICK, QUICK_FAULTS, water
from tests.unit.connectors.kit.standing import report_of, verdicts
from tests.unit.connectors.kit.test_conformance import RIGHT_ROW

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


def test_the_water_utility_conforms() -> None:
    with water() as (bench, _):
        report = report_of(bench)

    assert (report.failed, report.level) == ([], 2)
    assert Verdict.NOT_TRIED not in verdicts(report).values()


@pytest.mark.slow
@pytest.mark.parametrize("fault", QUICK_FAULTS, ids=str)
def test_a_fault_of_the_water_utility_fails_in_the_right_row(fault: Fault) -> None:
    with water(timing=QUICK) as (bench, agency):
        bench.wait_seconds = NOTHING_SECONDS
        agency.faults.set(fault)
        report = report_of(bench)

    expected = [] if fault in ONLY_HOW_IT_STANDS else [RIGHT_ROW[fault]]
    assert report.failed[:1] == expected
