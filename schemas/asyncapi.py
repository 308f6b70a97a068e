"""The contract of the AMQP door as an AsyncAPI 3 document, made of the models."""

from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import models_json_schema

from schemas.amqp_door import (
    AnswerMessage,
    Envelope,
    EventMessage,
    HandedOver,
    UpdateMessage,
)

REFERENCE = "#/components/schemas/{model}"
BINDING_VERSION = "0.3.0"
PERSISTENT = 2
MODELS = (HandedOver, EventMessage, UpdateMessage, AnswerMessage, Envelope)

ABOUT = """How the hub and an agency whose own system is an AMQP 0-9-1 broker speak.

The broker, its virtual host, users, exchange and queues are the agency's; their names
are agreed with each agency and stand in its `agency.toml`. An agency with a field map
in its manifest gets and sends other bodies; properties and headers stay the same.

Whatever the hub sends is persistent, mandatory and confirmed, and comes at least once:
file one `message_id` once. Whatever the agency sends is acknowledged once it is stored,
and may be sent again under its `message_id`.
"""


def document(version: str) -> dict[str, Any]:
    """Make the document of one version of the project."""
    _, schemas = models_json_schema(
        [(model, "validation") for model in MODELS], ref_template=REFERENCE
    )
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Simpul: the AMQP door",
            "version": version,
            "description": ABOUT,
        },
        "defaultContentType": "application/json",
        "servers": {"agency": _server()},
        "channels": {
            "hand_overs": _written(
                "Hand-overs of complaints.", "laporan", "handed_over"
            ),
            "events": _written("Later events of cases.", "peristiwa", "event"),
            "answers": {
                "address": None,
                "description": "The queue that `reply_to` of a hand-over names.",
                "messages": _named("answer"),
            },
            "updates": _read("What the agency did.", "pengaduan.kabar", "update"),
        },
        "operations": {
            "hand_over": _sends("hand_overs", "handed_over")
            | {
                "reply": {
                    "address": {
                        "description": (
                            "The AMQP property reply_to; set where the manifest has "
                            "[settings.acknowledgement]."
                        ),
                        "location": "$message.header#/reply_to",
                    },
                    "channel": {"$ref": "#/channels/answers"},
                    "messages": [{"$ref": "#/channels/answers/messages/answer"}],
                },
            },
            "tell": _sends("events", "event"),
            "take_update": {
                "action": "receive",
                "channel": {"$ref": "#/channels/updates"},
                "messages": [{"$ref": "#/channels/updates/messages/update"}],
                "bindings": {"amqp": {"ack": True, "bindingVersion": BINDING_VERSION}},
            },
        },
        "components": {
            "messages": {
                "handed_over": _message(
                    HandedOver, "simpul.complaint_handed_over.v1", enveloped=True
                ),
                "event": _message(EventMessage, "simpul.<event>.v1", enveloped=True),
                "update": _message(UpdateMessage, "", enveloped=False),
                "answer": _message(AnswerMessage, "", enveloped=False),
            },
            "schemas": schemas["$defs"],
        },
    }


def _server() -> dict[str, Any]:
    return {
        "host": "{host}:{port}",
        "pathname": "/{vhost}",
        "protocol": "amqps",
        "protocolVersion": "0-9-1",
        "description": "The agency's own broker; `amqp` only on a network of its own.",
        "variables": {
            "host": {"description": "As the agency names it."},
            "port": {"default": "5671"},
            "vhost": {
                "description": "One that holds nothing else.",
                "default": "simpul",
            },
        },
        "security": [{"type": "userPassword"}],
    }


def _written(about: str, routing_key: str, message: str) -> dict[str, Any]:
    return {
        "address": "{routing_key}",
        "description": about,
        "parameters": {
            "routing_key": {
                "description": "As agreed with the agency.",
                "default": routing_key,
            }
        },
        "messages": _named(message),
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {"name": "pengaduan", "type": "direct", "durable": True},
                "bindingVersion": BINDING_VERSION,
            }
        },
    }


def _read(about: str, queue: str, message: str) -> dict[str, Any]:
    return {
        "address": "{queue}",
        "description": about,
        "parameters": {
            "queue": {"description": "As agreed with the agency.", "default": queue}
        },
        "messages": _named(message),
        "bindings": {
            "amqp": {
                "is": "queue",
                "queue": {"name": queue, "durable": True, "exclusive": False},
                "bindingVersion": BINDING_VERSION,
            }
        },
    }


def _sends(channel: str, message: str) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{message}"}],
        "bindings": {
            "amqp": {
                "deliveryMode": PERSISTENT,
                "mandatory": True,
                "bindingVersion": BINDING_VERSION,
            }
        },
    }


def _named(message: str) -> dict[str, Any]:
    return {message: {"$ref": f"#/components/messages/{message}"}}


def _message(model: type, kind: str, *, enveloped: bool) -> Mapping[str, Any]:
    found: dict[str, Any] = {
        "name": model.__name__,
        "summary": (model.__doc__ or "").partition("\n")[0],
        "contentType": "application/json",
        "payload": {"$ref": REFERENCE.format(model=model.__name__)},
    }
    if enveloped:
        found["headers"] = {"$ref": REFERENCE.format(model=Envelope.__name__)}
        found["bindings"] = {
            "amqp": {"messageType": kind, "bindingVersion": BINDING_VERSION}
        }
    return found
