"""Answers of an Open311 server: one tree, written as XML or as JSON."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from hub.simulator.misbehaviour import Answer

ERROR_PAGE = b"<!DOCTYPE html><html><body><h1>Terjadi kesalahan</h1></body></html>"
JSON, XML = "application/json; charset=utf-8", "text/xml; charset=utf-8"

Records = Sequence[Mapping[str, Any]]


def listing(
    form: str, root: str, item: str, records: Records, *, wrapped: bool, status: int
) -> Answer:
    """Answer a list of records."""
    if form == "json":
        document: Any = {root: list(records)} if wrapped else list(records)
        body = json.dumps(document, ensure_ascii=False).encode()
        return Answer(status, body, JSON)
    inner = "".join(_element(item, dict(record)) for record in records)
    return Answer(status, _document(f"<{root}>{inner}</{root}>"), XML)


def single(form: str, root: str, record: Mapping[str, Any]) -> Answer:
    """Answer one record that stands alone, as a service's definition does."""
    if form == "json":
        return Answer(200, json.dumps(record, ensure_ascii=False).encode(), JSON)
    return Answer(200, _document(_element(root, dict(record))), XML)


def _document(text: str) -> bytes:
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}'.encode()


def _element(name: str, value: Any) -> str:
    if isinstance(value, dict):
        inner = "".join(_element(key, below) for key, below in value.items())
    elif isinstance(value, list):
        # A plural holds its singular: values of value, attributes of attribute.
        below = name if name == "media_url" else name.removesuffix("s")
        inner = "".join(_element(below, one) for one in value)
    else:
        inner = escape("" if value is None else str(value))
    return f"<{name}>{inner}</{name}>"
