"""A call ends with its deadline, wherever the server holds it up."""

import socket
import threading
import time
from typing import Any

import pytest

from connectors.errors import Retryable
from connectors.protocols.http.client import HttpClient
from connectors.protocols.http.deadline import resolve
from tests.unit.connectors.rest.calling import (
    DEADLINE_SECONDS,
    HEAD,
    assert_cut,
    one_connection,
    post,
)
from tests.unit.connectors.rest.certificates import Certificates
from tests.unit.connectors.rest.servers import (
    drips,
    in_turn,
    response,
    says,
    serving,
    writes,
)


def test_a_server_that_drips_its_headers_is_cut(client: HttpClient) -> None:
    with serving(drips(response(200, b"{}", X_Padding="x" * 500))) as server:
        error = assert_cut(client, server.url)

    assert error.fingerprint == "http deadline passed POST submit"


def test_a_server_that_drips_its_body_is_cut(client: HttpClient) -> None:
    with serving(drips(HEAD + b"x" * 100, fluently=len(HEAD))) as server:
        assert_cut(client, server.url)


def test_a_server_that_goes_on_saying_it_continues_is_cut(client: HttpClient) -> None:
    more = b"HTTP/1.1 103 Early Hints\r\n\r\n" * 50

    with serving(drips(more, seconds=0.01)) as server:
        assert_cut(client, server.url)


def test_a_drip_on_a_connection_that_was_used_before_is_cut(client: HttpClient) -> None:
    dripping = drips(response(200, b"{}", X_Padding="x" * 500))

    with serving(in_turn(says(200, b"{}"), dripping)) as server:
        post(client, server.url)
        assert_cut(client, server.url)

    assert server.connections == 1


def test_a_server_that_never_answers_is_cut(client: HttpClient) -> None:
    with serving(writes(b"")) as server:
        assert_cut(client, server.url)


def test_a_server_that_does_not_read_the_request_is_cut(client: HttpClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        assert_cut(client, url, body=b"x" * 20_000_000)


def test_a_server_that_reads_the_request_slowly_is_cut(client: HttpClient) -> None:
    def sip(connection: socket.socket) -> None:
        ends_at = time.monotonic() + 4 * DEADLINE_SECONDS
        while connection.recv(65536) and time.monotonic() < ends_at:
            time.sleep(0.005)

    with one_connection(sip) as port:
        assert_cut(client, f"http://127.0.0.1:{port}", body=b"x" * 80_000_000)


def test_a_drip_inside_tls_is_cut(certificates: Certificates) -> None:
    client = HttpClient(certificates.trusting)
    dripping = drips(response(200, b"{}", X_Padding="x" * 500))

    with serving(dripping, tls=certificates.server, host="localhost") as server:
        assert_cut(client, server.url)

    client.close()


def test_a_handshake_that_stalls_ends_with_the_deadline(client: HttpClient) -> None:
    began = time.monotonic()

    with (
        one_connection(lambda connection: time.sleep(0.6)) as port,
        pytest.raises(Retryable) as caught,
    ):
        post(client, f"https://127.0.0.1:{port}")

    assert time.monotonic() - began < DEADLINE_SECONDS + 1
    assert caught.value.fingerprint == "http no connection in time POST submit"


def test_a_name_service_that_hangs_ends_with_the_deadline(
    client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()

    def hang(*_: object, **__: object) -> list[Any]:
        released.wait(5)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    began = time.monotonic()
    with pytest.raises(Retryable) as caught:
        post(client, "http://agency.example/")
    took = time.monotonic() - began
    released.set()

    assert took < DEADLINE_SECONDS + 1
    assert caught.value.fingerprint == "http no connection in time POST submit"


def test_an_address_needs_no_name_service() -> None:
    assert resolve("127.0.0.1", 80, 0) == ["127.0.0.1"]
    assert resolve("::1", 80, 0) == ["::1"]


def test_an_error_whose_page_drips_still_counts(client: HttpClient) -> None:
    head = b"HTTP/1.1 503 X\r\nContent-Length: 100\r\n\r\n"

    with serving(drips(head + b"x" * 100, fluently=len(head))) as server:
        answer = post(client, server.url)

    assert answer.status == 503


def test_threads_have_deadlines_of_their_own(client: HttpClient) -> None:
    answers: list[int] = []

    def patient(url: str) -> None:
        answers.append(post(client, url, deadline_seconds=5).status)

    slow = drips(response(200, b""), seconds=0.015)
    with serving(slow) as server, serving(writes(b"")) as silent:
        thread = threading.Thread(target=patient, args=(server.url,))
        thread.start()
        assert_cut(client, silent.url)
        thread.join()

    assert answers == [200]
