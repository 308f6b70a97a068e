"""A channel that carries one message at a time.

So whatever the broker says of the channel, it says of that message.
"""

from collections.abc import Callable
from typing import Any

from pika import spec
from pika.adapters.select_connection import SelectConnection
from pika.channel import Channel
from pika.exceptions import ChannelClosedByBroker

from connectors.systems.amqp.call import Call
from connectors.systems.amqp.outcome import (
    channel_closed,
    refused_by_queue,
    unroutable,
)

ANSWERS = "amq.rabbitmq.reply-to"
"""RabbitMQ's direct reply-to: answers without a queue and without rights."""


class Carrier:
    """Opens at once; lives in the line's thread alone."""

    def __init__(
        self,
        connection: SelectConnection,
        *,
        free: Callable[["Carrier"], None],
        gone: Callable[["Carrier"], None],
        hears_answers: bool,
    ) -> None:
        self._free = free
        self._gone = gone
        self._hears_answers = hears_answers
        self._call: Call | None = None
        self._returned = False
        self._number = 0
        """Of the message on this channel: the broker's words name it."""
        self._channel: Channel | None = None
        connection.channel(on_open_callback=self._on_open)

    @property
    def is_open(self) -> bool:
        """Tell whether it has carried or could carry a message."""
        return self._channel is not None

    @property
    def is_stuck(self) -> bool:
        """Tell whether the broker owes a word on a message that was given up."""
        call = self._call
        return call is not None and call.is_over and not call.is_confirmed

    def carry(self, call: Call) -> None:
        """Publish a message, unless nobody waits for it any more."""
        channel = self._channel
        if channel is None or not call.begin():
            self._free(self)
            return
        self._call, self._returned = call, False
        self._number += 1
        message = call.message
        channel.basic_publish(
            message.exchange,
            message.routing_key,
            message.body,
            message.properties,
            mandatory=True,
        )

    def stop_listening(self, call: Call) -> None:
        """Wait no more for the answer to this call, whose confirm was here."""
        if self._call is call and call.is_confirmed:
            self._call = None
            self._free(self)

    def _on_open(self, channel: Channel) -> None:
        self._channel = channel
        channel.add_on_close_callback(self._on_close)
        channel.add_on_return_callback(self._on_return)
        if self._hears_answers:
            channel.basic_consume(ANSWERS, self._on_answer, auto_ack=True)
        channel.confirm_delivery(self._on_word, callback=lambda _: self._free(self))

    def _on_return(self, *_: Any) -> None:
        self._returned = True

    def _on_word(self, frame: Any) -> None:
        call = self._call
        if call is None or frame.method.delivery_tag != self._number:
            return  # a word on a message whose answer was here before it
        if isinstance(frame.method, spec.Basic.Nack):
            call.fail(refused_by_queue(call.message))
        elif self._returned:
            call.fail(unroutable(call.message))
        else:
            call.confirm()
            if call.message.wants_answer and not call.is_over:
                return
        self._call = None
        self._free(self)

    def _on_answer(
        self,
        _: Channel,
        __: spec.Basic.Deliver,
        properties: spec.BasicProperties,
        body: bytes,
    ) -> None:
        call = self._call
        if call is None:
            return
        if properties.correlation_id != call.message.properties.correlation_id:
            return  # it answers an earlier message, for which nobody waits
        # It may overtake the broker's own word, and proves as much.
        call.answer(body)
        self._call = None
        self._free(self)

    def _on_close(self, _: Channel, error: BaseException) -> None:
        call, self._call, self._channel = self._call, None, None
        # Else the line itself is lost, and whoever owns the line ends the call.
        if call is not None and isinstance(error, ChannelClosedByBroker):
            call.fail(channel_closed(error, call.message))
        self._gone(self)
