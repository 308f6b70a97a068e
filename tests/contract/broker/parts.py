"""What these tests are made of: two transports, an inbox, and counts."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Protocol
from uuid import uuid4

import pika
import pytest
from kombu import Connection, Producer
from pika.adapters.blocking_connection import BlockingChannel

from hub.broker import admin
from hub.broker.consumer import Batch, Crew, HintConsumer
from hub.broker.link import BrokerConfig, Link
from hub.broker.publisher import Publisher
from hub.broker.topology import Topology
from hub.telemetry import REGISTRY
from tests.services.fault_proxy import FaultProxy
from tests.services.waiting import wait_until

SECONDS_MAX = 60.0
"""Nothing here takes so long, unless it never comes."""
QUIET_SECONDS = 0.5
"""Long enough for something to happen that should not."""
LANES = ("intake.web", "deliver.dinkes")
LANE, SECOND_LANE = LANES
HEARTBEAT_SECONDS = 2.0


def new_ids(count: int) -> list[str]:
    """Make ids of rows."""
    return [str(uuid4()) for _ in range(count)]


def seen(condition: Callable[[], bool], seconds: float = SECONDS_MAX) -> bool:
    """Say whether something came true in time."""
    return wait_until(condition, seconds)


# --- transports ---------------------------------------------------------------


class Transport(Protocol):
    """A broker, and how a test looks behind publisher and consumer."""

    config: BrokerConfig
    topology: Topology

    def put(
        self, lane: str, body: bytes, headers: Mapping[str, Any] | None = None
    ) -> None:
        """Put any body into a lane's queue."""

    def waiting(self, lane: str) -> int:
        """Count the messages of a lane that no consumer has taken."""

    def lose_connections(self) -> None:
        """Break the connections that there are."""


class MemoryTransport:
    """The transport of the embedded mode."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.config = BrokerConfig("memory://")
        self.topology = Topology(prefix=f"{uuid4().hex[:8]}.")
        self._losses = 0
        self._connection = Connection("memory://")
        self._drain = Link.drain
        transport = self

        def drain(link: Link, seconds: float) -> bool:
            return transport._drain_unless_lost(link, seconds)

        monkeypatch.setattr(Link, "drain", drain)

    def put(
        self, lane: str, body: bytes, headers: Mapping[str, Any] | None = None
    ) -> None:
        """Put any body into a lane's queue."""
        channel = self._connection.channel()
        self.topology.kombu_queue(lane, on_rabbitmq=False)(channel).declare()
        Producer(channel).publish(
            body,
            exchange=self.topology.work,
            routing_key=lane,
            content_type="application/json",
            content_encoding="utf-8",
            headers=dict(headers or {}),
        )
        channel.close()

    def waiting(self, lane: str) -> int:
        """Count the messages of a lane that no consumer has taken."""
        channel = self._connection.channel()
        queue = self.topology.kombu_queue(lane, on_rabbitmq=False)(channel)
        queue.declare()
        count: int = queue.queue_declare(passive=True).message_count
        channel.close()
        return count

    def lose_connections(self) -> None:
        """Break the connections that there are."""
        self._losses += 1

    def close(self) -> None:
        """Let go of everything."""
        self._connection.release()

    def _drain_unless_lost(self, link: Any, seconds: float) -> bool:
        if not hasattr(link, "made_after"):
            link.made_after = self._losses
        if link.made_after < self._losses:
            msg = "broken by the test"
            raise ConnectionResetError(msg)
        return self._drain(link, seconds)


