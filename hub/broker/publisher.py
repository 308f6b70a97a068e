"""Publishing hints: never blocks a stage; what does not fit is dropped and counted."""

import queue
import threading
import time
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from kombu import Producer

from hub import telemetry
from hub.broker.codec import CONTENT_TYPE, chunks, encode
from hub.broker.ledger import Hint, Ledger
from hub.broker.link import BrokerConfig, Link, Reconnect
from hub.broker.topology import Topology

QUEUE_MAX = 2_000
"""Hints waiting to be published; beyond it the sweep finds the rows."""
WINDOW = 500
"""Hints under way without a confirm."""
TAKEN_MAX = 400
"""Waiting hints that are merged and sent in one go."""
STOP_SECONDS = 3.0
NOT_FOUND = 404
IDLE_SECONDS, BUSY_SECONDS = 0.2, 0.02


class DoubtfulChannelError(ConnectionError):
    """A confirm is missing for too long: the channel is thrown away, not trusted."""


class Wire(Protocol):
    """What the publishing loop does with an open connection."""

    @property
    def under_way(self) -> int:
        """Hints sent and not yet confirmed."""

    def send(self, hint: Hint) -> None:
        """Send one hint."""

    def check(self) -> None:
        """Raise DoubtfulChannelError when a confirm is missing for too long."""

    def unblocked(self) -> None:
        """The broker listens again: confirms are waited for from now on."""

    def unconfirmed(self) -> Sequence[Hint]:
        """Hints of which nobody knows whether the broker has them."""


class MemoryWire:
    """The memory transport: a hint is there as soon as it is sent."""

    under_way = 0

    def __init__(self, link: Link, topology: Topology) -> None:
        self._topology = topology
        self._producer = Producer(link.channel(), auto_declare=False)
        self._declared: set[str] = set()

    def send(self, hint: Hint) -> None:
        """Send one hint; its queue is made on first use."""
        if hint.lane not in self._declared:
            queue_ = self._topology.kombu_queue(hint.lane, on_rabbitmq=False)
            queue_(self._producer.channel).declare()
            self._declared.add(hint.lane)
        _send(self._producer, self._topology.work, hint, "", mandatory=False)

    def check(self) -> None:
        """Nothing can be missing."""

    def unblocked(self) -> None:
        """It is never blocked."""

    def unconfirmed(self) -> Sequence[Hint]:
        """Nothing is under way."""
        return ()


class ConfirmingWire:
    """A channel in confirm mode with our own bookkeeping.

    py-amqp's own confirms wait for any ack, not for that of the message
    (`confirm_publish`), and take a nack for a lost connection (`retry`): neither is
    used.
    """

    def __init__(self, link: Link, topology: Topology) -> None:
        self._topology = topology
        self._confirm_seconds = link.config.confirm
        self._ledger = Ledger()
        channel = link.channel()
        channel.confirm_select()
        channel.events["basic_ack"].add(self._on_ack)
        channel.events["basic_nack"].add(self._on_nack)
        channel.events["basic_return"].add(self._on_return)
        self._producer = Producer(channel, auto_declare=False)

    @property
    def under_way(self) -> int:
        """Hints sent and not yet confirmed."""
        return len(self._ledger)

    def send(self, hint: Hint) -> None:
        """Send one hint; its confirm is taken when the link is drained."""
        tag = self._ledger.sent(hint, time.monotonic())
        _send(self._producer, self._topology.work, hint, str(tag), mandatory=True)
        telemetry.point("publisher.sent")

    def check(self) -> None:
        """Raise DoubtfulChannelError when a confirm is missing for too long."""
        if self._ledger.oldest_age(time.monotonic()) > self._confirm_seconds:
            msg = f"no confirm within {self._confirm_seconds:g} s"
            raise DoubtfulChannelError(msg)

    def unblocked(self) -> None:
        """The broker listens again: confirms are waited for from now on."""
        self._ledger.restart_clock(time.monotonic())

    def unconfirmed(self) -> Sequence[Hint]:
        """Hints of which nobody knows whether the broker has them."""
        return self._ledger.unconfirmed()

    def _on_ack(self, tag: int, multiple: bool) -> None:  # noqa: FBT001 - py-amqp calls so
        telemetry.hints_published.inc(
            _rows(self._ledger.confirmed(tag, multiple=multiple))
        )
        telemetry.point("publisher.confirmed")

    def _on_nack(self, tag: int, multiple: bool) -> None:  # noqa: FBT001 - py-amqp calls so
        refused = self._ledger.confirmed(tag, multiple=multiple)
        _drop(refused, "nacked")

    def _on_return(self, error: Any, exchange: str, lane: str, message: Any) -> None:
        del error, exchange
        hint = self._ledger.returned(int(message.properties["message_id"]))
        if hint is not None:
            telemetry.log.error(
                "hint_unroutable", lane=lane, mend="simpul topology apply"
            )
            _drop([hint], "returned")


