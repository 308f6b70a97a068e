"""The job as a FastStream subscriber on asyncio; one process each.

`python -m tests.bench.peers.faststream_app`, as often as there are to be workers
"""

import asyncio
import logging

import asyncpg
from faststream import AckPolicy, ContextRepo, FastStream
from faststream.rabbit import Channel, QueueType, RabbitBroker, RabbitQueue

from tests.bench.peers.async_store import store
from tests.bench.peers.job import (
    NEXT,
    TAKEN,
    Complaint,
    Next,
    Rows,
    broker_url,
    configured_routing,
    database_url,
)

PREFETCH = 50

broker = RabbitBroker(
    broker_url(),
    default_channel=Channel(prefetch_count=PREFETCH),
    log_level=logging.DEBUG,
    logger=None,
)
app = FastStream(broker, logger=None)
routing = configured_routing()
pool: asyncpg.Pool


@app.on_startup
async def connect(context: ContextRepo) -> None:
    """Open the connections to the database."""
    global pool  # noqa: PLW0603 - as its documentation shows it
    pool = await asyncpg.create_pool(database_url())
    await broker.connect()
    await broker.declare_queue(queue_of(NEXT))


def queue_of(name: str) -> RabbitQueue:
    """Describe a quorum queue."""
    return RabbitQueue(name, queue_type=QueueType.QUORUM, durable=True)


@broker.subscriber(queue_of(TAKEN), ack_policy=AckPolicy.NACK_ON_ERROR)
@broker.publisher(queue_of(NEXT), persist=True)
async def take(complaint: Complaint) -> Next:
    """Do the job on one message."""
    rows = Rows(complaint, routing)
    await store(pool, rows)
    return rows.next()


if __name__ == "__main__":
    asyncio.run(app.run())