class RabbitmqTransport:
    """A virtual host with our topology, and a proxy on the way to it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.proxy = FaultProxy.before(url)
        self.topology = Topology()
        self.config = BrokerConfig(
            self.proxy.instead_of(url), connect=5, heartbeat=HEARTBEAT_SECONDS
        )
        admin.apply(url, self.topology, LANES)

    def put(
        self, lane: str, body: bytes, headers: Mapping[str, Any] | None = None
    ) -> None:
        """Put any body into a lane's queue."""
        self.put_all(lane, [body], headers)

    def put_all(
        self,
        lane: str,
        bodies: Iterable[bytes],
        headers: Mapping[str, Any] | None = None,
    ) -> None:
        """Put bodies into a lane's queue; raises pika's NackError when it is full."""
        properties = pika.BasicProperties(
            delivery_mode=2,
            content_type="application/json",
            content_encoding="utf-8",
            headers=dict(headers or {}),
        )
        with self.channel() as channel:
            channel.confirm_delivery()
            for body in bodies:
                channel.basic_publish(
                    self.topology.work, lane, body, properties, mandatory=True
                )

    def waiting(self, lane: str) -> int:
        """Count the messages of a lane that no consumer has taken."""
        (found,) = admin.depths(self.url, self.topology, [lane])
        return found.hints

    def lose_connections(self) -> None:
        """Break the connections that there are."""
        self.proxy.reset_all()

    @contextmanager
    def channel(self) -> Iterator[BlockingChannel]:
        """Open a channel past the proxy."""
        with admin.connected(self.url) as connection:
            yield connection.channel()

    def patient(self, **changes: float) -> BrokerConfig:
        """Change how long connections wait."""
        return replace(self.config, **changes)  # type: ignore[arg-type]

    def close(self) -> None:
        """Let go of everything."""
        self.proxy.close()


# --- publishers and consumers ---------------------------------------------------


@contextmanager
def publishing(
    on: Transport, config: BrokerConfig | None = None
) -> Iterator[Publisher]:
    """Run a publisher that is connected."""
    publisher = Publisher(config or on.config, on.topology)
    publisher.start()
    try:
        assert seen(lambda: publisher.connected)
        yield publisher
    finally:
        publisher.stop()


@contextmanager
def consuming(
    on: Transport, *crews: Crew, config: BrokerConfig | None = None
) -> Iterator[HintConsumer]:
    """Run a consumer that is connected."""
    consumer = HintConsumer(config or on.config, on.topology, crews)
    consumer.start()
    try:
        assert seen(lambda: consumer.connected)
        yield consumer
    finally:
        consumer.stop()


class Inbox:
    """A handler that remembers what it is given, then does what a test wants."""

    def __init__(self, then: Callable[[Batch], None] = lambda batch: None) -> None:
        self.batches: list[Batch] = []
        self._then = then

    def __call__(self, batch: Batch) -> None:
        self.batches.append(batch)
        self._then(batch)

    @property
    def ids(self) -> list[str]:
        """Every id that came, as often as it came."""
        return [one for batch in list(self.batches) for one in batch.ids]

    def has(self, ids: Sequence[str], seconds: float = SECONDS_MAX) -> bool:
        """Say whether all ids came in time."""
        return seen(lambda: set(ids) <= set(self.ids), seconds)


def crew(handler: Callable[[Batch], None], *lanes: str, name: str = "crew") -> Crew:
    """Make a crew of some lanes, or of the first."""
    return Crew(name, lanes or (LANE,), handler)


class Gate:
    """A handler's step that waits until the test lets it go on."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._open = threading.Event()

    def __call__(self, batch: Batch | None = None) -> None:
        self.reached.set()
        self._open.wait(SECONDS_MAX)

    def open(self) -> None:
        """Let everybody go on."""
        self._open.set()


# --- figures --------------------------------------------------------------------


class Counts:
    """Our metrics since the test began."""

    def __init__(self) -> None:
        self._before = self._now()

    def __call__(self, name: str, **labels: str) -> float:
        """Return by how much a counter has grown."""
        key = (f"simpul_{name}_total", tuple(sorted(labels.items())))
        return self._now().get(key, 0.0) - self._before.get(key, 0.0)

    @property
    def reconnects(self) -> float:
        """Connections lost, of both kinds."""
        links = ("publisher", "consumer")
        return sum(self("broker_reconnects", link=link) for link in links)

    @property
    def dropped(self) -> float:
        """Rows in hints that were dropped, for whatever reason."""
        now, before = self._now(), self._before
        return sum(
            value - before.get(key, 0.0)
            for key, value in now.items()
            if key[0] == "simpul_hints_dropped_total"
        )

    @staticmethod
    def _now() -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for metric in REGISTRY.collect()
            for sample in metric.samples
        }


def gauge(name: str) -> float:
    """Read a gauge."""
    return REGISTRY.get_sample_value(f"simpul_{name}") or 0.0


def living(*names: str) -> list[threading.Thread]:
    """Find the threads of these names that run."""
    return [one for one in threading.enumerate() if one.name in names]


def passed_seconds(since: float) -> float:
    """Seconds since an earlier `time.monotonic()`."""
    return time.monotonic() - since
