"""Servers that stumble over an id, over many ids, or that mind none."""

import json
import socket
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.contract import Done
from connectors.errors import OutcomeUnknown, Refused
from connectors.protocols.open311.records import as_text
from connectors.systems.open311.checkpoint import CasesCheckpoint, load
from hub.simulator.faults import Fault
from hub.simulator.utility import SimulatedUtility
from schemas.updates import AgencyUpdate
from tests.unit.connectors.open311.builders import (
    Poller,
    delivery,
    event,
    system,
    utility,
)
from tests.unit.connectors.rest.servers import Seen, in_turn, response, says, serving

TOLD = {"status": "open", "updated_datetime": "2026-11-24T03:00:00Z"}


def told(reference: str) -> dict[str, str]:
    return {"service_request_id": reference, **TOLD}


def ids(seen: Seen) -> list[str]:
    query = parse_qs(urlsplit(seen.target).query)
    return query.get("service_request_id", [""])[0].split(",")


def moves(tirta: SimulatedUtility, number: int) -> list[str]:
    for case in tirta.cases:
        tirta.move(case.nomor, "fixed")
    assert len(tirta.cases) == number
    return [case.nomor for case in tirta.cases]


def test_a_500_for_an_update_of_a_case_that_is_gone_is_refused() -> None:
    gone = in_turn(says(500, b"oops"), says(500, b"oops"), says(200, b"[]"))
    with (
        serving(gone) as server,
        system(server.url) as speaks,
        pytest.raises(Refused, match="does not know the case"),
    ):
        speaks.send(delivery(reference="A-7", events=(event(),)))

    assert [seen.target.partition("?")[0] for seen in server.seen] == [
        "/servicerequestupdates.xml",
        "/requests.xml",
        "/services.xml",
    ]


@pytest.mark.parametrize(
    "then",
    [
        in_turn(says(500), says(500), says(500)),
        in_turn(says(500), says(503)),
        in_turn(says(500), says(200, json.dumps([told("A-7")]).encode())),
    ],
    ids=["outage", "throttled", "known"],
)
def test_a_500_for_an_update_is_unknown_else(then: object) -> None:
    with (
        serving(then) as server,  # type: ignore[arg-type]
        system(server.url) as speaks,
        pytest.raises(OutcomeUnknown),
    ):
        speaks.send(delivery(reference="A-7", events=(event(),)))


@pytest.mark.parametrize("status", [400, 413, 414])
def test_a_server_that_takes_few_ids_is_asked_for_few(status: int) -> None:
    def two_at_most(connection: socket.socket, seen: Seen) -> None:
        asked = ids(seen)
        rows = json.dumps([told(one) for one in asked]).encode()
        few = len(asked) <= 2
        connection.sendall(response(200, rows) if few else response(status))

    ours = [f"A-{n}" for n in range(7)]
    with serving(two_at_most) as server, system(server.url, batch=8) as speaks:
        found = Poller(speaks, ours).updates()

    assert sorted({reference for reference, _, _ in found}) == ours


def test_a_server_that_minds_no_id_is_told_of_loudly() -> None:
    rows = json.dumps([told("Z-1"), told("Z-2")]).encode()
    with (
        serving(says(200, rows)) as server,
        system(server.url) as speaks,
        pytest.raises(Refused, match="other cases"),
    ):
        Poller(speaks, ["A-1", "A-2"]).turn()


def test_a_case_that_is_answered_under_another_id_stops_no_round() -> None:
    def merged(connection: socket.socket, seen: Seen) -> None:
        asked = ids(seen)
        rows = [told("Z-1" if one == "A-1" else one) for one in asked]
        connection.sendall(response(200, json.dumps(rows).encode()))

    with serving(merged) as server, system(server.url) as speaks:
        found = Poller(speaks, ["A-0", "A-1", "A-2"]).updates()

    assert {reference for reference, _, _ in found} >= {"A-0", "A-2"}


@pytest.mark.parametrize("batch", [1, 2, 3, 50])
@pytest.mark.parametrize("unknown", [(), (0,), (4,), (8,), (0, 1, 2), (0, 4, 8)])
def test_every_known_case_is_seen_in_one_round(
    batch: int, unknown: tuple[int, ...]
) -> None:
    with (
        utility(fails_on_unknown_ids=True, page_cap=2) as tirta,
        system(tirta.url, batch=batch) as speaks,
    ):
        for n in range(9):
            done = speaks.submit(delivery(key=f"k-{n}"))
            assert isinstance(done, Done)
        ours = moves(tirta, 9)
        asked = [f"X-{n}" if n in unknown else one for n, one in enumerate(ours)]
        poller = Poller(speaks, asked)

        found = {reference for reference, _, _ in poller.updates()}

    assert found == {one for one in asked if not one.startswith("X")}
    at = load(poller.checkpoint, CasesCheckpoint, "cases")
    assert at == CasesCheckpoint()


def test_spaces_of_any_kind_part_words_and_marks_are_left_out() -> None:
    assert as_text("air\u00a0mati\u2003lagi\u200b\x07") == "air mati lagi"


def test_a_case_that_was_not_filed_has_no_reference() -> None:
    with (
        utility(zero_id=True) as tirta,
        system(tirta.url) as speaks,
        pytest.raises(OutcomeUnknown, match="without an id"),
    ):
        speaks.submit(delivery())


@pytest.mark.parametrize(
    "fault",
    [Fault.DUPLICATE_UPDATES, Fault.OUT_OF_ORDER_UPDATES, Fault.CLOCK_WRONG],
)
def test_a_feed_that_repeats_swaps_or_lies_about_time_tells_every_step(
    fault: Fault,
) -> None:
    with utility() as tirta, system(tirta.url, updates="feed") as speaks:
        done = speaks.submit(delivery())
        assert isinstance(done, Done)
        tirta.faults.for_next(1, fault)
        for word in ("investigating", "planned", "fixed"):
            tirta.move(done.reference, word)
        poller = Poller(speaks)
        poller.now = datetime.now(UTC) + timedelta(hours=8)
        found = [one for one in poller.records() if isinstance(one, AgencyUpdate)]

    events = {one.event_id: one.raw_status for one in found}
    assert sorted(events.values()) == ["fixed", "investigating", "planned"]
    assert len(found) == (4 if fault is Fault.DUPLICATE_UPDATES else 3)
