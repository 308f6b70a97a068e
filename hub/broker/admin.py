"""The topology on a real broker, by pika: applied, checked, looked at."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import (
    AMQPConnectionError,
    ChannelClosedByBroker,
    NackError,
    UnroutableError,
)

from hub.broker.topology import ExchangeSpec, QueueSpec, Topology

logging.getLogger("pika").setLevel(logging.CRITICAL)  # what it says is raised as well

ACCESS_REFUSED, NOT_FOUND, PRECONDITION_FAILED = 403, 404, 406
SECONDS_MAX = 10.0
"""Connecting, and every single answer of the broker."""


class BrokerUnreachableError(ConnectionError):
    """The broker does not answer, or refuses us."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something on the broker that is not as the table says."""

    kind: str
    """exchange or queue."""
    name: str
    problem: str
    mend: str


@dataclass(frozen=True, slots=True)
class Depth:
    """What waits in one queue of hints."""

    lane: str
    hints: int
    consumers: int


@contextmanager
def connected(url: str) -> Iterator[pika.BlockingConnection]:
    """Open a connection for a few administrative steps.

    Raises BrokerUnreachableError.
    """
    parameters = pika.URLParameters(url)
    parameters.socket_timeout = SECONDS_MAX
    parameters.stack_timeout = SECONDS_MAX
    parameters.blocked_connection_timeout = SECONDS_MAX
    parameters.heartbeat = max(1, int(SECONDS_MAX / 2))
    parameters.connection_attempts = 1
    parameters.client_properties = {"connection_name": "simpul admin"}
    try:
        connection = pika.BlockingConnection(parameters)
    except (AMQPConnectionError, AMQPConnectorException, OSError) as error:
        place = f"{parameters.host}:{parameters.port}"
        msg = f"RabbitMQ at {place} cannot be reached ({type(error).__name__})"
        raise BrokerUnreachableError(msg) from error
    try:
        yield connection
    except AMQPConnectionError as error:
        msg = f"RabbitMQ ended the connection ({type(error).__name__})"
        raise BrokerUnreachableError(msg) from error
    finally:
        if connection.is_open:
            connection.close()


def apply(url: str, topology: Topology, lanes: Sequence[str]) -> list[str]:
    """Make what is missing and remake what differs; returns the names changed.

    Idempotent. A queue that differs loses its hints; the sweep finds their rows.
    Raises BrokerUnreachableError.
    """
    changed: list[str] = []
    with connected(url) as connection:
        for exchange in topology.exchanges():
            if _exchange_problem(connection, exchange):
                _remake_exchange(connection, exchange)
                changed.append(exchange.name)
        for queue in topology.queues(lanes):
            if _queue_problem(connection, queue):
                _remake_queue(connection, queue)
                changed.append(queue.name)
            _bind(connection, queue)
    return changed


def check(url: str, topology: Topology, lanes: Sequence[str]) -> list[Finding]:
    """Compare the broker with the table; makes nothing.

    Every queue is proven by a declaration that the broker refuses when it differs,
    its binding by a hint without ids that must not come back.
    Raises BrokerUnreachableError.
    """
    mend = "simpul topology apply"
    with connected(url) as connection:
        found = [
            Finding("exchange", exchange.name, problem, mend)
            for exchange in topology.exchanges()
            if (problem := _exchange_problem(connection, exchange))
        ]
        found += [
            Finding("queue", queue.name, problem, mend)
            for queue in topology.queues(lanes)
            if (problem := _queue_problem(connection, queue))
        ]
        if not found:
            found += _unbound(connection, topology.queues(lanes), mend)
    return found


def depths(url: str, topology: Topology, lanes: Sequence[str]) -> list[Depth]:
    """Count the hints that wait in each lane; a missing queue counts as empty.

    Raises BrokerUnreachableError.
    """
    found = []
    with connected(url) as connection:
        for lane in lanes:
            channel = connection.channel()
            try:
                answer = channel.queue_declare(topology.queue_name(lane), passive=True)
            except ChannelClosedByBroker:
                found.append(Depth(lane, 0, 0))
                continue
            method = answer.method
            found.append(Depth(lane, method.message_count, method.consumer_count))
            channel.close()
    return found


def _exchange_problem(
    connection: pika.BlockingConnection, exchange: ExchangeSpec
) -> str:
    channel = connection.channel()
    try:
        channel.exchange_declare(exchange.name, passive=True)
        channel.exchange_declare(exchange.name, exchange.kind, durable=exchange.durable)
    except ChannelClosedByBroker as error:
        return _said(error)
    channel.close()
    return ""


def _queue_problem(connection: pika.BlockingConnection, queue: QueueSpec) -> str:
    channel = connection.channel()
    try:
        channel.queue_declare(queue.name, passive=True)
        _declare(channel, queue)
    except ChannelClosedByBroker as error:
        return _said(error)
    channel.close()
    return ""


def _said(error: ChannelClosedByBroker) -> str:
    if error.reply_code == NOT_FOUND:
        return "it is missing"
    if error.reply_code == PRECONDITION_FAILED:
        return f"it differs: {error.reply_text}"
    if error.reply_code == ACCESS_REFUSED:
        return f"this user may not look at it: {error.reply_text}"
    raise error


def _declare(channel: BlockingChannel, queue: QueueSpec) -> None:
    channel.queue_declare(
        queue.name, durable=queue.durable, arguments=dict(queue.arguments)
    )


def _remake_exchange(
    connection: pika.BlockingConnection, exchange: ExchangeSpec
) -> None:
    channel = connection.channel()
    channel.exchange_delete(exchange.name)
    channel.exchange_declare(exchange.name, exchange.kind, durable=exchange.durable)
    channel.close()


def _remake_queue(connection: pika.BlockingConnection, queue: QueueSpec) -> None:
    channel = connection.channel()
    channel.queue_delete(queue.name)
    _declare(channel, queue)
    channel.close()


def _bind(connection: pika.BlockingConnection, queue: QueueSpec) -> None:
    channel = connection.channel()
    channel.queue_bind(queue.name, queue.exchange, queue.routing_key)
    channel.close()


def _unbound(
    connection: pika.BlockingConnection, queues: Sequence[QueueSpec], mend: str
) -> Iterator[Finding]:
    channel = connection.channel()
    channel.confirm_delivery()
    for queue in queues:
        try:
            channel.basic_publish(
                queue.exchange, queue.routing_key, b"[]", mandatory=True
            )
        except UnroutableError:
            problem = f"no binding brings hints from {queue.exchange} to it"
            yield Finding("queue", queue.name, problem, mend)
        except NackError:
            problem = "it is full and refuses hints"
            mend_full = "simpul queues; are workers running?"
            yield Finding("queue", queue.name, problem, mend_full)
    channel.close()
