"""What the calls of one delivery may speak of: the names of templates and formulas."""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from pydantic import TypeAdapter

from connectors.contract import Delivery, EventView, File
from connectors.protocols.records.paths import put

_JSON: TypeAdapter[Any] = TypeAdapter(Any)

ALWAYS = frozenset({"now", "today", "tables"})
OF_DELIVERY = ALWAYS | {
    "party",
    "key",
    "reference",
    "complaint",
    "events",
    "event",
    "files",
    "uploads",
}
OF_UPLOAD = OF_DELIVERY | {"file"}
OF_TOKEN = OF_DELIVERY | {"token"}
OF_POLL = ALWAYS | {"since", "page", "offset", "cursor", "reference"}


def common(zone: tzinfo, tables: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return what every call may speak of."""
    return {
        "now": now.astimezone(UTC).isoformat(timespec="seconds"),
        "today": now.astimezone(zone).date().isoformat(),
        "tables": dict(tables),
    }


def of_delivery(delivery: Delivery) -> dict[str, Any]:
    """Return what the calls of a delivery may speak of, as JSON has it."""
    events = [event_view(event) for event in delivery.events]
    scope = {
        "party": delivery.party,
        "key": delivery.key,
        "reference": delivery.reference,
        "complaint": _nested(delivery.complaint),
        "events": events,
        "event": events[-1] if events else {},
        "files": [of_file(file) for file in delivery.files],
    }
    written: dict[str, Any] = as_json(scope)
    return written


def event_view(event: EventView) -> dict[str, Any]:
    """Return an event with its text and notice where field maps look for them."""
    ours = event.model_dump(exclude={"notice"})
    ours["text"] = event.words.get("text")
    ours["notice"] = dict(zip(("id", "en"), event.notice, strict=True))
    return ours


def of_file(file: File) -> dict[str, Any]:
    """Return what may be said of a file beside its content."""
    return {
        "name": file.name,
        "media_type": file.media_type,
        "size": len(file.content),
    }


def as_json(tree: Any) -> Any:
    """Write dates and the like as JSON has them."""
    return _JSON.dump_python(tree, mode="json")


def _nested(view: Mapping[str, Any]) -> dict[str, Any]:
    """Make objects of dotted names, so that formulas find them."""
    tree: dict[str, Any] = {}
    for name, value in view.items():
        put(tree, name, dict(value) if isinstance(value, Mapping) else value)
    return tree
