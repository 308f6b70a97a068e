"""What is published for integrators, made of what the code declares."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from connectors.contract import Capabilities
from schemas.agency import AgencyManifest
from schemas.base import sealed_fields
from schemas.catalogue import AGENCY_EVENTS, CATALOGUE, EventType

BEGIN = "<!-- generated: feature matrix -->"
END = "<!-- end of what is generated -->"
_FEATURES: Sequence[tuple[str, str]] = (
    ("system", "system"),
    ("hand_over", "hands over"),
    ("key", "our key"),
    ("look_up", "look-up"),
    ("events", "later events"),
    ("files", "files"),
    ("back", "status back"),
    ("snapshots", "reconcile"),
    ("level", "level"),
)


def features(system: str, able: Capabilities) -> dict[str, str]:
    """Write in a row what one agency's system can do."""
    back = [*(["push"] if able.pushes else []), *([able.polls] if able.polls else [])]
    level = 3 if able.originates and back else 2 if back else int(able.submits)
    return {
        "system": f"`{system}`",
        "hand_over": _yes(able.submits),
        "key": _yes(able.honours_key),
        "look_up": _yes(able.finds),
        "events": "several a call"
        if able.coalesces and able.sends
        else _yes(able.sends),
        "files": able.files,
        "back": ", ".join(back) or "no",
        "snapshots": able.snapshots or "no",
        "level": str(level),
    }


def matrix(rows: Mapping[str, tuple[str, Capabilities]]) -> str:
    """Write the feature matrix: agency -> (kind of system, what it can do)."""
    lines = [
        "| agency | " + " | ".join(title for _, title in _FEATURES) + " |",
        "|---" * (len(_FEATURES) + 1) + "|",
    ]
    for name in sorted(rows):
        row = features(*rows[name])
        cells = " | ".join(row[key] for key, _ in _FEATURES)
        lines.append(f"| `{name}` | {cells} |")
    return "\n".join(lines)


def with_matrix(text: str, table: str) -> str:
    """Put the matrix between its marks; raises ValueError where there are none."""
    before, _, rest = text.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        msg = "the marks of the feature matrix are not there"
        raise ValueError(msg)
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def events_page() -> str:
    """Write docs/events.md: every event type with its payload and an example."""
    parts = [_EVENTS_HEAD]
    for name, row in CATALOGUE.items():
        parts.append(_event(name, row))
    return "\n".join(parts)


class _OfFiles(GenerateJsonSchema):
    """Lets anything stand for what is read into an object of ours."""

    def handle_invalid_for_json_schema(
        self, schema: Any, error_info: str
    ) -> JsonSchemaValue:
        del schema, error_info
        return {}


def manifest_schema(kind: str, settings: type[BaseModel]) -> str:
    """Write the JSON Schema of an agency.toml whose system is of one kind."""
    schema = AgencyManifest.model_json_schema()
    inner = settings.model_json_schema(schema_generator=_OfFiles)
    definitions = schema.setdefault("$defs", {})
    definitions |= inner.pop("$defs", {})
    definitions["Settings"] = inner
    schema["properties"]["settings"] = {"$ref": "#/$defs/Settings"}
    schema["properties"]["system"] = {"const": kind}
    schema["title"] = f"agency.toml of a `{kind}` system"
    return json.dumps(schema, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _yes(given: bool) -> str:  # noqa: FBT001 - what it writes
    return "yes" if given else "no"


_EVENTS_HEAD = """\
# The events of a complaint
Made of `schemas/catalogue.py` by `python -m hub.cli.agencies_documents`; the
payloads as JSON Schema are in `schemas/json/event_catalogue.json`. An agency is told of
the types that are *told to* it; `wants` in its `agency.toml` narrows that. Its own
status words map to the types that an *agency may say*.
"""


def _event(name: str, row: EventType) -> str:
    to = row.effect.to
    effect = (
        f"{row.effect.scope} becomes `{to}`" if to else f"{row.effect.scope}: facts"
    )
    says = "an agency may say it" if name in AGENCY_EVENTS else "no agency says it"
    told = ", ".join(sorted(row.wanted_by)) or "nobody by default"
    fields = [
        f"| `{field}` | {_kind(info.annotation)} | {_said(info.description)} |"
        for field, info in row.payload.model_fields.items()
    ]
    table = ["| payload | type | says |", "|---|---|---|", *fields] if fields else []
    example = json.dumps(_example(name, row), ensure_ascii=False, indent=2)
    return "\n".join(
        [
            f"## `{name}`",
            row.meaning,
            "",
            f"Effect: {effect}. Told to: {told}. {says.capitalize()}.",
            "",
            *table,
            "",
            "```json",
            example,
            "```",
            "",
        ]
    )


_EXAMPLES: Mapping[Any, Any] = {
    bool: False,
    int: 1,
    float: 0.5,
    date: "2026-11-24",
    datetime: "2026-11-24T02:00:00Z",
}


def _example(name: str, row: EventType) -> dict[str, Any]:
    """Make an event as an agency's system is shown one."""
    return {
        "event_id": "01935f6e-0000-7000-8000-000000000000",
        "type": name,
        "occurred_at": "2026-11-24T02:00:00Z",
        "status": str(row.effect.to or "in_progress"),
        "by": "simpul",
        "facts": _values(row.payload, hidden=False),
        "words": _values(row.payload, hidden=True),
    }


def _values(payload: type[BaseModel], *, hidden: bool) -> dict[str, Any]:
    """Invent a value for each field: people's words apart from clear facts."""
    sealed = sealed_fields(payload)
    return {
        name: _value(info.annotation)
        for name, info in payload.model_fields.items()
        if (name in sealed) is hidden
    }


def _value(annotation: Any) -> Any:
    kind = _members(annotation)[0]
    origin = get_origin(kind)
    if origin in (tuple, list):
        return [_value(get_args(kind)[0])]
    if origin is Literal:
        return get_args(kind)[0]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind)).value
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return {name: _value(f.annotation) for name, f in kind.model_fields.items()}
    return _EXAMPLES.get(kind, "…")


def _members(annotation: Any) -> list[Any]:
    """Take an annotation apart: marks away, each member of a union but None."""
    if get_origin(annotation) is Annotated:
        return _members(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [
            inner
            for one in get_args(annotation)
            if one is not type(None)
            for inner in _members(one)
        ]
    return [annotation]


def _kind(annotation: Any) -> str:
    return " or ".join(_named(one) for one in _members(annotation))


def _named(kind: Any) -> str:
    origin = get_origin(kind)
    if origin in (tuple, list):
        return f"list of {_kind(get_args(kind)[0])}"
    if origin is Literal:
        return " or ".join(f"`{one}`" for one in get_args(kind))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return " or ".join(f"`{one.value}`" for one in kind)
    return str(getattr(kind, "__name__", kind))


def _said(description: str | None) -> str:
    return " ".join((description or "").split()).replace("|", "\\|")
