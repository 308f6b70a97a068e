"""Consuming hints: one thread owns the process's one consuming connection.

It only takes, acknowledges and keeps the heartbeat. Each crew of lanes works in a
thread of its own, so a slow batch never silences the connection.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kombu import Consumer

from hub import telemetry
from hub.broker.codec import decode
from hub.broker.link import BrokerConfig, Link, Reconnect
from hub.broker.topology import Topology

PREFETCH = 20
"""Hint lists taken ahead, per crew."""
IDLE_SECONDS, BUSY_SECONDS = 0.2, 0.02
OUTAGE_SECONDS = 1.0
"""Between two tries of a batch while the database is away."""
MISSING_QUEUE = 404


class StuckConsumerError(ConnectionError):
    """Hints wait, and none comes: the connection is made anew."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Ids of one lane, out of one or more hints."""

    lane: str
    ids: Sequence[str]
    by: str = "hint"
    """What found them: hint, sweep or timer."""
    redelivered: bool = False
    """An earlier worker had it and did not acknowledge."""


Handler = Callable[[Batch], None]
"""Returns when the ids are leased, settled, not due, or remembered."""


@dataclass(frozen=True)
class Crew:
    """Lanes that are worked one batch after the other, and who works them."""

    name: str
    lanes: Sequence[str]
    handler: Handler
    ids_max: int = 500
    """Ids in one call of the handler."""


@dataclass
class _Bench:
    """Between the connection's thread and a crew's thread; `lock` guards all."""

    crew: Crew
    lock: threading.Condition = field(default_factory=threading.Condition)
    taken: list[Any] = field(default_factory=list)
    done: list[Any] = field(default_factory=list)
    generation: int = 0
    """Of the connection: what an earlier one delivered cannot be acknowledged here."""
    busy_since: float | None = None
    stopped: bool = False
    came_at: dict[str, float] = field(default_factory=dict)
    """When each lane's last hint came, or was acknowledged."""
    held: Counter[str] = field(default_factory=Counter)
    """Hints of each lane that are taken and not acknowledged."""

    def lane_of(self, message: Any) -> str:
        """Name the lane; dead letters keep the name of the one they come from."""
        lane: str = message.delivery_info.get("routing_key", "")
        return lane if lane in self.crew.lanes else self.crew.lanes[0]