class Publisher:
    """One thread that owns one publishing connection. Implements `hub.ports.Hints`.

    Hints whose confirm is not known when the connection is lost are sent again on
    the next one: a hint that comes twice is harmless.
    """

    def __init__(self, config: BrokerConfig, topology: Topology) -> None:
        self._config = config
        self._topology = topology
        self._queue: queue.Queue[Hint] = queue.Queue(QUEUE_MAX)
        self._again: list[Hint] = []
        self._stop = threading.Event()
        self._stop_at = float("inf")
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        self.connected = False

    def start(self) -> None:
        """Begin to publish."""
        self._thread.start()

    def stop(self) -> None:
        """Publish what waits and take its confirms, a few seconds long, and stop."""
        self._stop_at = time.monotonic() + STOP_SECONDS
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=STOP_SECONDS + 2 * self._config.connect)

    def publish(self, lane: str, ids: Sequence[str], by: str = "hint") -> None:
        """Queue hints without blocking; what does not fit is dropped and counted."""
        for chunk in chunks(ids):
            try:
                self._queue.put_nowait(Hint(lane, tuple(chunk), by))
            except queue.Full:
                telemetry.hints_dropped.labels(reason="full").inc(len(chunk))

    def _run(self) -> None:
        reconnect = Reconnect("publisher", self._stop.wait)
        while not self._stop.is_set():
            wire: Wire | None = None
            try:
                link = Link(self._config, "simpul publisher")
                try:
                    wire = self._wire(link)
                    reconnect.came_up()
                    self._serve(link, wire)
                finally:
                    self.connected = False
                    link.close()
            except Exception as error:  # noqa: BLE001 - py-amqp raises KeyErrors and more for frames it cannot read; a dead thread would publish nothing ever again
                self._lost(wire)
                if getattr(error, "reply_code", 0) == NOT_FOUND:
                    telemetry.log.error(
                        "exchange_missing", mend="simpul topology apply"
                    )
                if reconnect.pause(error):
                    return

    def _wire(self, link: Link) -> Wire:
        if self._config.on_rabbitmq:
            return ConfirmingWire(link, self._topology)
        return MemoryWire(link, self._topology)

    def _lost(self, wire: Wire | None) -> None:
        telemetry.broker_blocked.set(1)
        if wire is not None:
            self._again = [*wire.unconfirmed(), *self._again]

    def _serve(self, link: Link, wire: Wire) -> None:
        """Send and take confirms until it is time to stop, or the broker is lost."""
        self.connected = True
        while not self._done(wire):
            telemetry.broker_blocked.set(1 if link.blocked else 0)
            if link.blocked:
                link.drain(IDLE_SECONDS)
                wire.unblocked()  # confirms stop while the alarm lasts: no doubt
                continue
            if wire.under_way < WINDOW:
                self._send_waiting(wire)
            if self._config.on_rabbitmq:
                while link.drain(BUSY_SECONDS if wire.under_way >= WINDOW else 0):
                    pass
            wire.check()

    def _done(self, wire: Wire) -> bool:
        if not self._stop.is_set():
            return False
        idle = self._queue.empty() and not self._again and not wire.under_way
        return idle or time.monotonic() > self._stop_at

    def _send_waiting(self, wire: Wire) -> None:
        """Send what is left of before, else what waits: so `_again` stays small."""
        if not self._again:
            wait = BUSY_SECONDS if wire.under_way else IDLE_SECONDS
            self._again = merge(self._take(wait))
        while self._again:
            wire.send(self._again[0])
            self._again.pop(0)

    def _take(self, seconds: float) -> list[Hint]:
        """Take what waits; wait only for the first."""
        try:
            found = [self._queue.get(timeout=seconds)]
        except queue.Empty:
            return []
        while len(found) < TAKEN_MAX:
            try:
                found.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return found


def merge(hints: Iterable[Hint]) -> list[Hint]:
    """Join hints of one lane: small batches of many callers become full lists.

    Lanes keep the order of their first hint, ids the order of their coming; an id
    that comes twice goes once.
    """
    lanes: dict[tuple[str, str], dict[str, None]] = {}
    for hint in hints:
        lanes.setdefault((hint.lane, hint.by), {}).update(dict.fromkeys(hint.ids))
    return [
        Hint(lane, tuple(chunk), by)
        for (lane, by), ids in lanes.items()
        for chunk in chunks(tuple(ids))
    ]


def _send(
    producer: Any, exchange: str, hint: Hint, message_id: str, *, mandatory: bool
) -> None:
    producer.publish(
        encode(hint.ids),
        exchange=exchange,
        routing_key=hint.lane,
        mandatory=mandatory,
        content_type=CONTENT_TYPE,
        content_encoding="utf-8",
        delivery_mode=2,
        headers={"by": hint.by},
        message_id=message_id,
        retry=False,
    )


def _drop(hints: Sequence[Hint], reason: str) -> None:
    telemetry.hints_dropped.labels(reason=reason).inc(_rows(hints))


def _rows(hints: Sequence[Hint]) -> int:
    return sum(len(hint.ids) for hint in hints)
