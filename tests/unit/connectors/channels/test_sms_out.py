import json
import time

import pytest

from connectors.channels.sms.way_back import SmsTarget
from connectors.contract import CannotTell, Contact, Delivery, Done
from connectors.errors import (
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Retryable,
)
from tests.unit.connectors.channels.builders import (
    CODE,
    KEY,
    PHONE,
    delivery,
    gateway,
    sms_channel,
)
from tests.unit.connectors.channels.loopback import (
    free_port,
    http_server,
    tcp_server,
)

CONTACT = Contact(address="0812-0001-234", line="1708")


def _target(url: str, **changes: object) -> SmsTarget:
    table = {"nusa": gateway(send_url=f"{url}/send", **changes)}
    target = sms_channel(gateways=table).way_back()
    assert isinstance(target, SmsTarget)
    return target


def _news(**changes: object) -> Delivery:
    values: dict[str, object] = {"party": "reporter:sms", "contact": CONTACT}
    return delivery("Dinas bekerja.", **values | changes)


def test_a_reporter_is_told_through_the_gateway() -> None:
    with http_server(200, b'{"id": "gw-1"}') as server:
        done = _target(server.url).send(_news())

    (call,) = server.calls
    assert isinstance(done, Done)
    assert done.reference == "gw-1"
    assert call.path == "/send"
    assert call.headers["authorization"] == "Bearer hub-secret"
    assert json.loads(call.body) == {
        "from": "1708",
        "to": PHONE,
        "text": f"Laporan {CODE}: Dinas bekerja.",
        "client_reference": KEY,
    }


def test_the_answer_goes_by_the_line_that_the_reporter_wrote_to() -> None:
    with http_server(200, b'{"id": 1}') as first, http_server(200, b'{"id": 2}') as two:
        channel = sms_channel(
            gateways={
                "nusa": gateway(send_url=first.url, line="1708"),
                "lain": gateway(send_url=two.url, line="2001"),
            }
        )
        contact = CONTACT.model_copy(update={"line": "2001"})

        channel.way_back().send(_news(contact=contact))

    assert not first.calls
    assert json.loads(two.calls[0].body)["from"] == "2001"


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, b"<html>", OutcomeUnknown),
        (200, b"{}", OutcomeUnknown),
        (200, b'{"id": ""}', OutcomeUnknown),
        (200, b"[" * 10_000, OutcomeUnknown),
        (302, b"", Refused),
        (400, b"", Refused),
        (401, b"", Misconfigured),
        (403, b"", Misconfigured),
        (422, b"", Refused),
        (429, b"", Retryable),
        (500, b"", OutcomeUnknown),
        (502, b"", OutcomeUnknown),
        (503, b"", Retryable),
    ],
)
def test_an_answer_means_what_the_hub_does_next(
    status: int, body: bytes, error: type[ConnectorError]
) -> None:
    with http_server(status, body) as server, pytest.raises(error) as caught:
        _target(server.url).send(_news())

    assert PHONE not in caught.value.fingerprint + caught.value.why


def test_the_gateway_says_when_it_wants_to_be_called_again() -> None:
    with (
        http_server(503, b"", {"Retry-After": "30"}) as server,
        pytest.raises(Retryable) as caught,
    ):
        _target(server.url).send(_news())

    assert caught.value.after_seconds == 30


def test_nobody_listening_means_that_nothing_was_sent() -> None:
    with pytest.raises(Retryable):
        _target(f"http://127.0.0.1:{free_port()}").send(_news())


def test_a_gateway_that_hangs_up_leaves_the_outcome_unknown() -> None:
    with (
        tcp_server(lambda connection: connection.recv(10)) as server,
        pytest.raises(OutcomeUnknown),
    ):
        _target(f"http://127.0.0.1:{server.port}").send(_news())


def test_a_silent_gateway_is_left_at_the_deadline() -> None:
    began = time.monotonic()

    with tcp_server(lambda c: [c.recv(100_000) for _ in range(5)]) as server:
        target = _target(f"http://127.0.0.1:{server.port}", deadline_seconds=0.3)
        with pytest.raises(OutcomeUnknown):
            target.send(_news())

    assert time.monotonic() - began < 3


@pytest.mark.parametrize("address", ["", "1708", "NUSASEL"])
def test_without_a_number_it_is_refused(address: str) -> None:
    contact = Contact(address=address)

    with pytest.raises(Refused):
        _target("http://127.0.0.1:9").send(_news(contact=contact))


def test_nothing_is_handed_over_and_nobody_can_be_asked() -> None:
    target = _target("http://127.0.0.1:9")

    assert not target.capabilities.submits
    assert target.capabilities.resends_once
    assert target.capabilities.coalesces
    assert isinstance(target.find(_news()), CannotTell)