class HintConsumer:
    """Takes hints of some lanes and hands them to their crews."""

    def __init__(
        self, config: BrokerConfig, topology: Topology, crews: Sequence[Crew]
    ) -> None:
        self._config = config
        self._topology = topology
        self._benches = [_Bench(crew) for crew in crews]
        self._stopping = threading.Event()
        """Batches end at the next chance; what is done is still acknowledged."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="consumer", daemon=True)
        self._workers = [
            threading.Thread(
                target=self._work, args=(bench,), name=bench.crew.name, daemon=True
            )
            for bench in self._benches
        ]
        self._changed = threading.Event()
        """Lanes were changed: the connection is made anew."""
        self.connected = False

    def take_on(self, lanes: Mapping[str, Sequence[str]]) -> None:
        """Work these lanes (crew -> lanes) from now on; idempotent.

        Their queues must be there. What is taken is still worked; what was not
        acknowledged comes again.
        """
        for bench in self._benches:
            wanted = lanes.get(bench.crew.name)
            if wanted is not None and list(wanted) != list(bench.crew.lanes):
                bench.crew = replace(bench.crew, lanes=tuple(wanted))
                self._changed.set()

    def start(self) -> None:
        """Begin to consume."""
        for thread in (*self._workers, self._thread):
            thread.start()

    def stop(self, seconds: float = 30) -> None:
        """Take no more, finish the batches that run, acknowledge them, and stop."""
        until = time.monotonic() + seconds
        for bench in self._benches:
            with bench.lock:
                bench.stopped = True
                bench.lock.notify_all()
        self._stopping.set()
        for worker in self._workers:
            if worker.ident is not None:
                worker.join(timeout=max(0.1, until - time.monotonic()))
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=max(1.0, until - time.monotonic()))

    def busy_seconds(self) -> float:
        """How long the longest running batch runs already; 0 when none does."""
        now = time.monotonic()
        return max(
            (now - b.busy_since for b in self._benches if b.busy_since is not None),
            default=0.0,
        )

    # the connection's thread

    def _run(self) -> None:
        reconnect = Reconnect("consumer", self._stop.wait)
        while not self._stop.is_set():
            try:
                link = Link(self._config, "simpul consumer")
                self._changed.clear()
                try:
                    channels = [self._listen(link, bench) for bench in self._benches]
                    self.connected = True
                    reconnect.came_up()
                    while not (self._stop.is_set() or self._changed.is_set()):
                        self._turn(link, channels)
                    self._turn(link, channels)
                finally:
                    self.connected = False
                    link.close()
            except Exception as error:  # noqa: BLE001 - as in the publisher: this thread must not end
                if isinstance(error, StuckConsumerError):
                    telemetry.consumer_stuck.inc()
                if getattr(error, "reply_code", 0) == MISSING_QUEUE:
                    telemetry.log.error("queue_missing", mend="simpul topology apply")
                if reconnect.pause(error):
                    return

    def _listen(self, link: Link, bench: _Bench) -> Any:
        """Consume a crew's lanes on a channel of their own."""
        channel = link.channel()
        with bench.lock:
            bench.generation += 1
            bench.taken.clear()
            bench.done.clear()
            bench.came_at = dict.fromkeys(bench.crew.lanes, time.monotonic())
            bench.held.clear()
        generation = bench.generation

        def take(message: Any) -> None:
            lane = bench.lane_of(message)
            bench.came_at[lane] = time.monotonic()
            bench.held[lane] += 1
            with bench.lock:
                bench.taken.append((generation, message))
                bench.lock.notify()
            telemetry.point("consumer.taken")

        on_rabbitmq = self._config.on_rabbitmq
        queues = [
            self._topology.kombu_queue(lane, on_rabbitmq=on_rabbitmq)
            for lane in bench.crew.lanes
        ]
        if on_rabbitmq:
            for queue in queues:
                queue(channel).queue_declare(passive=True)
        # Our own bytes are decoded by us: kombu's default acknowledges what it
        # cannot decode, and so loses it. What it cannot decompress would end this
        # thread: it comes as garbage, too.
        consumer = Consumer(
            channel,
            queues=queues,
            on_message=take,
            on_decode_error=lambda message, _: take(message),
            prefetch_count=PREFETCH,
            auto_declare=not on_rabbitmq,
        )
        consumer.consume()
        return channel

    def _turn(self, link: Link, channels: Sequence[Any]) -> None:
        busy = any(bench.taken or bench.busy_since for bench in self._benches)
        seconds = BUSY_SECONDS if busy else IDLE_SECONDS
        while link.drain(seconds):
            seconds = 0
            if all(len(bench.taken) >= PREFETCH for bench in self._benches):
                break
        for bench, channel in zip(self._benches, channels, strict=True):
            self._acknowledge(bench)
            self._watch(bench, channel)

    def _acknowledge(self, bench: _Bench) -> None:
        with bench.lock:
            done, bench.done = bench.done, []
            current = [m for generation, m in done if generation == bench.generation]
        if not current:
            return
        if self._config.on_rabbitmq:
            current[-1].ack(multiple=True)  # batches are done in their order
        else:
            for message in current:
                message.ack()
        for message in current:
            lane = bench.lane_of(message)
            bench.came_at[lane] = time.monotonic()
            bench.held[lane] -= 1
        telemetry.point("consumer.acknowledged")

    def _watch(self, bench: _Bench, channel: Any) -> None:
        """Raise StuckConsumerError when a lane's hints wait and none came for too long.

        A lane of which hints are held is no such lane: it may have no more.
        """
        if not self._config.on_rabbitmq:
            return
        now = time.monotonic()
        for lane, came_at in bench.came_at.items():
            if bench.held[lane] or now - came_at < self._config.watchdog:
                continue
            bench.came_at[lane] = now
            name = self._topology.queue_name(lane)
            waiting = channel.queue_declare(name, passive=True).message_count
            if waiting and not bench.held[lane]:
                msg = f"{waiting} hints wait in {name} and none comes"
                raise StuckConsumerError(msg)

    # a crew's thread

    def _work(self, bench: _Bench) -> None:
        while True:
            with bench.lock:
                while not bench.taken and not bench.stopped:
                    bench.lock.wait()
                if bench.stopped:
                    return
                taken, bench.taken = bench.taken, []
                bench.busy_since = time.monotonic()
            worked = False
            try:
                found = batches((m for _, m in taken), bench.crew.ids_max)
                worked = all(self._handle(bench.crew, batch) for batch in found)
                telemetry.point("consumer.handled")
            finally:
                with bench.lock:
                    if worked:
                        bench.done += taken
                    bench.busy_since = None

    def _handle(self, crew: Crew, batch: Batch) -> bool:
        """Work one batch; while the database is away, wait for it instead of looping.

        Nothing is acknowledged meanwhile, so the broker holds back the rest. False
        when it is time to stop first: then the batch is another worker's.
        """
        while not self._stopping.is_set():
            try:
                crew.handler(batch)
            except ConnectionError as error:
                telemetry.log.warning("database_lost", crew=crew.name, error=error)
                self._stopping.wait(OUTAGE_SECONDS)
            except Exception as error:  # noqa: BLE001 - a lost hint costs a sweep, a lost thread the lane
                rows = len(batch.ids)
                telemetry.log.error(
                    "hint_failed", lane=batch.lane, error=error, rows=rows
                )
                return True
            else:
                return True
        return False


def batches(messages: Iterable[Any], ids_max: int) -> list[Batch]:
    """Join the hints of one lane; an id that comes twice comes once. Skips garbage."""
    found: dict[tuple[str, str, bool], dict[str, None]] = {}
    for message in messages:
        lane = message.delivery_info.get("routing_key", "")
        by = str((message.headers or {}).get("by", "hint"))
        again = bool(message.delivery_info.get("redelivered"))
        try:
            ids = decode(message.body)
        except ValueError as error:
            telemetry.log.error("hint_unreadable", lane=lane, error=error)
            continue
        found.setdefault((lane, by, again), {}).update(dict.fromkeys(ids))
    return [
        Batch(lane, tuple(ids)[start : start + ids_max], by, again)
        for (lane, by, again), ids in found.items()
        for start in range(0, len(ids), ids_max)
    ]
