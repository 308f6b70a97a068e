"""An agency's broker as its own people set it up, and what they see of it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel

from connectors.contract import Delivery, EventView
from connectors.systems.amqp import AmqpSystem
from hub.simulator.cases import utc_now
from schemas.agency import AgencyManifest, Limits

EXCHANGE, INBOX, NEWS = "pengaduan", "pengaduan.masuk", "pengaduan.kabar"
HAND_OVERS, EVENTS = "laporan", "peristiwa"
STATUSES = {"DITERIMA": "acknowledged", "DIKERJAKAN": "work_started"}
PATIENT_SECONDS = 20.0
"""For calls that are to succeed, or whose broker says no by itself."""


@contextmanager
def channel_to(url: str) -> Iterator[BlockingChannel]:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        yield channel
    finally:
        if connection.is_open:
            connection.close()


def set_up(url: str, arguments: Mapping[str, Any] | None = None) -> None:
    """Declare what the agency's people declare."""
    kind = {"x-queue-type": "quorum"}
    with channel_to(url) as channel:
        channel.exchange_declare(EXCHANGE, "direct", durable=True)
        made = {**kind, **(arguments or {})}
        channel.queue_declare(INBOX, durable=True, arguments=made)
        channel.queue_declare(NEWS, durable=True, arguments=kind)
        for key in (HAND_OVERS, EVENTS):
            channel.queue_bind(INBOX, EXCHANGE, key)


def taken(url: str) -> list[tuple[pika.BasicProperties, dict[str, Any]]]:
    """Take everything out of the inbox."""
    found: list[tuple[pika.BasicProperties, dict[str, Any]]] = []
    with channel_to(url) as channel:
        while True:
            method, properties, body = channel.basic_get(INBOX, auto_ack=True)
            if method is None:
                return found
            found.append((properties, json.loads(body)))


def waiting(url: str, queue: str) -> int:
    with channel_to(url) as channel:
        return int(channel.queue_declare(queue, passive=True).method.message_count)


def tell(url: str, body: bytes, **properties: Any) -> None:
    """Put a message into the queue of updates."""
    said = pika.BasicProperties(delivery_mode=2, **properties)
    with channel_to(url) as channel:
        channel.basic_publish("", NEWS, body, said, mandatory=True)


def manifest(url: str, *, seconds: float, **settings: Any) -> AgencyManifest:
    chosen: dict[str, Any] = {
        "url": url,
        "exchange": EXCHANGE,
        "heartbeat_seconds": 1,
        "submit": {"routing_key": HAND_OVERS},
        "send": {"routing_key": EVENTS},
        "updates": {"queue": NEWS},
    }
    return AgencyManifest(
        name="pln_contoh",
        title="PLN Contoh",
        system="amqp",
        allow=("public_number", "title", "body", "attachments"),
        limits=Limits(deadline_seconds=seconds),
        statuses=STATUSES,
        settings={**chosen, **settings},
    )


@contextmanager
def system(
    url: str, *, seconds: float = PATIENT_SECONDS, **settings: Any
) -> Iterator[AmqpSystem]:
    made = AmqpSystem.from_manifest(manifest(url, seconds=seconds, **settings))
    try:
        yield made
    finally:
        made.close()


def delivery(key: str = "k-1", **fields: Any) -> Delivery:
    chosen: dict[str, Any] = {
        "party": "pln_contoh",
        "key": key,
        "complaint": {
            "public_number": "26-0001-XYZ",
            "title": "Lampu padam",
            "body": "Satu blok gelap.",
        },
        "events": (),
    }
    return Delivery(**{**chosen, **fields})


def event(**fields: Any) -> EventView:
    chosen: dict[str, Any] = {
        "event_id": "e-1",
        "type": "reporter_replied",
        "occurred_at": utc_now(),
        "status": "in_progress",
        "words": {"text": "Masih padam."},
    }
    return EventView(**{**chosen, **fields})
