"""Telling a server of later events."""

from urllib.parse import parse_qs

import pytest

from connectors.contract import Done
from connectors.errors import OutcomeUnknown, Refused, Retryable
from connectors.systems.open311 import Open311System
from connectors.systems.open311.keys import as_digits
from hub.simulator.faults import Fault
from hub.simulator.utility import SimulatedUtility
from tests.unit.connectors.open311.builders import (
    delivery,
    event,
    system,
)
from tests.unit.connectors.rest.servers import RawServer, says, serving


def form(server: RawServer, number: int = 0) -> dict[str, list[str]]:
    return parse_qs(server.seen[number].body.decode(), keep_blank_values=True)


def test_an_update_is_sent_as_the_dialect_wants_it(
    tirta: SimulatedUtility, speaks: Open311System
) -> None:
    speaks.submit(delivery())
    reference = tirta.cases[0].nomor

    done = speaks.send(delivery(reference=reference, events=(event(),)))

    assert isinstance(done, Done)
    assert tirta.cases[0].events == (
        {
            "id": as_digits("e-1"),
            "jenis": "update",
            "status": "IN_PROGRESS",
            "waktu": "2026-11-24T03:00:00Z",
            "isi": "Masih mati.",
        },
    )


def test_a_repeated_update_exists_already_and_is_done(
    tirta: SimulatedUtility, speaks: Open311System
) -> None:
    speaks.submit(delivery())
    told = delivery(reference=tirta.cases[0].nomor, events=(event(),))

    assert isinstance(speaks.send(told), Done)
    assert isinstance(speaks.send(told.model_copy(update={"key": "late"})), Done)
    assert len(tirta.cases[0].events) == 1


@pytest.mark.parametrize(
    ("status", "extended", "word"),
    [
        ("in_progress", True, "IN_PROGRESS"),
        ("closed", True, "CLOSED"),
        ("archived", True, "NO_FURTHER_ACTION"),
        ("in_progress", False, "OPEN"),
        ("archived", False, "CLOSED"),
        ("merged", False, "CLOSED"),
    ],
)
def test_partners_without_extended_statuses_hear_open_or_closed(
    status: str, word: str, *, extended: bool
) -> None:
    told = event(status=status, words={})
    with (
        serving(says(200)) as server,
        system(server.url, extended_statuses=extended) as speaks,
    ):
        speaks.send(delivery(reference="A-7", events=(told,)))

    assert form(server)["status"] == [word]
    assert form(server)["description"] == ["reporter replied"]


def test_an_update_of_a_case_that_is_not_there_yet_is_told_later() -> None:
    body = b'{"errors": {"code": 400, "description": "Bad request: not found"}}'
    with (
        serving(says(400, body)) as server,
        system(server.url) as speaks,
        pytest.raises(Retryable) as raised,
    ):
        speaks.send(delivery(reference="A-7", events=(event(),)))

    assert raised.value.after_seconds == 3600
    assert not raised.value.throttled


def test_an_update_of_a_case_that_is_gone_is_refused(
    tirta: SimulatedUtility, speaks: Open311System
) -> None:
    with pytest.raises(Refused):
        speaks.send(delivery(reference="TS9999999", events=(event(),)))


def test_an_answer_of_html_to_an_update_is_unknown(
    tirta: SimulatedUtility, speaks: Open311System
) -> None:
    tirta.faults.set(Fault.HTML_PAGE)

    with pytest.raises(OutcomeUnknown):
        speaks.send(delivery(reference="TS0000001", events=(event(),)))
