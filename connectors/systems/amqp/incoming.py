"""A message of the agency's queue as a row of the journal, untouched."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import pika

from schemas.raw import RawMessage

KEY_CHARACTERS_MAX = 1000
VALUE_CHARACTERS_MAX = 300
HEADERS_MAX = 20
PREFIX = "ce-"


def raw_of(
    agency: str, routing_key: str, properties: pika.BasicProperties, body: bytes
) -> RawMessage:
    """Keep a message; its key is its message id, else what it says as a whole.

    So a message that is delivered again is the same message. Of two without an id
    that are equal in everything the second is a repetition of the first.
    """
    meta = dict(_kept(routing_key, properties))
    return RawMessage(
        source=f"agency:{agency}",
        lane=f"updates.{agency}",
        source_key=_key(properties, meta, body),
        body=body,
        content_type=_text(properties.content_type) or "application/json",
        meta=meta,
        spoolable=False,
        expects_complaint=False,
    )


def _key(properties: pika.BasicProperties, meta: Mapping[str, str], body: bytes) -> str:
    named = _named(properties)
    if named and len(named) <= KEY_CHARACTERS_MAX:
        return named
    whole = hashlib.sha256(body)
    for name, value in sorted(meta.items()):
        whole.update(f"\0{name}\0{value}".encode())
    return f"sha256:{whole.hexdigest()}"


def _named(properties: pika.BasicProperties) -> str:
    headers = properties.headers or {}
    given = properties.message_id or headers.get(f"{PREFIX}id") or ""
    return str(given).strip()


def _kept(
    routing_key: str, properties: pika.BasicProperties
) -> Iterator[tuple[str, str]]:
    said: dict[str, Any] = {
        "routing_key": routing_key,
        "message_id": properties.message_id,
        "correlation_id": properties.correlation_id,
        "type": properties.type,
        "timestamp": properties.timestamp,
    }
    # Those of the broker (x-death, x-delivery-count) change from one delivery to the
    # next; what the agency says is in the envelope's.
    headers = {
        str(name): value
        for name, value in sorted((properties.headers or {}).items())
        if str(name).startswith(PREFIX)
    }
    said |= dict(list(headers.items())[:HEADERS_MAX])
    for name, value in said.items():
        if text := _text(value):
            yield name[:VALUE_CHARACTERS_MAX], text


def _text(value: Any) -> str:
    return "" if value is None else str(value)[:VALUE_CHARACTERS_MAX]
