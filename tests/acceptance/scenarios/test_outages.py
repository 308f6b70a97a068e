"""An agency loses its replies, refuses one complaint, or is away for a while."""

import time

import pytest

from hub.simulator.faults import Fault
from tests.acceptance.scenarios.town import Town
from tests.figures import Figure

IDENTITY_CARD = {"category": {"code": "kependudukan"}}
"""Goes to the agency that knows no key, and can be asked."""


@pytest.mark.scenario(1)
def test_a_reply_that_is_lost_is_looked_for_and_never_sent_for_again(
    town: Town, figure: Figure
) -> None:
    agencies = (town.pupr, town.region.disdukcapil)
    for agency in agencies:
        agency.faults.for_next(3, Fault.RESET_AFTER_COMMIT, method="POST")
        agency.faults.for_next(3, Fault.TIMEOUT_AFTER_COMMIT, method="POST")
    for n in range(10):
        town.write(f"Jalan berlubang {n}")
        town.write(f"KTP belum jadi {n}", **IDENTITY_CARD)
    town.rest()

    lost = sum(
        agency.faults.played[fault]
        for agency in agencies
        for fault in (Fault.RESET_AFTER_COMMIT, Fault.TIMEOUT_AFTER_COMMIT)
    )
    assert lost >= 6
    assert [len(agency.cases) for agency in agencies] == [10, 10]
    assert town.hub.store.queries.dead_letters() == []
    figure(f"20 complaints, {lost} replies lost, 0 doubled, 0 held")


@pytest.mark.scenario(11)
def test_what_an_agency_will_never_take_harms_no_other(
    town: Town, figure: Figure
) -> None:
    town.pupr.faults.for_next(1, Fault.TOO_LARGE_413, method="POST")
    town.write("Jalan berlubang 0")
    town.wait(lambda: bool(town.hub.store.queries.dead_letters()))
    tries = len(town.pupr.requests)
    for n in range(1, 10):
        town.write(f"Jalan berlubang {n}")
    town.wait(lambda: len(town.pupr.cases) == 9)

    (letter,) = town.hub.store.queries.dead_letters()
    assert (letter["kind"], letter["is_submit"], tries) == ("refused", True, 1)
    assert town.hub.store.operations.retry([letter["id"]], "cli:siti", "dibetulkan")
    town.rest()
    assert len(town.pupr.cases) == 10
    figure(f"1 refused after {tries} try, 9 of 9 others delivered, 1 after the retry")


@pytest.mark.scenario(12)
def test_who_comes_back_is_asked_by_one_probe_and_then_gets_everything(
    town: Town, figure: Figure
) -> None:
    town.pupr.faults.set(Fault.ERROR_500)
    for n in range(20):
        town.write(f"Jalan berlubang {n}")
    town.wait(lambda: _breaker(town) == "open")
    before = len(town.pupr.requests)
    began = time.monotonic()
    town.wait(lambda: time.monotonic() - began > 5)
    probes = len(town.pupr.requests) - before
    seconds = time.monotonic() - began
    # It opens for a second at first, and longer each time that its probe fails.
    assert probes <= seconds + 1

    town.pupr.faults.clear()
    town.rest()
    assert len(town.pupr.cases) == 20
    assert _breaker(town) == "closed"
    figure(
        f"{probes} probes in {seconds:.0f} s of outage, 20 of 20 afterwards, once each"
    )


def _breaker(town: Town) -> str:
    (party,) = (
        row for row in town.hub.store.queries.parties() if row["party"] == "dinas_pupr"
    )
    return str(party["breaker"])
