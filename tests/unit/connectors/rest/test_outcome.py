"""Every row of the table of outcomes, against a server that really answers so."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import (
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Retryable,
)
from connectors.protocols.http.outcome import retry_after_seconds, verdict
from tests.unit.connectors.rest.builders import delivery, event, system
from tests.unit.connectors.rest.servers import free_port, says, serving

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)

TABLE: tuple[tuple[int, type[ConnectorError]], ...] = (
    (301, Refused),
    (302, Refused),
    (307, Refused),
    (308, Refused),
    (400, Refused),
    (401, Misconfigured),
    (403, Misconfigured),
    (404, Refused),
    (405, Refused),
    (407, Misconfigured),
    (408, OutcomeUnknown),
    (409, Refused),
    (410, Refused),
    (413, Refused),
    (415, Refused),
    (422, Refused),
    (429, Retryable),
    (500, OutcomeUnknown),
    (501, OutcomeUnknown),
    (502, OutcomeUnknown),
    (503, Retryable),
    (504, OutcomeUnknown),
    (599, OutcomeUnknown),
)


@pytest.mark.parametrize(("status", "error"), TABLE)
def test_a_status_means_the_same_for_every_hand_over(
    status: int, error: type[ConnectorError]
) -> None:
    words = b'{"error": "Ibu Contoh, NIK 9999990101900001"}'

    with (
        serving(says(status, words, Location="/x")) as server,
        system(server.url, without=("find", "find_event")) as rest,
        pytest.raises(error) as caught,
    ):
        rest.submit(delivery())

    assert type(caught.value) is error
    assert caught.value.fingerprint == f"http {status} POST submit"
    assert caught.value.why == f"answered {status}"
    assert caught.value.response == words
    assert len(server.seen) == 1


def test_fingerprints_name_the_step() -> None:
    with (
        serving(says(422)) as server,
        system(server.url) as rest,
        pytest.raises(Refused) as caught,
    ):
        rest.send(delivery(reference="PUPR/26-1", events=(event(),)))

    assert caught.value.fingerprint == "http 422 POST send"


@pytest.mark.parametrize(
    ("status", "body", "fingerprint"),
    [
        (200, b"<html>Masuk</html>", "http 200 not json POST submit"),
        (200, b"", "http 200 not json POST submit"),
        (204, b"", "http 204 not json POST submit"),
        (201, b"[" * 100_000, "http 201 not json POST submit"),
        (201, b"{}", "http 201 no reference POST submit"),
        (201, b'{"data": {"nomor": ""}}', "http 201 no reference POST submit"),
        (201, b'{"data": {"nomor": null}}', "http 201 no reference POST submit"),
        (201, b'{"data": {"nomor": true}}', "http 201 no reference POST submit"),
        (201, b'{"data": {"nomor": ".."}}', "http 201 no reference POST submit"),
        (201, b'{"data": {"nomor": "a\\nb"}}', "http 201 no reference POST submit"),
        (201, b'{"data": "PUPR-26-000123"}', "http 201 no reference POST submit"),
    ],
)
def test_a_success_without_a_valid_reference_leaves_the_outcome_unknown(
    status: int, body: bytes, fingerprint: str
) -> None:
    with (
        serving(says(status, body)) as server,
        system(server.url) as rest,
        pytest.raises(OutcomeUnknown) as caught,
    ):
        rest.submit(delivery())

    assert caught.value.fingerprint == fingerprint
    assert caught.value.response == body


def test_a_refused_connection_is_tried_again() -> None:
    with (
        system(f"http://127.0.0.1:{free_port()}") as rest,
        pytest.raises(Retryable) as caught,
    ):
        rest.submit(delivery())

    assert not caught.value.throttled


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_asks_for_a_pause_gets_it(status: int) -> None:
    with (
        serving(says(status, b"", Retry_After="120")) as server,
        system(server.url) as rest,
        pytest.raises(Retryable) as caught,
    ):
        rest.submit(delivery())

    assert caught.value.after_seconds == 120
    assert caught.value.throttled


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        (" 7 ", 7),
        ("86401", 86400),
        ("9" * 5000, 86400),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("²", None),
        (format_datetime(NOW + timedelta(minutes=2), usegmt=True), 120),
        (format_datetime(NOW - timedelta(minutes=2), usegmt=True), 0),
        (format_datetime(NOW + timedelta(days=3), usegmt=True), 86400),
        ("Tue, 24 Nov 2026 10:01:00", 60),
        ("Tue, 24 Nov 2026 17:01:00 +0700", 60),
        ("Tue, 99 Nov 2026 10:01:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(
    value: str, seconds: float | None
) -> None:
    assert retry_after_seconds({"retry-after": value}, NOW) == seconds


def test_a_date_to_retry_after_is_counted_by_the_servers_own_clock() -> None:
    theirs = NOW + timedelta(hours=7)
    headers = {
        "date": format_datetime(theirs, usegmt=True),
        "retry-after": format_datetime(theirs + timedelta(seconds=30), usegmt=True),
    }

    assert retry_after_seconds(headers, NOW) == 30


def test_no_wait_is_asked_for_without_the_header() -> None:
    assert retry_after_seconds({}, NOW) is None


@given(st.text(), st.text())
def test_any_headers_give_a_bounded_wait_or_none(value: str, date: str) -> None:
    wait = retry_after_seconds({"retry-after": value, "date": date}, NOW)

    assert wait is None or 0 <= wait <= 86400


@given(st.integers(min_value=0, max_value=999))
def test_every_status_has_a_verdict(status: int) -> None:
    assert (verdict(status).name == "OK") == (status in range(200, 300))
