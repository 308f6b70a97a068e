"""What is published: bodies by the agency's words, and CloudEvents headers.

The headers are those of the binary mode of CloudEvents 1.0, with `ce-` before their
names, beside the properties of AMQP that say the same: `message_id` is `ce-id`.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

import pika
from pydantic import TypeAdapter

from connectors.contract import Delivery, EventView, File
from connectors.errors import Refused
from connectors.protocols.records.paths import MISSING, pick, put
from connectors.systems.amqp.call import Message
from connectors.systems.amqp.settings import AmqpSettings, Outgoing

HAND_OVER = "simpul.complaint_handed_over.v1"
PERSISTENT = 2
_JSON: TypeAdapter[Any] = TypeAdapter(Any)
_NOTHING: tuple[Any, ...] = (MISSING, None, "", [], {})


def hand_over(settings: AmqpSettings, delivery: Delivery) -> Message:
    """Write a complaint; raises Refused where it is too long."""
    chosen, ours = settings.submit, delivery.complaint
    number, files = str(ours.get("public_number", "")), _files(settings, delivery)
    body = {"reference": number, "complaint": ours, **files}
    if chosen.fields:
        body = _mapped(chosen.fields, {**ours, **files})
    return _message(settings, chosen, delivery, HAND_OVER, number, body)


def told(settings: AmqpSettings, chosen: Outgoing, delivery: Delivery) -> Message:
    """Write one later event; raises Refused where it is too long."""
    (event,) = delivery.events
    ours, files = _event(event), _files(settings, delivery)
    body: dict[str, Any] = {"reference": delivery.reference, "event": ours, **files}
    if chosen.fields:
        flat = {**ours, **files, "reference": delivery.reference}
        body = _mapped(chosen.fields, flat)
    kind = f"simpul.{event.type}.v1"
    message = _message(settings, chosen, delivery, kind, delivery.reference, body)
    message.properties.headers["ce-time"] = event.occurred_at.isoformat()
    return message


def _event(event: EventView) -> dict[str, Any]:
    ours = event.model_dump(exclude={"notice", "words"})
    words = {name: text for name, text in event.words.items() if text}
    return ours | ({"words": words} if words else {})


def _mapped(fields: Mapping[str, str], ours: Mapping[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for theirs, source in fields.items():
        constant = source.startswith("=")
        # By its whole dotted name first, then by the way it names.
        value = source[1:] if constant else ours.get(source, pick(ours, source))
        if value not in _NOTHING:
            put(body, theirs, value)
    return body


def _message(
    settings: AmqpSettings,
    chosen: Outgoing,
    delivery: Delivery,
    kind: str,
    subject: str,
    body: Mapping[str, Any],
) -> Message:
    written = json.dumps(_JSON.dump_python(body, mode="json")).encode("ascii")
    if len(written) > settings.message_bytes_max:
        why = f"the message is longer than {settings.message_bytes_max} bytes"
        raise Refused(why, fingerprint="amqp message too long")
    answered = settings.acknowledgement is not None and kind == HAND_OVER
    properties = pika.BasicProperties(
        content_type="application/json",
        delivery_mode=PERSISTENT,
        message_id=delivery.key,
        correlation_id=delivery.key,
        type=kind,
        app_id="simpul",
        reply_to="amq.rabbitmq.reply-to" if answered else None,
        headers={
            "ce-specversion": "1.0",
            "ce-id": delivery.key,
            "ce-source": settings.source,
            "ce-type": kind,
            "ce-subject": subject,
        },
    )
    return Message(settings.exchange, chosen.routing_key, properties, written, answered)


def _files(settings: AmqpSettings, delivery: Delivery) -> dict[str, Any]:
    if settings.files != "upload" or not delivery.files:
        return {}
    return {"files": [_file(file) for file in delivery.files]}


def _file(file: File) -> dict[str, str]:
    return {
        "name": file.name,
        "media_type": file.media_type,
        "content": base64.b64encode(file.content).decode("ascii"),
    }
