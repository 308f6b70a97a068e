from datetime import datetime

import pytest
from standardwebhooks import Webhook

from hub.simulator.agency import SimulatedAgency
from hub.simulator.faults import Fault
from hub.simulator.misbehaviour import Answer
from hub.simulator.ports import free_port
from hub.simulator.profiles import PUPR
from hub.simulator.server import FaultyServer, RecordedRequest
from hub.simulator.updates import UNMAPPED_WORD
from tests.unit.simulator.stand_in import (
    SECRET,
    TOKEN,
    eventually,
    hub_stand_in,
    items_told,
    submit,
)

NOMOR = "PUPR-26-000001"


def move_through(agency: SimulatedAgency, *words: str) -> None:
    submit(agency)
    for word in words:
        agency.move(NOMOR, word)
    assert eventually(lambda: agency.at_rest)


def statuses(hub: FaultyServer) -> list[object]:
    return [item["status"] for item in items_told(hub)]


def test_updates_wait_for_a_hub_that_is_away() -> None:
    port = free_port()
    agency = SimulatedAgency(
        PUPR,
        seed=1,
        hub_url=lambda: f"http://127.0.0.1:{port}",
        token=TOKEN,
        webhook_secret=SECRET,
        work_seconds=None,
    )
    with agency:
        submit(agency)
        agency.move(NOMOR, "Diterima")
        agency.move(NOMOR, "Dikerjakan")
        assert eventually(lambda: agency.told.attempts >= 2)
        assert agency.told.waiting == 2

        with hub_stand_in(port=port) as hub:
            assert eventually(lambda: agency.at_rest)

            assert statuses(hub) == ["Diterima", "Dikerjakan"]


@pytest.mark.parametrize(
    "fault",
    [Fault.UNAVAILABLE_503, Fault.ERROR_500, Fault.RESET_AFTER_COMMIT],
)
def test_a_retry_keeps_its_webhook_id_and_is_signed_anew(
    agency: SimulatedAgency, hub: FaultyServer, fault: Fault
) -> None:
    hub.faults.for_next(2, fault)

    move_through(agency, "Diterima")

    assert len({request.headers["webhook-id"] for request in hub.requests}) == 1
    assert statuses(hub) == ["Diterima"] * 3
    assert agency.told.delivered == 1


def test_a_refused_update_does_not_hold_the_others_back(
    agency: SimulatedAgency, hub: FaultyServer
) -> None:
    hub.faults.for_next(1, Fault.TOO_LARGE_413)

    move_through(agency, "Diterima", "Dikerjakan")

    assert statuses(hub) == ["Diterima", "Dikerjakan", "Diterima"]


def test_a_hub_that_does_not_know_the_signature_is_not_asked_again() -> None:
    def unauthorised(_: RecordedRequest) -> Answer:
        return Answer.of(401, {})

    with hub_stand_in(unauthorised) as hub:
        agency = SimulatedAgency(
            PUPR,
            seed=1,
            hub_url=lambda: hub.url,
            token=TOKEN,
            webhook_secret=SECRET,
            work_seconds=None,
        )
        with agency:
            move_through(agency, "Diterima")

        assert len(hub.requests) == 1
    assert agency.told.refused == 1


def test_nothing_is_forgotten_while_the_agency_is_stopped(
    agency: SimulatedAgency, hub: FaultyServer
) -> None:
    hub.faults.set(Fault.DOWN)
    submit(agency)
    agency.move(NOMOR, "Diterima")
    agency.stop()
    hub.faults.clear()

    agency.start()

    assert eventually(lambda: agency.at_rest)
    assert statuses(hub) == ["Diterima"]


def test_duplicates_come_under_two_webhook_ids(
    agency: SimulatedAgency, hub: FaultyServer
) -> None:
    agency.faults.set(Fault.DUPLICATE_UPDATES)

    move_through(agency, "Diterima")

    first, second = items_told(hub)
    assert first == second
    assert len({request.headers["webhook-id"] for request in hub.requests}) == 2


def test_an_update_is_overtaken_by_the_next_one(
    agency: SimulatedAgency, hub: FaultyServer
) -> None:
    agency.faults.for_next(1, Fault.OUT_OF_ORDER_UPDATES)

    move_through(agency, "Diterima", "Dikerjakan", "Selesai")

    assert statuses(hub) == ["Dikerjakan", "Diterima", "Selesai"]


def test_an_update_that_nothing_overtakes_comes_late(
    agency: SimulatedAgency, hub: FaultyServer
) -> None:
    agency.faults.for_next(1, Fault.OUT_OF_ORDER_UPDATES)

    move_through(agency, "Diterima")

    assert statuses(hub) == ["Diterima"]


def test_a_wrong_clock_is_seven_hours_ahead(
    agency: SimulatedAgency, hub: FaultyServer
) -> None:
    agency.faults.for_next(1, Fault.CLOCK_WRONG)

    move_through(agency, "Diterima", "Dikerjakan")

    wrong, right = (datetime.fromisoformat(i["waktu"]) for i in items_told(hub))
    assert 6.9 < (wrong - right).total_seconds() / 3600 < 7.1


def test_an_unmapped_status_comes_before_the_proper_one(
    agency: SimulatedAgency, hub: FaultyServer
) -> None:
    agency.faults.for_next(1, Fault.UNMAPPED_STATUS)

    move_through(agency, "Diterima")

    assert statuses(hub) == [UNMAPPED_WORD, "Diterima"]
    assert [change.urutan for change in agency.cases[0].history] == [1, 2]


def test_a_corrupt_item_stands_beside_a_good_one(
    agency: SimulatedAgency, hub: FaultyServer
) -> None:
    agency.faults.for_next(1, Fault.CORRUPT_ITEM)

    move_through(agency, "Diterima")

    corrupt, good = items_told(hub)
    assert len(hub.requests) == 1
    assert corrupt["nomor"] is None
    assert good["status"] == "Diterima"


def test_a_batch_is_pushed_as_it_is(agency: SimulatedAgency, hub: FaultyServer) -> None:
    items = [{"nomor": NOMOR, "status": f"kata {n}"} for n in range(500)]

    agency.push(items)

    assert eventually(lambda: agency.at_rest)
    request = hub.requests[0]
    assert Webhook(SECRET).verify(request.body, dict(request.headers)) == {
        "items": items
    }
