"""Requests, updates and errors out of a tree, in every shape that was met.

A list or a single object, wrapped or bare, numbers or texts: a record is recognised
by its fields, never by what stands around it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from connectors.protocols.open311.dates import read_date
from connectors.protocols.open311.tree import Tree

ID_CHARACTERS_MAX = 200
WRAPPERS_MAX = 5
_NO_IDS = frozenset({"", "0", ".", ".."})
"""Not ids: empty and zero mean failure, dots lead elsewhere in an address."""
_TRUE = frozenset({"true", "1", "yes"})


@dataclass(frozen=True, slots=True)
class ServiceRequest:
    """One case of `GET requests`, or the answer to `POST requests`."""

    id: str = ""
    """service_request_id; empty where there is none yet."""
    token: str = ""
    status: str = ""
    status_code: str = ""
    """external_status_code: the agency's own code, where it is told."""
    notes: str = field(default="", repr=False)
    description: str = field(default="", repr=False)
    service_code: str = ""
    agency: str = ""
    """agency_responsible."""
    requested_at: datetime | None = None
    updated_at: datetime | None = None
    media: tuple[str, ...] = field(default=(), repr=False)
    fields: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """Everything, as it came."""


@dataclass(frozen=True, slots=True)
class RequestUpdate:
    """One update of `GET servicerequestupdates`, or the answer to its POST."""

    update_id: str = ""
    request_id: str = ""
    status: str = ""
    status_code: str = ""
    description: str = field(default="", repr=False)
    updated_at: datetime | None = None
    media: tuple[str, ...] = field(default=(), repr=False)
    fields: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class ServerError:
    """One error that a server names."""

    code: str = ""
    description: str = field(default="", repr=False)


def request_records(tree: Tree) -> list[Mapping[str, Any]]:
    """Find the cases in an answer, as they came."""
    marks = ("service_request_id", "token")
    return list(find_records(tree, ("request", "service_request"), marks))


def update_records(tree: Tree) -> list[Mapping[str, Any]]:
    """Find the updates in an answer, as they came; the root's name means nothing."""
    return list(
        find_records(tree, ("request_update",), ("update_id", "updated_datetime"))
    )


def error_records(tree: Tree) -> list[ServerError]:
    """Find the errors that an answer names; `message` is a description, too."""
    # A case has a description, too, and is no error.
    if request_records(tree) or update_records(tree):
        return []
    marks = ("code", "description", "message")
    return [
        ServerError(
            code=as_text(one.get("code")),
            description=as_text(one.get("description")) or as_text(one.get("message")),
        )
        for one in find_records(tree, ("error",), marks)
    ]


def read_request(record: Mapping[str, Any], zone: tzinfo) -> ServiceRequest:
    """Read one case; what is missing or of another kind is empty."""
    return ServiceRequest(
        id=as_id(record.get("service_request_id")),
        token=as_id(record.get("token")),
        status=as_text(record.get("status")),
        status_code=_status_code(record),
        notes=as_text(record.get("status_notes")),
        description=as_text(record.get("description")),
        service_code=as_text(record.get("service_code")),
        agency=_agency(record.get("agency_responsible")),
        requested_at=_date(record.get("requested_datetime"), zone),
        updated_at=_date(record.get("updated_datetime"), zone),
        media=as_media(record.get("media_url")),
        fields=record,
    )


def read_update(record: Mapping[str, Any], zone: tzinfo) -> RequestUpdate:
    """Read one update; what is missing or of another kind is empty."""
    return RequestUpdate(
        update_id=as_id(record.get("update_id")),
        request_id=as_id(record.get("service_request_id")),
        status=as_text(record.get("status")),
        status_code=_status_code(record),
        description=as_text(record.get("description")),
        updated_at=_date(record.get("updated_datetime"), zone),
        media=as_media(record.get("media_url")),
        fields=record,
    )


def as_text(value: Any) -> str:
    """Read a text or a number, without control characters but line breaks."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        return ""
    text = str(value).replace("\r\n", "\n").replace("\r", "\n")
    return "".join(map(_shown, text)).strip()


def _shown(character: str) -> str:
    if character in "\n\t" or character.isprintable():
        return character
    return " " if character.isspace() else ""


def as_id(value: Any) -> str:
    """Read an id; empty when it cannot be one: `0`, too long, or no single word."""
    text = as_text(value)
    fits = len(text) <= ID_CHARACTERS_MAX and text.isprintable()
    return text if fits and text not in _NO_IDS else ""


def as_flag(value: Any) -> bool:
    """Read a boolean: true, "true", 1, "TRUE"."""
    return as_text(value).casefold() in _TRUE


def as_media(value: Any) -> tuple[str, ...]:
    """Read media_url: empty, one, nested, or a list of texts or of objects."""
    if isinstance(value, Mapping):
        named = value.get("media_url") or value.get("url") or value.get("href")
        return as_media(named) if not isinstance(named, Mapping) else ()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(
            text for one in value if not isinstance(one, list) for text in as_media(one)
        )
    text = as_text(value)
    return (text,) if text else ()


def find_records(
    tree: Any, names: tuple[str, ...], marks: tuple[str, ...], depth: int = 0
) -> Iterator[Mapping[str, Any]]:
    """Walk down wrappers to what is named as a record, or has a record's fields."""
    if depth > WRAPPERS_MAX:
        return
    if isinstance(tree, list):
        for one in tree:
            yield from find_records(one, names, marks, depth + 1)
    elif isinstance(tree, Mapping):
        if _has_value(tree, marks):
            yield tree
            return
        named = [tree[name] for name in names if name in tree]
        # What is named as a record is one, whatever it lacks.
        inner = tuple(_keys(named)) if named else marks
        for value in named or list(tree.values()):
            yield from find_records(value, names, inner, depth + 1)


def _keys(named: list[Any]) -> Iterator[str]:
    for value in named:
        for one in value if isinstance(value, list) else (value,):
            yield from one if isinstance(one, Mapping) else ()


def _has_value(record: Mapping[str, Any], marks: tuple[str, ...]) -> bool:
    values = (record.get(mark) for mark in marks)
    return any(v is not None and not isinstance(v, Mapping | list) for v in values)


def _date(value: Any, zone: tzinfo) -> datetime | None:
    return read_date(as_text(value), zone)


def _agency(value: Any) -> str:
    """Read the responsible agency; FixMyStreet makes it an object of recipients."""
    if isinstance(value, Mapping):
        return next(filter(None, map(_agency, value.values())), "")
    if isinstance(value, list):
        return next(filter(None, map(_agency, value)), "")
    return as_text(value)


def _status_code(record: Mapping[str, Any]) -> str:
    extras = record.get("extras")
    inner = extras.get("external_status_code") if isinstance(extras, Mapping) else ""
    return as_text(record.get("external_status_code")) or as_text(inner)
