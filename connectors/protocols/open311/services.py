"""Service lists and definitions: what may be reported, and what must be said of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.protocols.open311.records import as_flag, as_text, find_records
from connectors.protocols.open311.tree import Tree

DATATYPES: Mapping[str, str] = {
    "string": "string",
    "number": "number",
    "datetime": "datetime",
    "text": "text",
    "singlevaluelist": "singlevaluelist",
    "multivaluelist": "multivaluelist",
    "picklist": "singlevaluelist",
}
"""Datatype as it is written, in lower case -> the one of the specification."""


@dataclass(frozen=True, slots=True)
class Service:
    """One line of `GET services`."""

    code: str
    name: str = ""
    description: str = ""
    has_definition: bool = False
    """metadata: there are attributes to be asked for."""
    type: str = ""
    keywords: tuple[str, ...] = ()
    """private, inactive, staff and waste_only are magic to FixMyStreet."""
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a service's definition."""

    code: str
    datatype: str = "string"
    required: bool = False
    variable: bool = True
    """False: shown to people, or set by the client itself."""
    order: int = 0
    description: str = ""
    datatype_description: str = ""
    automated: str = ""
    """server_set or hidden_field: nobody is asked for it."""
    values: tuple[tuple[str, str], ...] = ()
    """(key, name) of what may be chosen."""


@dataclass(frozen=True, slots=True)
class Definition:
    """`GET services/{code}`."""

    service_code: str
    attributes: tuple[Attribute, ...] = ()

    def declares(self, code: str) -> bool:
        """Tell whether there is an attribute of this code."""
        return any(attribute.code == code for attribute in self.attributes)


def read_services(tree: Tree) -> list[Service]:
    """Read a list of services; what has no code is left out."""
    records = find_records(tree, ("service",), ("service_code",))
    return [_service(one) for one in records if as_text(one.get("service_code"))]


def read_definition(tree: Tree) -> Definition | None:
    """Read a definition; None where there is none."""
    names = ("service_definition",)
    found = next(find_records(tree, names, ("service_code",)), None)
    if found is None:
        return None
    rows = find_records(found.get("attributes"), ("attribute",), ("code",))
    attributes = tuple(_attribute(one) for one in rows if as_text(one.get("code")))
    return Definition(as_text(found.get("service_code")), attributes)


def _service(record: Mapping[str, Any]) -> Service:
    groups = [*_texts(record.get("group")), *_texts(record.get("groups"))]
    keywords = as_text(record.get("keywords")).split(",")
    return Service(
        code=as_text(record.get("service_code")),
        name=as_text(record.get("service_name")),
        description=as_text(record.get("description")),
        has_definition=as_flag(record.get("metadata")),
        type=as_text(record.get("type")),
        keywords=tuple(filter(None, (word.strip() for word in keywords))),
        groups=tuple(dict.fromkeys(groups)),
    )


def _attribute(record: Mapping[str, Any]) -> Attribute:
    order = as_text(record.get("order"))
    datatype = as_text(record.get("datatype")).casefold()
    rows = find_records(record.get("values"), ("value",), ("key", "name"))
    values = [(as_text(one.get("key")), as_text(one.get("name"))) for one in rows]
    short = order.isascii() and order.isdigit() and len(order) < 10  # noqa: PLR2004 - places
    return Attribute(
        code=as_text(record.get("code")),
        datatype=DATATYPES.get(datatype, "string"),
        required=as_flag(record.get("required")),
        variable=as_flag(record.get("variable", True)),
        order=int(order) if short else 0,
        description=as_text(record.get("description")),
        datatype_description=as_text(record.get("datatype_description")),
        automated=as_text(record.get("automated")),
        values=tuple((key or name, name or key) for key, name in values),
    )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for below in value.values():
            yield from _texts(below)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif text := as_text(value):
        yield text
