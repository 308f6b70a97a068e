"""Consuming hints: one thread owns one consuming connection."""

import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from kombu import Connection, Consumer

from hub import telemetry
from hub.broker.codec import decode
from hub.broker.topology import Topology

PREFETCH = 20
"""Hint lists taken ahead."""
RECONNECT_SECONDS = 1.0

Handler = Callable[[str, Sequence[str], str], None]
"""Takes (lane, ids, by); returns when the ids are leased, settled or remembered."""


class HintConsumer:
    """Takes hints of some lanes and hands them to one handler, a lane at a time."""

    def __init__(
        self,
        url: str,
        topology: Topology,
        lanes: Sequence[str],
        handler: Handler,
        *,
        name: str,
        ids_max: int = 200,
        polling_seconds: float = 0.01,
    ) -> None:
        self._url = url
        self._topology = topology
        self._lanes = list(lanes)
        self._handler = handler
        self._ids_max = ids_max
        self._polling = polling_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to consume."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what was taken, then stop."""
        self._stop.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._consume_until_error()
            except (OSError, ConnectionError) as error:
                telemetry.log.warning("broker_lost", error=error)
                self._stop.wait(RECONNECT_SECONDS)

    def _consume_until_error(self) -> None:
        options = {"polling_interval": self._polling}
        with Connection(self._url, transport_options=options) as connection:
            channel = connection.channel()
            taken: list[Any] = []
            consumer = Consumer(
                channel,
                queues=[self._topology.queue(lane) for lane in self._lanes],
                on_message=taken.append,
                prefetch_count=PREFETCH,
            )
            with consumer:
                while not self._stop.is_set():
                    self._drain(connection, taken)
                    self._hand_over(taken)

    def _drain(self, connection: Connection, taken: list[Any]) -> None:
        """Take what is there; wait only for the first."""
        with suppress(socket.timeout):
            connection.drain_events(timeout=0.2)
        while taken and len(taken) < PREFETCH:
            try:
                connection.drain_events(timeout=self._polling)
            except TimeoutError:
                break

    def _hand_over(self, taken: list[Any]) -> None:
        batches: dict[tuple[str, str], list[str]] = {}
        for message in taken:
            lane = message.delivery_info.get("routing_key", "")
            by = (message.headers or {}).get("by", "hint")
            try:
                batches.setdefault((lane, by), []).extend(decode(message.body))
            except ValueError as error:
                telemetry.log.error("hint_unreadable", lane=lane, error=error)
        for (lane, by), ids in batches.items():
            for start in range(0, len(ids), self._ids_max):
                self._handle(lane, ids[start : start + self._ids_max], by)
        for message in taken:
            message.ack()
        taken.clear()

    def _handle(self, lane: str, ids: Sequence[str], by: str) -> None:
        try:
            self._handler(lane, ids, by)
        except Exception as error:  # noqa: BLE001 - a lost hint costs a sweep, a lost thread the lane
            telemetry.log.error("hint_failed", lane=lane, error=error, rows=len(ids))
