"""A simulated utility whose own system is a message broker: no door, only queues."""

import json
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError

from hub.simulator.agency import REOPENING_EVENTS, summary
from hub.simulator.cases import Case, CaseBook, StatusChange, UnknownCase, utc_now
from hub.simulator.faults import Fault, FaultPlan
from hub.simulator.outbox import OutboxCounts
from hub.simulator.profiles import PLN, AgencyProfile
from hub.simulator.running import Running, screen
from hub.simulator.timers import Timers
from hub.simulator.updates import CORRUPT, UNMAPPED_WORD, Updates
from hub.simulator.work import Work

EXCHANGE, INBOX, NEWS = "pengaduan", "pengaduan.masuk", "pengaduan.kabar"
HAND_OVERS, EVENTS = "laporan", "peristiwa"
ROUND_SECONDS = 0.05
RECONNECT_SECONDS = 0.5
PERSISTENT = 2
CATCH_UP_SECONDS = 10.0


@dataclass(frozen=True)
class Received:
    """One message that its program took from the queue."""

    message_id: str
    routing_key: str
    kind: str
    body: Mapping[str, Any] = field(repr=False)


class _News(Updates):
    """Puts every item into the queue of updates, as a message of its own."""

    def __init__(
        self,
        profile: AgencyProfile,
        timers: Timers,
        put: Callable[[dict[str, Any]], None],
        *,
        step_seconds_max: float,
    ) -> None:
        self._put = put
        # What is told over HTTP has an outbox and a signature; this has neither.
        super().__init__(
            profile,
            "",
            None,  # type: ignore[arg-type]
            timers,
            step_seconds_max=step_seconds_max,
        )

    def push(self, items: list[dict[str, Any]]) -> None:
        """Tell of each item."""
        for item in items:
            self._put(item)


