"""Bodies of requests: our fields in the agency's words."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from connectors.contract import Delivery, EventView, File
from connectors.systems.rest.paths import MISSING, pick, put
from connectors.systems.rest.settings import Files, Send, Submit

_JSON: TypeAdapter[Any] = TypeAdapter(Any)
_NOTHING: tuple[Any, ...] = (MISSING, None, "", [], {})


def submit_body(shape: Submit, delivery: Delivery) -> bytes:
    """Write a complaint by the field map; what we do not have is left out."""
    body: dict[str, Any] = {}
    _fill(body, shape.fields, delivery.complaint, shape.nulls)
    if shape.key_field:
        put(body, shape.key_field, delivery.key)
    if shape.files is not None and delivery.files:
        files = [_file(shape.files, file) for file in delivery.files]
        put(body, shape.files.field, files)
    return _bytes(body)


def send_body(shape: Send, delivery: Delivery) -> bytes:
    """Write events by the field map: a list of them, or the only one by itself."""
    body: dict[str, Any] = {}
    events = [_event(shape, event) for event in delivery.events]
    if shape.items:
        put(body, shape.items, events)
    else:
        (body,) = events
    if shape.key_field:
        put(body, shape.key_field, delivery.key)
    return _bytes(body)


def _event(shape: Send, event: EventView) -> dict[str, Any]:
    ours = event.model_dump(exclude={"notice"})
    ours["text"] = event.words.get("text")
    ours["notice"] = dict(zip(("id", "en"), event.notice, strict=True))
    body: dict[str, Any] = {}
    _fill(body, shape.fields, ours)
    return body


def _fill(
    body: dict[str, Any],
    fields: Mapping[str, str],
    ours: Mapping[str, Any],
    nulls: tuple[str, ...] = (),
) -> None:
    for theirs, source in fields.items():
        value = source[1:] if source.startswith("=") else _ours_at(ours, source)
        if value not in _NOTHING:
            put(body, theirs, value)
        elif theirs in nulls:
            put(body, theirs, None)


def _ours_at(ours: Mapping[str, Any], source: str) -> Any:
    """Look a field up by its whole dotted name first, then by the way it names."""
    return ours[source] if source in ours else pick(ours, source)


def _file(names: Files, file: File) -> dict[str, str]:
    return {
        names.name: file.name,
        names.media_type: file.media_type,
        names.content: base64.b64encode(file.content).decode("ascii"),
    }


def _bytes(body: dict[str, Any]) -> bytes:
    return json.dumps(_JSON.dump_python(body, mode="json")).encode("ascii")
