"""An agency whose program answers hand-overs with its own numbers."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel

from connectors.contract import Done, Pending
from connectors.errors import OutcomeUnknown
from hub.simulator.broker_agency import BrokerAgency
from tests.contract.amqp.utility import (
    INBOX,
    PATIENT_SECONDS,
    channel_to,
    delivery,
    system,
    taken,
    waiting,
)

ANSWERED: dict[str, Any] = {
    "honours_key": True,
    "acknowledgement": {"ask_again_seconds": 5},
}


def test_the_agencys_number_becomes_the_reference(agency_url: str) -> None:
    with (
        BrokerAgency(agency_url, seed=1, work_seconds=None) as pln,
        system(agency_url, seconds=PATIENT_SECONDS, **ANSWERED) as ours,
    ):
        first = ours.submit(delivery("k-1"))
        repeated = ours.submit(delivery("k-1"))
        other = ours.submit(delivery("k-2"))

        assert isinstance(first, Done)
        assert first.reference == pln.cases[0].nomor
        assert isinstance(repeated, Done)
        assert repeated.reference == first.reference
        assert isinstance(other, Done)
        assert other.reference == pln.cases[1].nomor != first.reference


def test_without_an_answer_it_is_asked_again_under_the_same_id(
    agency_url: str,
) -> None:
    with system(agency_url, seconds=1, **ANSWERED) as ours:
        found = ours.submit(delivery("k-1"))
        assert isinstance(found, Pending)
        assert found.poll_after_seconds == 5

        # The next message is not held up, and an answer that is late is not its own.
        again = ours.submit(delivery("k-1", progress=found.progress))
        assert isinstance(again, Pending)

    assert [p.message_id for p, _ in taken(agency_url)] == ["k-1", "k-1"]


def test_an_answer_without_a_number_is_unknown(agency_url: str) -> None:
    def answer(
        channel: BlockingChannel, method: Any, said: pika.BasicProperties, _: bytes
    ) -> None:
        channel.basic_publish("", said.reply_to, b"<html>", said)
        channel.basic_ack(method.delivery_tag)

    with (
        channel_to(agency_url) as channel,
        system(agency_url, **ANSWERED) as ours,
        ThreadPoolExecutor(1) as pool,
    ):
        channel.basic_consume(INBOX, answer)
        call = pool.submit(ours.submit, delivery())
        while not call.done():
            channel.connection.process_data_events(time_limit=0.1)

    assert isinstance(call.exception(), OutcomeUnknown)
    assert waiting(agency_url, INBOX) == 0