class BrokerAgency(Running):
    """Declares its exchange and queues, files what comes, and tells of its work.

    It knows a case by our public number. What it does with its n-th case depends on
    the seed and n alone. Of the faults it plays `down` (its program does not run, its
    broker does) and those of updates.
    """

    def __init__(
        self,
        url: str,
        *,
        seed: int,
        work_seconds: tuple[float, float] | None,
        profile: AgencyProfile = PLN,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """Describe it: `url` is its virtual host; the rest is as elsewhere."""
        self.profile = profile
        self.url = url
        self.faults = FaultPlan(seed=seed)
        self.requests: list[Received] = []
        """Every message that its program took, also those that came again."""
        self._book = CaseBook(profile, now)
        self._timers = Timers(profile.name)
        self._work = Work(
            profile, self._timers, self.move, seed=seed, seconds=work_seconds
        )
        self._outbox: deque[tuple[str, dict[str, Any]]] = deque()
        self._delivered = self._attempts = 0
        self._news_number = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._caught_up = threading.Event()
        self._thread: threading.Thread | None = None
        self._updates = _News(
            profile,
            self._timers,
            self._tell,
            step_seconds_max=max(work_seconds or (0,)),
        )

    @property
    def cases(self) -> list[Case]:
        """Every case as it stands now, oldest first."""
        return self._book.cases

    @property
    def told(self) -> OutboxCounts:
        """How far its broker has what it tells."""
        waiting = len(self._outbox)
        return OutboxCounts(self._delivered, waiting, 0, self._attempts)

    @property
    def at_rest(self) -> bool:
        """Tell whether all work is done and its broker has every update."""
        return self._timers.at_rest and not self._outbox

    def environment(self) -> dict[str, str]:
        """Return the variables by which its agency.toml finds it."""
        return {f"SIMPUL_{self.profile.short}_URL": self.url}

    def start(self) -> None:
        """Begin to consume and to work; raises AMQPError where there is no broker."""
        connection = pika.BlockingConnection(pika.URLParameters(self.url))
        _declare(connection.channel())
        connection.close()
        self._stopping.clear()
        self._timers.start()
        name = f"simulator:{self.profile.name}:broker"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop its program at once; what is not done waits for the next start."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._timers.stop()

    def move(self, nomor: str, word: str, note: str = "") -> StatusChange:
        """Give a case its next status and tell of it.

        `nomor` is its own number, or our public one. Raises UnknownCase.
        """
        if (known := self._by_public_number(nomor)) is not None:
            nomor = known.nomor
        fault = self.faults.for_update()
        if fault is Fault.UNMAPPED_STATUS:
            odd = self._book.move(nomor, UNMAPPED_WORD)
            self._updates.tell(nomor, odd, Fault.NONE)
        change = self._book.move(nomor, word, note)
        self._updates.tell(nomor, change, fault)
        return change

    def catch_up(self) -> bool:
        """Wait until its program took what is in its queue now; tell whether it did."""
        self._caught_up.clear()
        connection = pika.BlockingConnection(pika.URLParameters(self.url))
        try:
            connection.channel().basic_publish("", INBOX, b"{}")
        finally:
            connection.close()
        return self._caught_up.wait(CATCH_UP_SECONDS)

    def snapshot(self) -> dict[str, Any]:
        """Return what a person would see on its screen, ready for JSON."""
        return screen(
            self.profile,
            self.requests,
            [summary(case) for case in self.cases],
            faults=self.faults,
            told=self.told,
        )

    # --- its program, in a thread of its own ----------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set():
            if self.faults.down:
                self._stopping.wait(ROUND_SECONDS)
                continue
            try:
                self._visit()
            except (AMQPError, OSError):
                self._stopping.wait(RECONNECT_SECONDS)

    def _visit(self) -> None:
        connection = pika.BlockingConnection(pika.URLParameters(self.url))
        try:
            channel = connection.channel()
            _declare(channel)
            channel.confirm_delivery()
            channel.basic_consume(INBOX, self._on_message)
            while not (self._stopping.is_set() or self.faults.down):
                connection.process_data_events(time_limit=ROUND_SECONDS)
                self._post(channel)
        finally:
            if connection.is_open:
                connection.close()

    def _post(self, channel: BlockingChannel) -> None:
        while self._outbox:
            message_id, item = self._outbox[0]
            said = pika.BasicProperties(
                message_id=message_id,
                content_type="application/json",
                delivery_mode=PERSISTENT,
            )
            self._attempts += 1
            channel.basic_publish("", NEWS, _json(item), said, mandatory=True)
            self._delivered += 1
            self._outbox.popleft()

    def _on_message(
        self,
        channel: BlockingChannel,
        delivery: Any,
        properties: pika.BasicProperties,
        content: bytes,
    ) -> None:
        if delivery.routing_key == INBOX:  # its own mark at the end of the queue
            channel.basic_ack(delivery.delivery_tag)
            self._caught_up.set()
            return
        body, key = json.loads(content), properties.message_id
        received = Received(key, delivery.routing_key, properties.type, body)
        self.requests.append(received)
        answer = self._file(received)
        if properties.reply_to:
            said = pika.BasicProperties(correlation_id=properties.correlation_id)
            channel.basic_publish("", properties.reply_to, _json(answer), said)
        channel.basic_ack(delivery.delivery_tag)

    def _file(self, received: Received) -> dict[str, Any]:
        if received.routing_key == HAND_OVERS:
            case, new = self._book.open(received.message_id, received.body)
            if new:
                self._work.begin(case)
            return {"reference": case.nomor}
        case_of = self._by_public_number(str(received.body["reference"]))
        event = {**received.body["event"], "jenis": received.body["event"]["type"]}
        event["id"] = event["event_id"]
        if case_of is not None:
            added = self._book.add_events(case_of.nomor, received.message_id, [event])
            self._listen(case_of.nomor, added)
        return {}

    def _by_public_number(self, number: str) -> Case | None:
        found = (c for c in self._book.cases if c.body["reference"] == number)
        return next(found, None)

    # --- its work -------------------------------------------------------------------

    def _listen(self, nomor: str, events: Sequence[Mapping[str, Any]]) -> None:
        if any(event["jenis"] in REOPENING_EVENTS for event in events):
            self._work.again(nomor)

    def _tell(self, item: dict[str, Any]) -> None:
        """Put an item into its outbox, with the number by which the hub knows it."""
        if item is not CORRUPT:
            item = {**item, "nomor_publik": self._public_number(item["nomor"])}
        with self._lock:
            self._news_number += 1
            message_id = f"kabar-{self.profile.short}-{self._news_number}"
            self._outbox.append((message_id, item))

    def _public_number(self, nomor: str) -> str:
        for case in self._book.cases:
            if case.nomor == nomor:
                return str(case.body["reference"])
        raise UnknownCase(nomor)


def _declare(channel: BlockingChannel) -> None:
    """Make what its people make once: idempotent."""
    kind = {"x-queue-type": "quorum"}
    channel.exchange_declare(EXCHANGE, "direct", durable=True)
    channel.queue_declare(INBOX, durable=True, arguments=kind)
    channel.queue_declare(NEWS, durable=True, arguments=kind)
    for key in (HAND_OVERS, EVENTS):
        channel.queue_bind(INBOX, EXCHANGE, key)


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
