"""A call says whether anything was sent, and what came back."""

import socket
import ssl
from typing import Any

import pytest

from connectors.errors import Misconfigured, OutcomeUnknown, Retryable
from connectors.protocols.http.client import HttpClient, _default_tls
from tests.unit.connectors.rest.calling import (
    HEAD,
    one_connection,
    post,
)
from tests.unit.connectors.rest.certificates import Certificates
from tests.unit.connectors.rest.servers import (
    Seen,
    free_port,
    hangs_up,
    resets,
    response,
    says,
    serving,
    writes,
)


def test_an_answer_has_status_headers_and_body(client: HttpClient) -> None:
    with serving(says(422, b"no", X_Reason="because")) as server:
        answer = post(client, f"{server.url}/cases", body=b"hello")

    assert (answer.status, answer.body) == (422, b"no")
    assert answer.headers["x-reason"] == "because"
    assert server.seen[0].body == b"hello"


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


def test_a_refused_connection_is_tried_again(client: HttpClient) -> None:
    with pytest.raises(Retryable) as caught:
        post(client, f"http://127.0.0.1:{free_port()}/cases?kunci=secret")

    assert caught.value.fingerprint == "http connection refused POST submit"
    assert not caught.value.throttled


def test_an_unknown_host_is_tried_again(client: HttpClient) -> None:
    with pytest.raises(Retryable) as caught:
        post(client, "http://agency.invalid/", deadline_seconds=5)

    assert caught.value.fingerprint == "http host name not found POST submit"


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
