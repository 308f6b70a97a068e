import socket
import time
from urllib.parse import urlsplit

import httpx2
import pytest

from hub.simulator.agency import SimulatedAgency
from hub.simulator.faults import Fault
from tests.unit.simulator.stand_in import eventually, submit


def test_nothing_wrong_files_the_case(agency: SimulatedAgency) -> None:
    answer = submit(agency)

    assert answer.status_code == 201
    assert answer.json() == {"data": {"nomor": "PUPR-26-000001"}}
    assert [case.kunci for case in agency.cases] == ["k-1"]


@pytest.mark.parametrize(
    ("fault", "status", "headers"),
    [
        (Fault.ERROR_500, 500, {}),
        (Fault.THROTTLED_429, 429, {"retry-after": "1"}),
        (Fault.TOO_LARGE_413, 413, {}),
        (Fault.UNAVAILABLE_503, 503, {"retry-after": "1"}),
        (Fault.HTML_PAGE, 200, {"content-type": "text/html; charset=utf-8"}),
    ],
)
def test_an_error_is_answered_and_nothing_is_filed(
    agency: SimulatedAgency, fault: Fault, status: int, headers: dict[str, str]
) -> None:
    agency.faults.for_next(1, fault)

    answer = submit(agency)

    assert answer.status_code == status
    assert headers.items() <= dict(answer.headers).items()
    assert agency.cases == []
    assert submit(agency).status_code == 201


def test_a_login_page_comes_in_place_of_json(agency: SimulatedAgency) -> None:
    agency.faults.set(Fault.HTML_PAGE)

    assert "<form" in submit(agency).text


def test_garbage_files_the_case_and_answers_broken_json(
    agency: SimulatedAgency,
) -> None:
    agency.faults.set(Fault.GARBAGE)

    answer = submit(agency)

    assert answer.status_code == 201
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        answer.json()
    assert len(agency.cases) == 1


def test_slow_answers_properly_but_late(agency: SimulatedAgency) -> None:
    agency.faults.set(Fault.SLOW)
    begin = time.monotonic()

    answer = submit(agency)

    assert answer.status_code == 201
    assert time.monotonic() - begin >= 0.2


@pytest.mark.parametrize(
    ("fault", "filed"), [(Fault.HANG, 0), (Fault.TIMEOUT_AFTER_COMMIT, 1)]
)
def test_a_hanging_agency_never_answers(
    agency: SimulatedAgency, fault: Fault, filed: int
) -> None:
    agency.faults.set(fault)

    with pytest.raises(httpx2.ReadTimeout):
        submit(agency, timeout=0.2)

    assert len(agency.cases) == filed
    assert len(agency.requests) == 1


def test_a_reset_comes_after_the_case_is_filed(agency: SimulatedAgency) -> None:
    agency.faults.set(Fault.RESET_AFTER_COMMIT)

    with pytest.raises(httpx2.ReadError):
        submit(agency)

    assert len(agency.cases) == 1


def test_a_dripping_agency_sends_byte_by_byte(agency: SimulatedAgency) -> None:
    agency.faults.set(Fault.DRIP)
    address = urlsplit(agency.url)
    request = (
        "POST /api/laporan HTTP/1.1\r\nContent-Length: 13\r\nIdempotency-Key: k\r\n"
        f'Authorization: Bearer {agency.token}\r\n\r\n{{"kunci":"k"}}'
    )

    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(request.encode())
        begin = time.monotonic()
        got = b""
        while len(got) < 5:
            got += connection.recv(100)
        elapsed = time.monotonic() - begin

    assert got == b"HTTP/"
    assert elapsed >= 4 * 0.05
    assert len(agency.cases) == 1


def test_down_refuses_connections_until_it_is_mended(agency: SimulatedAgency) -> None:
    before = agency.url
    agency.faults.set(Fault.DOWN)

    with pytest.raises(httpx2.ConnectError):
        submit(agency)

    agency.faults.clear()
    assert submit(agency).status_code == 201
    assert agency.url == before


def test_stopping_ends_a_hanging_exchange_at_once(agency: SimulatedAgency) -> None:
    agency.faults.set(Fault.HANG)
    address = urlsplit(agency.url)
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(b"GET /api/laporan HTTP/1.1\r\n\r\n")
        assert eventually(lambda: len(agency.requests) == 1)
        begin = time.monotonic()

        agency.stop()

        assert connection.recv(1) == b""
    assert time.monotonic() - begin < 1


def test_an_agency_comes_back_on_its_port_with_its_cases(
    agency: SimulatedAgency,
) -> None:
    submit(agency)
    before = agency.url
    agency.stop()

    agency.start()

    assert agency.url == before
    assert submit(agency).json() == {"data": {"nomor": "PUPR-26-000001"}}
