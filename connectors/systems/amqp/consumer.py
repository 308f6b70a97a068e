"""Consumes the agency's queue on one connection, until that ends.

A message is acknowledged once its row in the journal is committed, and not before.
"""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pika
from pika import spec
from pika.adapters.select_connection import SelectConnection
from pika.channel import Channel

from connectors.contract import Accept
from connectors.systems.amqp.incoming import raw_of
from connectors.systems.amqp.line import Line
from connectors.systems.amqp.outcome import ConsumerLost
from connectors.systems.amqp.settings import Updates
from schemas.raw import RawMessage

STORE_AGAIN_SECONDS = 1.0
HOLD_SECONDS = 300.0
"""While nothing can be stored a message is held for so long, then given back.

To give it back at once would use up the queue's delivery limit within seconds.
"""
GRACE_SECONDS = 10.0
"""How long what is being stored may take when we leave."""
STORES_AT_ONCE = 8
"""Threads that wait for a commit; the journal groups what waits together."""

_log = logging.getLogger(__name__)


class Consumer:
    """Begins at once; `stay` returns when the connection is over."""

    def __init__(
        self,
        agency: str,
        parameters: pika.ConnectionParameters,
        settings: Updates,
        accept: Accept,
        *,
        one_by_one: bool,
    ) -> None:
        """`one_by_one` stores messages in the order in which they come."""
        self._agency = agency
        self._settings = settings
        self._accept = accept
        self._leaving = threading.Event()
        self._stores = 1 if one_by_one else min(STORES_AT_ONCE, settings.prefetch)
        self._pool = ThreadPoolExecutor(self._stores, f"amqp-accept:{agency}")
        self._channel: Channel | None = None
        self._tag = ""
        self._taken: set[int] = set()
        self.came_in = False
        """Whether the broker let us consume."""
        self.why: BaseException | None = None
        """Why the connection is over."""
        self._line = Line(parameters, opened=self._opened, ended=self._ended)
        self._line.start()

    def stay(self) -> None:
        """Return when the connection is over and nothing is being stored."""
        self._line.join()
        self._pool.shutdown()

    def leave(self) -> None:
        """Take nothing more, acknowledge what is being stored, hang up; at once."""
        self._leaving.set()
        self._line.soon(self._leave)

    # --- in the thread of the line --------------------------------------------------

    def _opened(self, connection: SelectConnection) -> None:
        connection.channel(on_open_callback=self._on_channel)

    def _on_channel(self, channel: Channel) -> None:
        self._channel = channel
        channel.add_on_close_callback(lambda _, error: self._line.close(error))
        channel.add_on_cancel_callback(
            lambda _: self._line.close(ConsumerLost("its queue is gone"))
        )
        channel.basic_qos(prefetch_count=self._settings.prefetch)
        self._tag = channel.basic_consume(
            self._settings.queue, self._on_message, callback=self._on_consuming
        )

    def _on_consuming(self, _: Any) -> None:
        self.came_in = True

    def _on_message(
        self,
        channel: Channel,
        delivery: spec.Basic.Deliver,
        properties: spec.BasicProperties,
        body: bytes,
    ) -> None:
        tag = delivery.delivery_tag
        if len(body) > self._settings.body_bytes_max:
            _log.error(
                "%s: an update of %d bytes is rejected; its queue's dead-letter "
                "exchange has it, if there is one",
                self._agency,
                len(body),
            )
            channel.basic_reject(tag, requeue=False)
            return
        raw = raw_of(self._agency, delivery.routing_key, properties, body)
        self._taken.add(tag)
        self._pool.submit(self._store, tag, raw)

    def _settle(self, tag: int, *, stored: bool) -> None:
        self._taken.discard(tag)
        channel = self._channel
        if channel is not None and channel.is_open:
            if stored:
                channel.basic_ack(tag)
            else:
                channel.basic_nack(tag, requeue=True)
        if self._leaving.is_set() and not self._taken:
            self._line.close()

    def _leave(self) -> None:
        channel = self._channel
        if channel is None or not channel.is_open or not self._taken:
            self._line.close()
            return
        channel.basic_cancel(self._tag)
        channel.connection.ioloop.call_later(GRACE_SECONDS, self._line.close)

    def _ended(self, reason: BaseException) -> None:
        self.why = reason
        self._leaving.set()

    # --- in a thread of the pool ----------------------------------------------------

    def _store(self, tag: int, raw: RawMessage) -> None:
        stored = self._stored(raw)
        self._line.soon(partial(self._settle, tag, stored=stored))

    def _stored(self, raw: RawMessage) -> bool:
        """Store a message; False after a while without success, or when we leave."""
        until = time.monotonic() + HOLD_SECONDS
        while not self._leaving.is_set() and time.monotonic() < until:
            try:
                self._accept(raw)
            except ConnectionError:
                pass  # the database is away; its own watchers say so
            except Exception as error:  # noqa: BLE001 - the message must not be lost
                # Its text may hold what the message says; its kind does not.
                kind = type(error).__name__
                _log.error("%s: an update was not stored: %s", self._agency, kind)
            else:
                return True
            self._leaving.wait(STORE_AGAIN_SECONDS)
        return False
