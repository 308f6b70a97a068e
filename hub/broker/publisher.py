"""Publishing hints: never blocks a stage; what does not fit is dropped and counted."""

import queue
import threading
from collections.abc import Sequence
from contextlib import suppress

from kombu import Connection, Producer

from hub import telemetry
from hub.broker.codec import CONTENT_TYPE, chunks, encode
from hub.broker.topology import Topology

QUEUE_MAX = 2_000
"""Hints waiting to be published; beyond it the sweep finds the rows."""
RECONNECT_SECONDS = 1.0


class Publisher:
    """One thread that owns one publishing connection. Implements `hub.ports.Hints`."""

    def __init__(
        self, url: str, topology: Topology, *, polling_seconds: float = 0.01
    ) -> None:
        self._url = url
        self._topology = topology
        self._polling = polling_seconds
        self._queue: queue.Queue[tuple[str, Sequence[str], str]] = queue.Queue(
            QUEUE_MAX
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def start(self) -> None:
        """Begin to publish."""
        self._thread.start()

    def stop(self) -> None:
        """Publish what waits, at most for a second, and stop."""
        self._stop.set()
        self._thread.join(timeout=3)

    def publish(self, lane: str, ids: Sequence[str], by: str = "hint") -> None:
        """Queue hints without blocking; what does not fit is dropped and counted."""
        for chunk in chunks(ids):
            try:
                self._queue.put_nowait((lane, chunk, by))
            except queue.Full:
                telemetry.hints_dropped.inc(len(chunk))

    def _run(self) -> None:
        while not (self._stop.is_set() and self._queue.empty()):
            try:
                self._publish_until_error()
            except (OSError, ConnectionError) as error:
                telemetry.broker_blocked.set(1)
                telemetry.log.warning("broker_lost", error=error)
                if self._stop.wait(RECONNECT_SECONDS):
                    return

    def _publish_until_error(self) -> None:
        options = {"polling_interval": self._polling}
        with Connection(self._url, transport_options=options) as connection:
            producer = Producer(connection.channel(), auto_declare=False)
            declared: set[str] = set()
            telemetry.broker_blocked.set(0)
            while not (self._stop.is_set() and self._queue.empty()):
                with suppress(queue.Empty):
                    lane, ids, by = self._queue.get(timeout=0.2)
                    if lane not in declared:
                        self._topology.queue(lane)(producer.channel).declare()
                        declared.add(lane)
                    producer.publish(
                        encode(ids),
                        exchange=self._topology.exchange,
                        routing_key=lane,
                        content_type=CONTENT_TYPE,
                        content_encoding="utf-8",
                        delivery_mode=2,
                        headers={"by": by},
                    )
