"""A call ends within its deadline and says whether anything was sent."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import Misconfigured, OutcomeUnknown, Retryable
from connectors.protocols.http.answer import HttpAnswer
from connectors.protocols.http.client import HttpClient, _default_tls
from connectors.protocols.http.deadline import resolve
from tests.unit.connectors.rest.certificates import Certificates, make_certificates
from tests.unit.connectors.rest.servers import (
    Seen,
    drips,
    free_port,
    hangs_up,
    in_turn,
    resets,
    response,
    says,
    serving,
    writes,
)

DEADLINE_SECONDS = 0.4
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"


@pytest.fixture
def client() -> Iterator[HttpClient]:
    made = HttpClient()
    yield made
    made.close()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder: Path = tmp_path_factory.mktemp("certificates")
    return make_certificates(folder)


def post(client: HttpClient, url: str, **options: Any) -> HttpAnswer:
    chosen: dict[str, Any] = {
        "body": b"{}",
        "deadline_seconds": DEADLINE_SECONDS,
        "response_bytes_max": 1000,
        "step": "submit",
    } | options
    return client.call("POST", url, {}, **chosen)


def assert_cut(client: HttpClient, url: str, **options: Any) -> OutcomeUnknown:
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown) as caught:
        post(client, url, **options)
    took = time.monotonic() - began

    assert took < DEADLINE_SECONDS + 0.5
    return caught.value


@contextmanager
def one_connection(act: Callable[[socket.socket], None]) -> Iterator[int]:
    """Accept one connection, do something with it, close it."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        connection, _ = listener.accept()
        connection.settimeout(5)
        with connection:
            act(connection)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        thread.join()
        listener.close()


def test_an_answer_has_status_headers_and_body(client: HttpClient) -> None:
    with serving(says(422, b"no", X_Reason="because")) as server:
        answer = post(client, f"{server.url}/cases", body=b"hello")

    assert (answer.status, answer.body) == (422, b"no")
    assert answer.headers["x-reason"] == "because"
    assert server.seen[0].body == b"hello"


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


def test_a_drip_inside_tls_is_cut(certificates: Certificates) -> None:
    client = HttpClient(certificates.trusting)
    dripping = drips(response(200, b"{}", X_Padding="x" * 500))

    with serving(dripping, tls=certificates.server, host="localhost") as server:
        assert_cut(client, server.url)

    client.close()


def test_a_trusted_certificate_is_accepted(certificates: Certificates) -> None:
    client = HttpClient(certificates.trusting)

    with serving(says(200), tls=certificates.server, host="localhost") as server:
        answer = post(client, server.url)

    assert answer.status == 200
    client.close()


def test_a_certificate_of_nobody_is_a_misconfiguration(
    client: HttpClient, certificates: Certificates
) -> None:
    with (
        serving(says(200), tls=certificates.server, host="localhost") as server,
        pytest.raises(Misconfigured, match="certificate is not accepted") as caught,
    ):
        post(client, server.url)

    assert caught.value.fingerprint == "http tls POST submit"
    assert server.seen == []


def test_a_certificate_for_another_name_is_a_misconfiguration(
    certificates: Certificates,
) -> None:
    client = HttpClient(certificates.trusting)

    with (
        serving(says(200), tls=certificates.server) as server,
        pytest.raises(Misconfigured, match="certificate is not accepted"),
    ):
        post(client, server.url)

    client.close()


