from collections.abc import Iterator

import httpx2
import pytest

from hub.simulator.faults import Fault
from hub.simulator.misbehaviour import Answer
from hub.simulator.ports import free_port
from hub.simulator.server import FaultyServer, RecordedRequest
from hub.simulator.sms import SmsGateway
from tests.unit.simulator.stand_in import CLIENT, FAST, eventually, hub_stand_in

OUT_SECRET = "out-secret"


@pytest.fixture
def gateway(hub: FaultyServer) -> Iterator[SmsGateway]:
    with SmsGateway(
        seed=1,
        hub_url=lambda: hub.url,
        secret="in-secret",
        send_secret=OUT_SECRET,
        timing=FAST,
    ) as started:
        yield started


def send(
    gateway: SmsGateway, reference: str = "r-1", secret: str = OUT_SECRET
) -> httpx2.Response:
    return CLIENT.post(
        gateway.send_url,
        json={
            "from": "1708",
            "to": "+628120000001",
            "text": "Laporan diterima",
            "client_reference": reference,
        },
        headers={"Authorization": f"Bearer {secret}"},
        timeout=0.3,
    )


def test_a_message_reaches_its_number_and_is_confirmed(
    gateway: SmsGateway, hub: FaultyServer
) -> None:
    answer = send(gateway)

    assert answer.json() == {"id": "gw-1"}
    (message,) = gateway.received("08120000001")
    assert message.text == "Laporan diterima"
    assert eventually(lambda: gateway.at_rest)
    (receipt,) = hub.requests
    assert receipt.path == "/channels/sms/gateway/receipts"
    assert receipt.bears("in-secret")
    assert receipt.json() == {
        "client_reference": "r-1",
        "id": "gw-1",
        "state": "delivered",
    }


def test_a_repeated_reference_is_a_wire_duplicate(gateway: SmsGateway) -> None:
    send(gateway)
    send(gateway)
    send(gateway, "r-2")

    assert gateway.wire_duplicates == 1
    assert len(gateway.messages) == 3
    assert len(gateway.received("+628120000001")) == 2


def test_a_wrong_secret_sends_nothing(gateway: SmsGateway) -> None:
    assert send(gateway, secret="in-secret").status_code == 401
    assert gateway.messages == []


def test_a_message_without_reference_is_refused(gateway: SmsGateway) -> None:
    answer = CLIENT.post(
        gateway.send_url,
        json={"to": "+628120000001", "text": "x"},
        headers={"Authorization": "Bearer out-secret"},
    )

    assert answer.status_code == 400


def test_the_gateway_breaks_like_an_agency(gateway: SmsGateway) -> None:
    gateway.faults.for_next(1, Fault.ERROR_500)
    gateway.faults.for_next(1, Fault.TIMEOUT_AFTER_COMMIT)

    assert send(gateway).status_code == 500
    with pytest.raises(httpx2.ReadTimeout):
        send(gateway)

    assert len(gateway.messages) == 1


@pytest.mark.parametrize("as_form", [False, True])
def test_a_citizens_message_is_brought_to_the_hub(
    gateway: SmsGateway, hub: FaultyServer, *, as_form: bool
) -> None:
    sent = gateway.send_in("08120000001", "LAPOR jalan rusak", as_form=as_form)

    (request,) = hub.requests
    kind = request.headers["content-type"]
    assert sent.accepted
    assert request.path == "/channels/sms/gateway"
    assert request.bears("in-secret")
    assert kind.endswith("urlencoded" if as_form else "json")
    assert b"08120000001" in request.body


def test_a_citizens_message_keeps_its_id_until_the_hub_takes_it(
    gateway: SmsGateway, hub: FaultyServer
) -> None:
    hub.faults.for_next(2, Fault.UNAVAILABLE_503)

    sent = gateway.send_in("08120000001", "LAPOR jalan rusak", id="in-77")

    assert sent.accepted
    assert sent.attempts == 3
    assert [request.json()["id"] for request in hub.requests] == ["in-77"] * 3


def test_the_gateway_gives_up_at_its_deadline() -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    with SmsGateway(
        seed=1, hub_url=lambda: nowhere, secret="a", send_secret="b"
    ) as gateway:
        sent = gateway.send_in("08120000001", "LAPOR", deadline_seconds=0.3)

    assert not sent.accepted
    assert sent.attempts > 1


def test_a_refusal_is_not_repeated() -> None:
    def refuse(_: RecordedRequest) -> Answer:
        return Answer.of(401, {})

    with (
        hub_stand_in(refuse) as hub,
        SmsGateway(
            seed=1, hub_url=lambda: hub.url, secret="a", send_secret="b"
        ) as gateway,
    ):
        sent = gateway.send_in("08120000001", "LAPOR")

    assert (sent.accepted, sent.attempts) == (False, 1)
