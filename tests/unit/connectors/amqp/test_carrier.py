"""Whose word is whose: frames of a channel in every order that a broker may choose."""

from types import SimpleNamespace
from typing import Any

import pika
import pytest
from pika import spec
from pika.exceptions import ChannelClosedByBroker

from connectors.errors import Misconfigured, OutcomeUnknown, Retryable
from connectors.systems.amqp.call import Call, Message, NoAnswer
from connectors.systems.amqp.carrier import Carrier


class Wire:
    """Stands where pika's connection and channel stand: keeps what was asked of it."""

    def __init__(self) -> None:
        self.published: list[str] = []
        self.said: dict[str, Any] = {}

    def channel(self, *, on_open_callback: Any) -> None:
        on_open_callback(self)

    def add_on_close_callback(self, callback: Any) -> None:
        self.said["close"] = callback

    def add_on_return_callback(self, callback: Any) -> None:
        self.said["return"] = callback

    def basic_consume(self, _: str, callback: Any, *, auto_ack: bool) -> None:
        self.said["answer"] = callback

    def confirm_delivery(self, word: Any, *, callback: Any) -> None:
        self.said["word"] = word
        callback(None)

    def basic_publish(self, *message: Any, mandatory: bool) -> None:
        assert mandatory
        self.published.append(message[1])

    def ack(self, number: int) -> None:
        method = spec.Basic.Ack(delivery_tag=number)
        self.said["word"](SimpleNamespace(method=method))

    def nack(self, number: int) -> None:
        method = spec.Basic.Nack(delivery_tag=number)
        self.said["word"](SimpleNamespace(method=method))

    def answer(self, correlation_id: str, body: bytes) -> None:
        properties = pika.BasicProperties(correlation_id=correlation_id)
        self.said["answer"](self, None, properties, body)


class Lane:
    """A carrier, and how often it came back."""

    def __init__(self) -> None:
        self.wire = Wire()
        self.free = self.gone = 0
        self.carrier = Carrier(
            self.wire,
            free=self._on_free,
            gone=self._on_gone,
            hears_answers=True,
        )

    def _on_free(self, _: Carrier) -> None:
        self.free += 1

    def _on_gone(self, _: Carrier) -> None:
        self.gone += 1

    def carry(self, key: str, *, wants_answer: bool = True) -> Call:
        properties = pika.BasicProperties(correlation_id=key)
        call = Call(Message("pengaduan", key, properties, b"{}", wants_answer))
        self.carrier.carry(call)
        return call


@pytest.fixture
def lane() -> Lane:
    return Lane()


def test_an_answer_that_overtakes_the_confirm_leaves_none_to_the_next(
    lane: Lane,
) -> None:
    first = lane.carry("k-1")
    lane.wire.answer("k-1", b"nomor")
    assert first.wait(0) == b"nomor"

    second = lane.carry("k-2")
    lane.wire.ack(1)

    with pytest.raises(OutcomeUnknown):
        second.wait(0)


def test_a_nack_of_an_earlier_message_is_not_the_next_ones(lane: Lane) -> None:
    lane.carry("k-1")
    lane.wire.answer("k-1", b"nomor")
    second = lane.carry("k-2")
    lane.wire.nack(1)
    lane.wire.ack(2)
    lane.wire.answer("k-2", b"lain")

    assert second.wait(0) == b"lain"


def test_a_late_answer_to_another_message_is_dropped(lane: Lane) -> None:
    first = lane.carry("k-1")
    lane.wire.ack(1)
    with pytest.raises(NoAnswer):
        first.wait(0)
    lane.carrier.stop_listening(first)

    second = lane.carry("k-2")
    lane.wire.ack(2)
    lane.wire.answer("k-1", b"nomor")

    with pytest.raises(NoAnswer):
        second.wait(0)


def test_a_carrier_is_free_once_the_broker_gave_its_word(lane: Lane) -> None:
    assert lane.free == 1
    call = lane.carry("k-1", wants_answer=False)
    assert lane.free == 1

    lane.wire.ack(1)

    assert lane.free == 2
    assert call.wait(0) == b""


def test_a_message_that_was_given_up_before_its_turn_is_never_written(
    lane: Lane,
) -> None:
    properties = pika.BasicProperties(correlation_id="k-1")
    call = Call(Message("pengaduan", "laporan", properties, b"{}"))
    with pytest.raises(Retryable):
        call.wait(0)

    lane.carrier.carry(call)

    assert lane.wire.published == []
    assert lane.free == 2


def test_a_carrier_waits_for_the_word_on_what_was_given_up(lane: Lane) -> None:
    call = lane.carry("k-1")
    with pytest.raises(OutcomeUnknown):
        call.wait(0)
    lane.carrier.stop_listening(call)
    assert lane.carrier.is_stuck
    assert lane.free == 1

    lane.wire.ack(1)

    assert not lane.carrier.is_stuck
    assert lane.free == 2


@pytest.mark.parametrize(
    ("code", "kind"),
    [(404, Misconfigured), (403, Misconfigured), (541, OutcomeUnknown)],
)
def test_a_closed_channel_speaks_of_its_only_message(
    lane: Lane, code: int, kind: type[Exception]
) -> None:
    call = lane.carry("k-1")
    lane.wire.said["close"](lane.wire, ChannelClosedByBroker(code, "no"))

    with pytest.raises(kind):
        call.wait(0)
    assert lane.gone == 1
    assert not lane.carrier.is_open


def test_a_returned_message_is_not_delivered_whatever_the_ack_says(lane: Lane) -> None:
    call = lane.carry("k-1")
    lane.wire.said["return"](lane.wire, None, None, b"")
    lane.wire.ack(1)

    with pytest.raises(Misconfigured, match="no queue"):
        call.wait(0)
    assert lane.free == 2
