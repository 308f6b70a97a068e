"""Deliveries to a real broker: what arrives, and what every refusal means."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pika
import pytest

from connectors.contract import Done, File, Receiptful, Skipped
from connectors.errors import ConnectorError, Misconfigured, Refused, Retryable
from connectors.systems.amqp import AmqpSystem, publisher, session
from hub.simulator.broker_agency import BrokerAgency
from schemas.raw import RawMessage
from tests.contract.amqp.utility import (
    EXCHANGE,
    HAND_OVERS,
    INBOX,
    PATIENT_SECONDS,
    channel_to,
    delivery,
    event,
    set_up,
    system,
    taken,
    tell,
)
from tests.services.fault_proxy import FaultProxy
from tests.services.ports import free_ports
from tests.services.rabbitmq import Rabbitmq
from tests.services.waiting import wait_until

FILE = File(name="foto.jpg", media_type="image/jpeg", content=b"\xff\xd8")


def raised(call: Callable[[], object]) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        call()
    return caught.value


def test_a_complaint_arrives_as_a_persistent_cloudevent(agency_url: str) -> None:
    with system(agency_url) as pln:
        done = pln.submit(delivery())

    ((properties, body),) = taken(agency_url)
    assert done == Done(reference="26-0001-XYZ")
    assert body == {
        "reference": "26-0001-XYZ",
        "complaint": {
            "public_number": "26-0001-XYZ",
            "title": "Lampu padam",
            "body": "Satu blok gelap.",
        },
    }
    assert (properties.message_id, properties.delivery_mode) == ("k-1", 2)
    assert properties.content_type == "application/json"
    said = {k: v for k, v in properties.headers.items() if not k.startswith("x-")}
    assert said == {
        "ce-specversion": "1.0",
        "ce-id": "k-1",
        "ce-source": "urn:simpul",
        "ce-type": "simpul.complaint_handed_over.v1",
        "ce-subject": "26-0001-XYZ",
    }


def test_a_later_event_names_the_case(agency_url: str) -> None:
    with system(agency_url) as pln:
        sent = delivery(key="k-2", reference="26-0001-XYZ", events=(event(),))
        assert pln.send(sent) == Done(reference="26-0001-XYZ")

    ((properties, body),) = taken(agency_url)
    assert properties.type == "simpul.reporter_replied.v1"
    assert body["reference"] == "26-0001-XYZ"
    assert body["event"]["event_id"] == "e-1"
    assert body["event"]["words"] == {"text": "Masih padam."}


def test_without_a_key_for_events_they_are_skipped(agency_url: str) -> None:
    with system(agency_url, send=None) as pln:
        assert not pln.capabilities.sends
        assert isinstance(pln.send(delivery(events=(event(),))), Skipped)

    assert taken(agency_url) == []


def test_a_field_map_writes_the_agencys_words(agency_url: str) -> None:
    fields = {"nomor": "public_number", "laporan.isi": "body", "asal": "=simpul"}
    told = {"nomor": "reference", "isi": "words.text", "berkas": "files"}
    submit = {"routing_key": HAND_OVERS, "fields": fields}
    send = {"routing_key": HAND_OVERS, "fields": told}
    with system(agency_url, submit=submit, send=send, files="upload") as pln:
        pln.submit(delivery())
        pln.send(delivery(reference="26", events=(event(),), files=(FILE,)))

    (_, submitted), (_, sent) = taken(agency_url)
    assert submitted == {
        "nomor": "26-0001-XYZ",
        "laporan": {"isi": "Satu blok gelap."},
        "asal": "simpul",
    }
    assert sent["berkas"] == [
        {"name": "foto.jpg", "media_type": "image/jpeg", "content": "/9g="}
    ]
    assert (sent["nomor"], sent["isi"]) == ("26", "Masih padam.")


def test_many_threads_share_one_connection(agency_url: str) -> None:
    keys = [f"k-{number}" for number in range(60)]
    with system(agency_url) as pln, ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda key: pln.submit(delivery(key)), keys))
        connected = [
            thread
            for thread in threading.enumerate()
            if thread.name.startswith("amqp:")
        ]

    assert len(connected) == 1
    assert sorted(p.message_id for p, _ in taken(agency_url)) == sorted(keys)


def test_a_message_for_no_queue_names_exchange_and_key(agency_url: str) -> None:
    with system(agency_url, submit={"routing_key": "laporn"}) as pln:
        error = raised(lambda: pln.submit(delivery()))

    assert isinstance(error, Misconfigured)
    assert "'pengaduan'" in error.why
    assert "'laporn'" in error.why


def test_a_missing_exchange_is_named(agency_url: str) -> None:
    with system(agency_url, exchange="pengaduann") as pln:
        error = raised(lambda: pln.submit(delivery()))

    assert isinstance(error, Misconfigured)
    assert "no exchange 'pengaduann'" in error.why


def test_after_a_refusal_the_next_message_goes_through(agency_url: str) -> None:
    with system(agency_url) as pln:
        with channel_to(agency_url) as channel:
            channel.exchange_delete(EXCHANGE)
        assert isinstance(raised(lambda: pln.submit(delivery())), Misconfigured)
        set_up(agency_url)
        pln.submit(delivery())

    assert len(taken(agency_url)) == 1


def test_a_full_queue_is_tried_again_later(agency_broker: Rabbitmq) -> None:
    url = agency_broker.create_vhost()
    set_up(url, {"x-max-length": 1, "x-overflow": "reject-publish"})
    with system(url) as pln:
        error: ConnectorError | None = None
        for number in range(50):  # quorum queues count with a delay
            try:
                pln.submit(delivery(f"k-{number}"))
            except ConnectorError as found:
                error = found
                break
        assert isinstance(error, Retryable)
        taken(url)
        assert isinstance(eventually(pln, "k-last"), Done)

    agency_broker.drop_vhost(url)


def test_a_wrong_password_is_a_matter_of_configuration(agency_url: str) -> None:
    with system(agency_url.replace("guest:guest", "guest:salah")) as pln:
        error = raised(lambda: pln.submit(delivery()))
        again = raised(lambda: pln.submit(delivery()))

    assert isinstance(error, Misconfigured)
    assert "user and password" in error.why
    assert isinstance(again, Misconfigured), again
    assert "salah" not in repr(error.__dict__)


def test_a_missing_virtual_host_is_a_matter_of_configuration(agency_url: str) -> None:
    with system(agency_url + "x") as pln:
        error = raised(lambda: pln.submit(delivery()))

    assert isinstance(error, Misconfigured)
    assert "virtual host" in error.why


@contextmanager
def user_of(broker: Rabbitmq, url: str, *rights: str) -> Iterator[str]:
    """Make a user with these rights (configure, write, read); gives its address."""
    vhost = pika.URLParameters(url).virtual_host
    machine = broker._own_machine("users")
    machine.control("add_user", "simpul", "rahasia")
    machine.control("set_permissions", "-p", vhost, "simpul", *rights)
    yield url.replace("guest:guest", "simpul:rahasia")
    machine.control("delete_user", "simpul")


def test_a_user_without_rights_is_a_matter_of_configuration(
    agency_broker: Rabbitmq, agency_url: str
) -> None:
    with (
        user_of(agency_broker, agency_url, "^$", "^$", ".*") as url,
        system(url) as pln,
    ):
        error = raised(lambda: pln.submit(delivery()))

    assert isinstance(error, Misconfigured)
    assert "may not write" in error.why


def test_the_rights_that_the_readme_names_are_enough(
    agency_broker: Rabbitmq, agency_url: str
) -> None:
    rows: list[RawMessage] = []

    def accept(raw: RawMessage) -> Receiptful:
        rows.append(raw)
        return Receiptful(state="new", journal_id="j")

    rights = ("^$", "^pengaduan$", r"^pengaduan\.kabar$")
    answered: dict[str, Any] = {"honours_key": True, "acknowledgement": {}}
    with (
        user_of(agency_broker, agency_url, *rights) as url,
        BrokerAgency(agency_url, seed=1, work_seconds=None) as theirs,
        system(url, **answered) as pln,
    ):
        done = pln.submit(delivery())
        assert done == Done(reference=theirs.cases[0].nomor, response=done.response)
        (listener,) = pln.listeners()
        listener.start(accept)
        tell(agency_url, b"{}")
        assert wait_until(lambda: bool(rows), PATIENT_SECONDS)
        listener.stop()


def test_nobody_listens_is_tried_again_later() -> None:
    (port,) = free_ports(1)
    with system(f"amqp://guest:guest@127.0.0.1:{port}/") as pln:
        assert isinstance(raised(lambda: pln.submit(delivery())), Retryable)
        assert isinstance(raised(lambda: pln.submit(delivery())), Retryable)


def test_what_is_too_long_is_refused_here(agency_url: str) -> None:
    with system(agency_url, message_bytes_max=50) as pln:
        assert isinstance(raised(lambda: pln.submit(delivery())), Refused)

    assert taken(agency_url) == []


def test_what_the_broker_finds_too_long_is_refused(
    agency_broker: Rabbitmq, agency_url: str
) -> None:
    machine = agency_broker._own_machine("limits")
    limit = "application:set_env(rabbit, max_message_size, {})."
    machine.control("eval", limit.format(100_000))
    long = {"public_number": "26", "body": "a" * 200_000}
    try:
        with system(agency_url) as pln:
            error = raised(lambda: pln.submit(delivery(complaint=long)))
            assert isinstance(pln.submit(delivery("k-2")), Done)
    finally:
        machine.control("eval", limit.format(134_217_728))

    assert isinstance(error, Refused)


def test_a_closed_system_connects_anew(agency_url: str) -> None:
    with system(agency_url) as pln:
        pln.submit(delivery("k-1"))
        pln.close()
        again = eventually(pln, "k-2")

    assert isinstance(again, Done)
    assert len(taken(agency_url)) == 2


def test_an_idle_connection_is_given_back_and_made_again(
    agency_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "IDLE_SECONDS", 0.05)
    monkeypatch.setattr(publisher, "CONNECT_SECONDS_MIN", 0.0)
    with FaultProxy.before(agency_url) as proxy:
        with system(proxy.instead_of(agency_url)) as pln:
            for number in range(30):
                # While it is being given back, a new one is made: nothing fails.
                assert isinstance(pln.submit(delivery(f"k-{number}")), Done)
                threading.Event().wait(0.01 * (number % 12))
        assert wait_until(lambda: proxy.connections_now == 0, PATIENT_SECONDS)
        assert proxy.connections_total > 1

    assert len(taken(agency_url)) == 30


def test_a_connection_that_opens_before_its_first_call_is_kept(agency_url: str) -> None:
    with FaultProxy.before(agency_url) as proxy:
        address = pika.URLParameters(proxy.instead_of(agency_url))
        made = session.Session(address, hears_answers=False)
        ended = wait_until(lambda: made.reason is not None, 1.0)
        made.close()
        made.join()

    assert not ended
    assert proxy.connections_total == 1


def eventually(pln: AmqpSystem, key: str) -> Done | None:
    """Hand over, once a new connection is allowed."""
    until = threading.Event()
    for _ in range(100):
        try:
            found = pln.submit(delivery(key))
        except Retryable:
            until.wait(0.1)
        else:
            assert isinstance(found, Done)
            return found
    return None


def test_the_queue_is_the_only_place_where_it_is(agency_url: str) -> None:
    with system(agency_url, exchange="", submit={"routing_key": INBOX}) as pln:
        pln.submit(delivery())

    assert len(taken(agency_url)) == 1
