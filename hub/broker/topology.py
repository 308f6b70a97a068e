"""Exchanges and queues as data. A lane is a queue of hints.

Hints may be lost without harm (the sweep finds their rows), so a queue that differs
from this table is deleted and made anew; what must hold is therefore an argument of
the queue itself, and needs no policy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kombu import Exchange, Queue

WORK = "simpul.work"
"""Direct exchange; the routing key is the lane."""
NET = "simpul.net"
"""Dead-letter exchange and queue: hints that killed their worker again and again."""
INTAKE, UPDATES, DELIVER = "intake", "updates", "deliver"
POLL = "poll"
"""The one lane of all that is asked: each source has a thread of its own."""

DELIVERY_LIMIT = 50
"""A closed channel charges every hint it had taken: restarts must not add up to it."""
NEVER = 1_000_000
"""Without a limit of its own a queue has one of 20 since RabbitMQ 4.0, then drops."""
LENGTH_MAX = 20_000
"""Hints in one queue, a million rows; beyond it the broker refuses, the sweep finds."""

LANE_ARGUMENTS: Mapping[str, Any] = {
    "x-queue-type": "quorum",
    "x-delivery-limit": DELIVERY_LIMIT,
    "x-dead-letter-exchange": NET,
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",
    "x-max-length": LENGTH_MAX,
}
"""At-least-once dead-lettering needs all of them: with `drop-head` RabbitMQ falls
back to at-most-once without a word."""
NET_ARGUMENTS: Mapping[str, Any] = {
    "x-queue-type": "quorum",
    "x-delivery-limit": NEVER,
    "x-overflow": "reject-publish",
    "x-max-length": LENGTH_MAX,
}


@dataclass(frozen=True, slots=True)
class ExchangeSpec:
    """One exchange as it must be."""

    name: str
    kind: str
    durable: bool = True


@dataclass(frozen=True, slots=True)
class QueueSpec:
    """One queue as it must be, with its binding."""

    name: str
    exchange: str
    routing_key: str
    durable: bool = True
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Topology:
    """Names of one hub's queues; `prefix` keeps hubs of one process apart."""

    prefix: str = ""

    @property
    def work(self) -> str:
        """The exchange that hints go to."""
        return f"{self.prefix}{WORK}"

    @property
    def net(self) -> str:
        """The exchange and the queue of hints that were given up."""
        return f"{self.prefix}{NET}"

    def queue_name(self, lane: str) -> str:
        """Name the queue of a lane."""
        return f"{self.prefix}{lane}"

    def exchanges(self) -> Sequence[ExchangeSpec]:
        """Every exchange."""
        return (ExchangeSpec(self.work, "direct"), ExchangeSpec(self.net, "fanout"))

    def queues(self, lanes: Sequence[str]) -> Sequence[QueueSpec]:
        """Every queue, the safety net first: nothing may be dead-lettered into air."""
        arguments = {**LANE_ARGUMENTS, "x-dead-letter-exchange": self.net}
        net = QueueSpec(self.net, self.net, "", arguments=dict(NET_ARGUMENTS))
        found = [
            QueueSpec(self.queue_name(lane), self.work, lane, arguments=arguments)
            for lane in lanes
        ]
        return (net, *found)

    def kombu_queue(self, lane: str, *, on_rabbitmq: bool) -> Queue:
        """Give a lane's queue to consume from.

        The memory transport makes it; on RabbitMQ it is looked up, never made here.
        """
        if on_rabbitmq:
            return Queue(self.queue_name(lane), no_declare=True)
        exchange = Exchange(self.work, type="direct", durable=True)
        return Queue(self.queue_name(lane), exchange=exchange, routing_key=lane)


def stage_of(lane: str) -> str:
    """Name the stage that works a lane: the part before the first dot."""
    return lane.partition(".")[0]
