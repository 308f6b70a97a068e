"""Fills a peer's queue with messages in the envelope of its library.

`python -m tests.bench.peers.fill LIBRARY` reads lines "START COUNT" and answers "done".
"""

import json
import sys
from collections.abc import Callable
from typing import Any

from kombu import Connection, Producer

from tests.bench.main_job_world import message
from tests.bench.peers.job import TAKEN, broker_url, payload

Publish = Callable[[dict[str, Any]], object]
Way = tuple[Publish, Any]
"""How one message is published, and the channel that it goes through."""


def plain() -> Way:
    """Publish JSON, as kombu and FastStream read it."""
    channel = Connection(broker_url()).channel()
    producer = Producer(channel)

    def publish(content: dict[str, Any]) -> None:
        producer.publish(content, routing_key=TAKEN, delivery_mode="persistent")

    return publish, channel


def celery() -> Way:
    """Publish calls of the task."""
    from tests.bench.peers.celery_app import app, take  # noqa: PLC0415

    app.conf.broker_transport_options = {}
    channel = app.connection_for_write().channel()
    producer = app.amqp.Producer(channel)
    return lambda content: take.apply_async((content,), producer=producer), channel


def dramatiq() -> Way:
    """Publish messages of the actor, without waiting for confirms."""
    from tests.bench.peers.dramatiq_app import broker, take  # noqa: PLC0415

    broker.confirm_delivery = False
    return take.send, broker.channel


LIBRARIES = {"plain": plain, "celery": celery, "dramatiq": dramatiq}


def main() -> None:
    """Serve until the input ends."""
    publish, channel = LIBRARIES[sys.argv[1]]()
    for line in sys.stdin:
        start, count = map(int, line.split())
        for n in range(start, start + count):
            raw = message(n)
            publish(payload(raw.source_key, json.loads(raw.body)))
        # Its answer comes after everything that was sent before.
        channel.queue_declare(queue=TAKEN, passive=True)
        print("done", flush=True)


if __name__ == "__main__":
    main()
