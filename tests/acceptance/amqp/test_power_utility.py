"""A hub on its own RabbitMQ, and a utility on another: both sides of the door."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from uuid_utils.compat import uuid7

from connectors import registry
from connectors.contract import Listener
from hub.bootstrap import Hub, build_hub
from hub.broker import admin
from hub.broker.topology import Topology
from hub.cli.play import SHORT_LIMITS
from hub.database.invariants import check_invariants
from hub.settings import Server, Settings, Work
from hub.simulator.broker_agency import BrokerAgency
from hub.simulator.faults import Fault
from schemas.amqp_door import HandedOver
from tests.services.rabbitmq import QUEUE_SETTLES_SECONDS, Rabbitmq, start_own_rabbitmq
from tests.services.waiting import wait_until

SECONDS_MAX = 40.0
NAME = "pln_sukamaju"
ROUTING = f"""
[[rules]]
id = "all.to.pln"
why = "Everything here is about electricity."
main = ["{NAME}"]
"""


@dataclass
class Grid:
    hub: Hub
    pln: BrokerAgency
    broker: Rabbitmq
    listener: Listener

    def write(self, where: str = "Melati") -> str:
        """Write a complaint of a place; equal ones would be taken for one."""
        person = {"name": f"Budi {where}", "email": f"budi.{where}@contoh.example"}
        body = {
            "title": f"Listrik padam di {where}",
            "body": f"Satu kampung gelap di Jalan {where}.",
            "reporter": person,
        }
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid7())}
        url = f"{self.hub.http_url}/api/v1/complaints"
        answer = httpx2.post(url, content=json.dumps(body), headers=headers)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["public_number"])

    def statuses(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for line in self.hub.store.queries.complaints():
            found[line["status"]] = found.get(line["status"], 0) + 1
        return found

    def counts(self) -> dict[str, Any]:
        return dict(self.hub.store.queries.counts())

    def wait(self, **statuses: int) -> None:
        def seen() -> bool:
            counts = self.counts()
            at_rest = not counts["to_work"] and not counts["lagging"]
            return self.statuses() == statuses and at_rest

        assert wait_until(seen, SECONDS_MAX), (self.statuses(), self.counts())


@pytest.fixture(scope="module")
def agency_broker() -> Iterator[Rabbitmq]:
    """The agency's own server, which tests may break; they mend it again."""
    server = start_own_rabbitmq()
    yield server
    server.stop()


@pytest.fixture
def agency_url(agency_broker: Rabbitmq) -> Iterator[str]:
    url = agency_broker.create_vhost()
    yield url
    agency_broker.drop_vhost(url)


@pytest.fixture
def grid(
    tmp_path: Path,
    postgres_url: str,
    rabbitmq_url: str,
    agency_broker: Rabbitmq,
    agency_url: str,
) -> Iterator[Grid]:
    folder = tmp_path / "agencies"
    (folder / NAME).mkdir(parents=True)
    text = (registry.SAMPLES / NAME / "agency.toml").read_text()
    limits = text[text.index("[limits]") : text.index("[statuses]")]
    (folder / NAME / "agency.toml").write_text(text.replace(limits, SHORT_LIMITS))
    (folder / "routing.toml").write_text(ROUTING)
    settings = Settings(
        data_dir=tmp_path / "data",
        database_url=SecretStr(postgres_url),
        broker_url=SecretStr(rabbitmq_url),
        agencies_dir=folder,
        server=Server(port=0),
        work=Work(orphan_waits_seconds=(1, 2, 4)),
        channels={"web": {}},
    )
    lanes = ["intake.web", "poll", f"updates.{NAME}", f"deliver.{NAME}"]
    admin.apply(rabbitmq_url, Topology(), lanes)
    with BrokerAgency(agency_url, seed=7, work_seconds=None) as pln:
        hub = build_hub(settings, pln.environment())
        (listener,) = hub.config.agencies[NAME].system.listeners()
        hub.start()
        listener.start(hub.accept)
        try:
            yield Grid(hub, pln, agency_broker, listener)
        finally:
            listener.stop()
            hub.stop()


def all_is_well(grid: Grid) -> None:
    store = grid.hub.store
    assert check_invariants(store.db, store.edge, store.erased, store.deadlines) == []


def test_a_complaint_goes_out_and_its_repair_comes_back(grid: Grid) -> None:
    number = grid.write()
    assert wait_until(lambda: len(grid.pln.cases) == 1, SECONDS_MAX)

    (case,) = grid.pln.cases
    assert case.body["reference"] == number
    # What is really sent is what the contract says.
    HandedOver.model_validate(case.body)
    assert case.body["complaint"]["body"] == "Satu kampung gelap di Jalan Melati."
    # Only what is on the allow-list crosses the door.
    assert case.body["complaint"]["reporter"] == {"name": "Budi Melati"}

    for word in ("DITERIMA", "REGU BERANGKAT", "MENYALA"):
        grid.pln.move(case.nomor, word, "Regu menuju gardu.")
    grid.wait(closed=1)
    assert grid.counts()["quarantined"] == 0
    all_is_well(grid)


def test_every_fault_of_the_updates_is_survived(grid: Grid) -> None:
    grid.write()
    assert wait_until(lambda: len(grid.pln.cases) == 1, SECONDS_MAX)
    (case,) = grid.pln.cases
    grid.pln.faults.for_next(1, Fault.DUPLICATE_UPDATES)
    grid.pln.move(case.nomor, "DITERIMA")
    grid.pln.faults.for_next(1, Fault.CORRUPT_ITEM)
    grid.pln.move(case.nomor, "REGU BERANGKAT")
    grid.pln.faults.for_next(1, Fault.UNMAPPED_STATUS)
    grid.pln.move(case.nomor, "MENYALA")

    grid.wait(closed=1)
    assert wait_until(lambda: grid.counts()["quarantined"] == 2, SECONDS_MAX)
    all_is_well(grid)


def test_complaints_wait_for_a_broker_that_is_away(grid: Grid) -> None:
    grid.write()
    assert wait_until(lambda: len(grid.pln.cases) == 1, SECONDS_MAX)
    assert not wait_until(lambda: False, QUEUE_SETTLES_SECONDS)
    grid.broker.kill()
    for number in range(5):
        grid.write(f"Mawar{number}")
    grid.broker.restart()
    assert wait_until(lambda: len(grid.pln.cases) == 6, SECONDS_MAX)
    for case in grid.pln.cases:
        grid.pln.move(case.nomor, "MENYALA")
    grid.wait(closed=6)

    # Whatever was sent twice came under one message id and was filed once.
    assert len({case.body["reference"] for case in grid.pln.cases}) == 6
    all_is_well(grid)


def test_complaints_wait_in_the_agencys_queue_while_its_program_is_down(
    grid: Grid,
) -> None:
    grid.pln.stop()
    for number in range(3):
        grid.write(f"Mawar{number}")
    grid.wait(assigned=3)
    assert grid.pln.cases == []

    grid.pln.start()
    assert wait_until(lambda: len(grid.pln.cases) == 3, SECONDS_MAX)
    all_is_well(grid)