def test_a_server_without_tls_at_an_https_address_is_a_misconfiguration(
    client: HttpClient,
) -> None:
    def speak_first(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with (
        one_connection(speak_first) as port,
        pytest.raises(Misconfigured, match="does not speak TLS"),
    ):
        post(client, f"https://127.0.0.1:{port}")


def test_a_handshake_that_breaks_off_is_tried_again(client: HttpClient) -> None:
    with one_connection(lambda _: None) as port, pytest.raises(Retryable):
        post(client, f"https://127.0.0.1:{port}")


def test_a_handshake_that_stalls_ends_with_the_deadline(client: HttpClient) -> None:
    began = time.monotonic()

    with (
        one_connection(lambda connection: time.sleep(0.6)) as port,
        pytest.raises(Retryable) as caught,
    ):
        post(client, f"https://127.0.0.1:{port}")

    assert time.monotonic() - began < DEADLINE_SECONDS + 0.5
    assert caught.value.fingerprint == "http no connection in time POST submit"


def test_a_refused_connection_is_tried_again(client: HttpClient) -> None:
    with pytest.raises(Retryable) as caught:
        post(client, f"http://127.0.0.1:{free_port()}/cases?kunci=secret")

    assert caught.value.fingerprint == "http connection refused POST submit"
    assert not caught.value.throttled


def test_an_unknown_host_is_tried_again(client: HttpClient) -> None:
    with pytest.raises(Retryable) as caught:
        post(client, "http://agency.invalid/", deadline_seconds=5)

    assert caught.value.fingerprint == "http host name not found POST submit"


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

    assert took < DEADLINE_SECONDS + 0.5
    assert caught.value.fingerprint == "http no connection in time POST submit"


def test_an_address_needs_no_name_service() -> None:
    assert resolve("127.0.0.1", 80, 0) == ["127.0.0.1"]
    assert resolve("::1", 80, 0) == ["::1"]


def test_a_reset_after_the_request_leaves_the_outcome_unknown(
    client: HttpClient,
) -> None:
    with serving(resets) as server, pytest.raises(OutcomeUnknown) as caught:
        post(client, server.url)

    assert caught.value.fingerprint == "http connection reset POST submit"


@pytest.mark.parametrize(
    "behave",
    [hangs_up, writes(b"\x16\x03\x01 not http at all\r\n\r\n")],
    ids=["hangs up", "speaks something else"],
)
def test_no_answer_leaves_the_outcome_unknown(client: HttpClient, behave: Any) -> None:
    with serving(behave) as server, pytest.raises(OutcomeUnknown):
        post(client, server.url)


def test_a_success_that_breaks_off_leaves_the_outcome_unknown(
    client: HttpClient,
) -> None:
    def behave(connection: socket.socket, request: Seen) -> None:
        connection.sendall(HEAD + b"half")
        hangs_up(connection, request)

    with serving(behave) as server, pytest.raises(OutcomeUnknown) as caught:
        post(client, server.url)

    assert caught.value.response == b"half"


def test_a_success_that_is_too_large_leaves_the_outcome_unknown(
    client: HttpClient,
) -> None:
    with (
        serving(says(200, b"x" * 100_000)) as server,
        pytest.raises(OutcomeUnknown, match="larger than 1000 bytes") as caught,
    ):
        post(client, server.url)

    assert len(caught.value.response) == 1000


def test_a_large_page_about_an_error_is_cut_and_its_status_counts(
    client: HttpClient,
) -> None:
    with serving(says(503, b"x" * 100_000)) as server:
        answer = post(client, server.url)

    assert (answer.status, len(answer.body)) == (503, 1000)


def test_an_error_whose_page_drips_still_counts(client: HttpClient) -> None:
    head = b"HTTP/1.1 503 X\r\nContent-Length: 100\r\n\r\n"

    with serving(drips(head + b"x" * 100, fluently=len(head))) as server:
        answer = post(client, server.url)

    assert answer.status == 503


def test_an_early_refusal_of_a_large_request_is_heard(client: HttpClient) -> None:
    def refuse(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(response(413, b"", Connection="close"))
        while connection.recv(1_000_000):
            pass

    with one_connection(refuse) as port:
        answer = post(
            client,
            f"http://127.0.0.1:{port}",
            body=b"x" * 3_000_000,
            deadline_seconds=3,
        )

    assert answer.status == 413


def test_a_redirect_is_not_followed(client: HttpClient) -> None:
    with serving(says(307, Location="/elsewhere")) as server:
        answer = post(client, server.url)

    assert answer.status == 307
    assert len(server.seen) == 1


def test_connections_are_used_again_and_cookies_are_not(client: HttpClient) -> None:
    with serving(says(200, b"{}", Set_Cookie="session=1")) as server:
        post(client, server.url)
        post(client, server.url)

    assert server.connections == 1
    assert all("cookie" not in request.headers for request in server.seen)


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


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("http://127.0.0.1:{port}/", {"Authorization": "Bearer two\nlines"}),
        ("ftp://127.0.0.1:{port}/", {}),
        ("http://127.0.0.1:port{port}/", {}),
    ],
    ids=["header", "scheme", "address"],
)
def test_a_request_that_cannot_be_written_is_a_misconfiguration(
    client: HttpClient, url: str, headers: dict[str, str]
) -> None:
    with serving(says(200)) as server, pytest.raises(Misconfigured):
        client.call(
            "POST",
            url.format(port=server.port),
            headers,
            b"",
            deadline_seconds=1,
            response_bytes_max=10,
        )

    assert server.seen == []


def test_a_client_that_is_dropped_closes_its_connections() -> None:
    with serving(says(200)) as server:
        post(HttpClient(), server.url)


def test_certificates_are_checked_by_default() -> None:
    assert _default_tls().verify_mode is ssl.CERT_REQUIRED
