"""The water utility's own server: strict, honest about what it forgets: nothing."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import httpx2
import pytest

from hub.simulator.open311_profile import TIRTA
from hub.simulator.utility import SimulatedUtility
from tests.unit.simulator.stand_in import CLIENT, FAST, eventually

FIELDS = {
    "jurisdiction_id": "sukamaju",
    "api_key": "k3y",
    "service_code": "AIR-MATI",
    "description": "Air mati",
    "lat": "-6.4",
    "long": "106.8",
    "attribute[fixmystreet_id]": "17",
}
UPDATE = {
    "jurisdiction_id": "sukamaju",
    "api_key": "k3y",
    "service_request_id": "TS0000001",
    "update_id": "5",
    "status": "OPEN",
    "updated_datetime": "2026-11-24T03:00:00Z",
    "description": "Masih mati",
}
OURS = {"jurisdiction_id": "sukamaju"}


def made(
    work_seconds: tuple[float, float] | None = None, **switches: Any
) -> SimulatedUtility:
    return SimulatedUtility(
        replace(TIRTA, **switches),
        seed=7,
        api_key="k3y",
        work_seconds=work_seconds,
        timing=FAST,
    )


@pytest.fixture
def utility() -> Iterator[SimulatedUtility]:
    with made() as started:
        yield started


def file_case(utility: SimulatedUtility, **changed: str) -> httpx2.Response:
    fields = {**FIELDS, **changed}
    return CLIENT.post(f"{utility.url}requests.json", data=fields)


def ask(utility: SimulatedUtility, what: str, **query: str) -> httpx2.Response:
    return CLIENT.get(f"{utility.url}{what}", params={**OURS, **query})


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({}, 201),
        ({"deviceid": "x"}, 400),
        ({"jurisdiction_id": ""}, 400),
        ({"jurisdiction_id": "lain"}, 404),
        ({"api_key": "salah"}, 403),
        ({"api_key": ""}, 403),
        ({"service_code": "X"}, 404),
        ({"description": ""}, 400),
        ({"lat": "-6.40000001"}, 400),
        ({"lat": "", "address_string": "Jl. Pasar 7"}, 201),
        ({"attribute[fixmystreet_id]": ""}, 400),
        ({"attribute[lain][]": "a"}, 201),
    ],
)
def test_it_is_strict_about_cases(
    utility: SimulatedUtility, changed: dict[str, str], status: int
) -> None:
    assert file_case(utility, **changed).status_code == status
    assert len(utility.cases) == (status == 201)


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({}, 201),
        ({"status": "open"}, 400),
        ({"updated_datetime": "2026-11-24T03:00:00.5Z"}, 400),
        ({"description": ""}, 400),
        ({"service_request_id": "X"}, 404),
        ({"warna": "biru"}, 400),
    ],
)
def test_it_is_strict_about_updates(
    utility: SimulatedUtility, changed: dict[str, str], status: int
) -> None:
    file_case(utility)
    address = f"{utility.url}servicerequestupdates.xml"

    first = CLIENT.post(address, data={**UPDATE, **changed})
    again = CLIENT.post(address, data={**UPDATE, **changed})

    assert first.status_code == status
    assert again.status_code == (400 if status == 201 else status)
    assert ("already exists" in again.text) == (status == 201)
    assert len(utility.cases[0].events) == (status == 201)


def test_a_repeated_case_is_the_same_case(utility: SimulatedUtility) -> None:
    assert file_case(utility).json() == file_case(utility).json()
    assert len(utility.cases) == 1


def test_it_works_through_its_words_and_is_told_of_when_asked() -> None:
    with made((0, 0.01)) as utility:
        file_case(utility)
        assert eventually(lambda: utility.at_rest)
        assert (utility.told.delivered, utility.told.waiting) == (0, 3)

        (row,) = ask(utility, "requests.json").json()

        assert row["status"] == utility.cases[0].word == "fixed"
        assert utility.told.waiting == 0
        told = {**UPDATE, "status": "REOPEN"}
        CLIENT.post(f"{utility.url}servicerequestupdates.json", data=told)
        assert eventually(lambda: utility.at_rest)
        assert len(utility.cases[0].history) == 5
        screen = json.loads(json.dumps(utility.snapshot()))
        assert screen["updates"] == {"delivered": 3, "waiting": 2}


def test_pages_ids_and_windows(utility: SimulatedUtility) -> None:
    for n in range(3):
        file_case(utility, **{"attribute[fixmystreet_id]": str(n)})

    def ids(**query: str) -> list[str]:
        rows = ask(utility, "requests.json", **query).json()
        return [row["service_request_id"] for row in rows]

    assert ids(page_size="2") == ["TS0000003", "TS0000002"]
    assert ids(page_size="2", page="2") == ["TS0000001"]
    assert ids(page_size="2", page="3") == []
    assert ids(service_request_id="TS0000002,X") == ["TS0000002"]
    assert ids(service_code="PIPA") == []
    assert ids(start_date="2020-01-01T00:00:00Z", end_date="2020-02-01T00:00:00Z") == []
    one = ask(utility, "requests/TS0000002.xml")
    assert ET.fromstring(one.content).findtext("request/status") == "open"  # noqa: S314
    assert ask(utility, "requests.xml", service_request_id="X").status_code == 404
    assert ask(utility, "requests.xml", start_date="2026-1-1").status_code == 400


def test_its_services_declare_the_key(utility: SimulatedUtility) -> None:
    services = ET.fromstring(ask(utility, "services.xml").content)  # noqa: S314
    definition = ask(utility, "services/PIPA.json").json()

    assert [one.text for one in services.iter("service_code")] == list(TIRTA.services)
    assert [one["code"] for one in definition["attributes"]] == ["fixmystreet_id"]
    assert ask(utility, "services/X.xml").status_code == 404
    assert ask(utility, "lain.xml").status_code == 404


def test_a_stopped_utility_leaves_no_thread_and_comes_back() -> None:
    before = set(threading.enumerate())
    utility = made()
    with utility:
        variables = utility.environment()
        file_case(utility)
    assert eventually(lambda: set(threading.enumerate()) <= before)

    with utility:
        assert utility.environment() == variables
        assert len(ask(utility, "requests.json").json()) == 1
    assert set(variables) == {
        "SIMPUL_TIRTA_URL",
        "SIMPUL_TIRTA_KEY",
        "SIMPUL_EGRESS_NETWORKS",
    }
