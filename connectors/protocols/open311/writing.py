"""Answers and pages as they are written: XML as FixMyStreet reads it, JSON bare."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from xml.sax.saxutils import escape

from connectors.protocols.open311.dates import write_date
from connectors.protocols.open311.records import (
    RequestUpdate,
    ServerError,
    ServiceRequest,
)
from connectors.protocols.open311.services import Attribute, Definition, Service

Form = Literal["xml", "json"]
CONTENT_TYPES: Mapping[Form, str] = {
    "xml": "text/xml; charset=utf-8",
    "json": "application/json; charset=utf-8",
}
_SINGULAR = {"attributes": "attribute", "values": "value", "groups": "group"}
"""A list in XML -> the name of each of its elements; others repeat their own."""
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_services(services: Sequence[Service], form: Form) -> bytes:
    """Write `GET services`."""
    return _listing("services", "service", [_service(one) for one in services], form)


def write_definition(definition: Definition, form: Form) -> bytes:
    """Write `GET services/{code}`."""
    record = {
        "service_code": definition.service_code,
        "attributes": [_attribute(one) for one in definition.attributes],
    }
    if form == "json":
        return _json(record)
    return _xml("service_definition", record)


def write_requests(requests: Sequence[ServiceRequest], form: Form) -> bytes:
    """Write `GET requests`, or the answer to its POST; the id is text only."""
    rows = [_request(one) for one in requests]
    return _listing("service_requests", "request", rows, form)


def write_updates(updates: Sequence[RequestUpdate], form: Form) -> bytes:
    """Write `GET servicerequestupdates`, or the answer to its POST."""
    rows = [_update(one) for one in updates]
    return _listing("service_request_updates", "request_update", rows, form)


def write_errors(errors: Sequence[ServerError], form: Form) -> bytes:
    """Write errors; FixMyStreet shows their descriptions."""
    rows = [{"code": one.code, "description": one.description} for one in errors]
    return _listing("errors", "error", rows, form)


def _service(service: Service) -> dict[str, Any]:
    return {
        "service_code": service.code,
        "service_name": service.name,
        "description": service.description,
        "metadata": "true" if service.has_definition else "false",
        "type": service.type or "realtime",
        "keywords": ",".join(service.keywords),
        "groups": list(service.groups),
    }


def _attribute(attribute: Attribute) -> dict[str, Any]:
    record: dict[str, Any] = {
        "variable": "true" if attribute.variable else "false",
        "code": attribute.code,
        "datatype": attribute.datatype,
        "required": "true" if attribute.required else "false",
        "datatype_description": attribute.datatype_description,
        "order": str(attribute.order),
        "description": attribute.description,
        "values": [{"key": key, "name": name} for key, name in attribute.values],
    }
    if attribute.automated:
        record["automated"] = attribute.automated
    return record


def _request(request: ServiceRequest) -> dict[str, Any]:
    return _filled(
        {
            "service_request_id": request.id,
            "token": request.token,
            "status": request.status,
            "status_notes": request.notes,
            "external_status_code": request.status_code,
            "service_code": request.service_code,
            "description": request.description,
            "agency_responsible": request.agency,
            "requested_datetime": _date(request.requested_at),
            "updated_datetime": _date(request.updated_at),
            "media_url": _media(request.media),
        }
    )


def _update(update: RequestUpdate) -> dict[str, Any]:
    record = _filled(
        {
            "update_id": update.update_id,
            "service_request_id": update.request_id,
            "status": update.status,
            "external_status_code": update.status_code,
            "updated_datetime": _date(update.updated_at),
            "media_url": _media(update.media),
        }
    )
    if update.updated_at is not None:
        # An update that is listed has one, if an empty one.
        record["description"] = update.description
    return record


def _filled(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if value}


def _date(moment: datetime | None) -> str:
    return write_date(moment) if moment else ""


def _media(media: tuple[str, ...]) -> Any:
    return list(media) if len(media) > 1 else "".join(media)


def _listing(
    root: str, item: str, records: Sequence[Mapping[str, Any]], form: Form
) -> bytes:
    if form == "json":
        return _json(list(records))
    return _xml(root, {item: list(records)} if records else {})


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=True).encode("ascii")


def _xml(root: str, value: Mapping[str, Any]) -> bytes:
    text = _element(root, value)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def _element(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        inner = "".join(_child(key, below) for key, below in value.items())
    else:
        # What XML cannot hold at all, such as a bell, is left out.
        inner = escape(_NOT_XML.sub("", str(value)), {"\r": "&#13;"})
    return f"<{name}>{inner}</{name}>"


def _child(name: str, value: Any) -> str:
    if not isinstance(value, list):
        return _element(name, value)
    if name in _SINGULAR or name == "media_url":
        inner = "".join(_element(_SINGULAR.get(name, name), one) for one in value)
        return f"<{name}>{inner}</{name}>"
    return "".join(_element(name, one) for one in value)
