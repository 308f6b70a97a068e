"""The suite over the power utility: a broker has faults of its own."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from connectors import registry
from connectors.kit.bench import Bench
from connectors.kit.breaking import BREAKS
from connectors.kit.row import Verdict
from hub.simulator.broker_agency import EXCHANGE, HAND_OVERS, INBOX, BrokerAgency
from hub.simulator.faults import UPDATE_FAULTS, Fault
from tests.contract.amqp.utility import channel_to
from tests.services.rabbitmq import Rabbitmq
from tests.unit.connectors.kit.polled import on_the_bench
from tests.unit.connectors.kit.standing import manifest_of, report_of, verdicts
from tests.unit.connectors.kit.test_conformance import RIGHT_ROW

DEADLINE_SECONDS = 40.0
"""A broker that only just began takes its time over the first connection."""
HTTP_ONLY = frozenset({"recovers", *BREAKS})


@contextmanager
def power(url: str) -> Iterator[tuple[Bench, BrokerAgency]]:
    with (
        BrokerAgency(url, seed=1, work_seconds=None) as agency,
        on_the_bench(agency, deadline_seconds=DEADLINE_SECONDS) as bench,
    ):
        assert agency.catch_up()  # it has declared what tests take away again
        yield bench, agency


@pytest.fixture
def url(agency_broker: Rabbitmq) -> Iterator[str]:
    made = agency_broker.create_vhost()
    yield made
    agency_broker.drop_vhost(made)


def test_the_power_utility_conforms_and_says_what_a_broker_does_not_have(
    url: str,
) -> None:
    with power(url) as (bench, _):
        report = report_of(bench)
    found = verdicts(report)
    said = {row.id: outcome.evidence for row, outcome in report.rows}

    assert (report.failed, report.level) == ([], 2)
    assert {found[row] for row in HTTP_ONLY} == {Verdict.NOT_SUPPORTED}
    assert all("not HTTP" in said[row][0] for row in HTTP_ONLY)
    assert found["create_again"] is Verdict.PASS


@pytest.mark.slow
@pytest.mark.parametrize("fault", sorted(UPDATE_FAULTS), ids=str)
def test_a_fault_of_its_updates_fails_in_the_right_row(url: str, fault: Fault) -> None:
    with power(url) as (bench, agency):
        agency.faults.set(fault)
        report = report_of(bench)

    said = {row.id: outcome.evidence for row, outcome in report.rows}
    wrong = report.failed[:1]
    assert wrong == [RIGHT_ROW[fault]], [said[row] for row in wrong]


def test_a_program_that_does_not_run_tells_nothing(url: str) -> None:
    # The broker takes complaints all the same; that nobody reads them shows later.
    with power(url) as (bench, agency):
        bench.wait_seconds = 0.5
        agency.faults.set(Fault.DOWN)
        bench.officer = None
        report = report_of(bench)

    assert report.level == 1
    assert verdicts(report)["status_back"] is Verdict.NOT_TRIED


def test_an_exchange_without_a_queue_fails_the_hand_over(url: str) -> None:
    with power(url) as (bench, _), channel_to(url) as channel:
        channel.queue_unbind(INBOX, EXCHANGE, HAND_OVERS)
        report = report_of(bench)
    said = {row.id: outcome.evidence for row, outcome in report.rows}

    assert report.failed[0] == "create"
    assert "no queue of the agency is bound" in said["create"][0]


def test_a_full_queue_fails_the_hand_over(url: str) -> None:
    with power(url) as (bench, _), channel_to(url) as channel:
        channel.queue_unbind(INBOX, EXCHANGE, HAND_OVERS)
        full = {"x-max-length": 0, "x-overflow": "reject-publish"}
        channel.queue_declare("penuh", arguments=full)
        channel.queue_bind("penuh", EXCHANGE, HAND_OVERS)
        report = report_of(bench)
    said = {row.id: outcome.evidence for row, outcome in report.rows}

    assert report.failed[0] == "create"
    assert "is it full?" in said["create"][0]


def test_a_broker_that_is_away_fails_where_it_is_reached() -> None:
    away = {"SIMPUL_PLN_URL": "amqp://guest:guest@127.0.0.1:1/pln"}
    manifest = manifest_of("pln_sukamaju", away)
    with Bench(manifest, registry.system_maker("amqp")) as bench:
        report = report_of(bench)

    assert report.failed == ["reach", "create"]
