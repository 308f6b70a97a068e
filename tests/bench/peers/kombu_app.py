"""The job as a plain loop over kombu, as its documentation begins.

`python -m tests.bench.peers.kombu_app`, as often as there are to be workers
"""

from typing import Any

from kombu import Connection, Consumer, Message, Producer, Queue
from kombu.mixins import ConsumerMixin

from tests.bench.peers.job import (
    NEXT,
    TAKEN,
    Complaint,
    Rows,
    broker_url,
    configured_routing,
)
from tests.bench.peers.sync_store import store

PREFETCH = 50
QUORUM = {"x-queue-type": "quorum"}


class Worker(ConsumerMixin):
    """Takes one message after the other."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.routing = configured_routing()
        self.producer = Producer(connection.clone().channel())
        self.next = Queue(NEXT, routing_key=NEXT, queue_arguments=QUORUM)
        self.next(self.producer.channel).declare()

    def get_consumers(self, consumer: type[Consumer], channel: Any) -> list[Consumer]:
        """Consume the queue."""
        del channel
        queue = Queue(TAKEN, routing_key=TAKEN, queue_arguments=QUORUM)
        return [
            consumer(
                queues=[queue],
                callbacks=[self.take],
                accept=["json"],
                prefetch_count=PREFETCH,
            )
        ]

    def take(self, body: dict[str, Any], message: Message) -> None:
        """Do the job on one message."""
        complaint = Complaint.model_validate(body)
        rows = Rows(complaint, self.routing)
        store(rows)
        self.producer.publish(
            rows.next().model_dump(mode="json"),
            routing_key=NEXT,
            delivery_mode="persistent",
        )
        message.ack()


if __name__ == "__main__":
    options = {"confirm_publish": True}
    with Connection(broker_url(), transport_options=options) as connection:
        Worker(connection).run()
