"""The job as a Dramatiq actor, published with confirms.

`dramatiq tests.bench.peers.dramatiq_app -p 2 -t 16 -Q complaints`
"""

from typing import Any

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker

from tests.bench.peers.job import (
    NEXT,
    TAKEN,
    Complaint,
    Rows,
    broker_url,
    configured_routing,
)
from tests.bench.peers.sync_store import store


class QuorumBroker(RabbitmqBroker):
    """Declares its queues as quorum queues, like everybody here."""

    def _build_queue_arguments(self, queue_name: str) -> dict[str, Any]:
        found: dict[str, Any] = super()._build_queue_arguments(queue_name)
        return {**found, "x-queue-type": "quorum"}


broker = QuorumBroker(url=broker_url(), confirm_delivery=True)
dramatiq.set_broker(broker)
routing = configured_routing()


@dramatiq.actor(queue_name=TAKEN)
def take(message: dict[str, Any]) -> None:
    """Do the job on one message."""
    complaint = Complaint.model_validate(message)
    rows = Rows(complaint, routing)
    store(rows)
    deliver.send(rows.next().model_dump(mode="json"))


@dramatiq.actor(queue_name=NEXT)
def deliver(message: dict[str, Any]) -> None:
    """Stand for the next stage, which nobody runs here."""
