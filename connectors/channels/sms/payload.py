"""The body of a gateway's call, JSON or form, as text fields."""

import json
from collections.abc import Mapping
from urllib.parse import parse_qsl

FORM = "application/x-www-form-urlencoded"
FIELDS_MAX = 100


class PayloadError(ValueError):
    """The body cannot be read; the text says why and repeats nothing of it."""


def read_payload(body: bytes, content_type: str) -> Mapping[str, str]:
    """Read the fields; numbers become text, nested values are left out.

    Raises PayloadError for what is no UTF-8, no JSON object or no form.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        msg = "the body is not UTF-8"
        raise PayloadError(msg) from error
    if content_type.partition(";")[0].strip().lower() == FORM:
        return _form(text)
    return _json(text)


def _json(text: str) -> Mapping[str, str]:
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError) as error:
        msg = "the body is not JSON"
        raise PayloadError(msg) from error
    if not isinstance(tree, dict):
        msg = "the body is no JSON object"
        raise PayloadError(msg)
    return {
        name: str(value)
        for name, value in tree.items()
        if isinstance(value, str | int | float) and not isinstance(value, bool)
    }


def _form(text: str) -> Mapping[str, str]:
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX
        )
    except ValueError as error:
        msg = "the body is no form in UTF-8"
        raise PayloadError(msg) from error
    return dict(pairs)
