"""What a client posted: a form, urlencoded or multipart, read strictly."""

import re
from collections.abc import Mapping, Sequence
from email.parser import BytesParser
from email.policy import HTTP
from urllib.parse import parse_qsl

from hub.simulator.server import RecordedRequest

KEY = "fixmystreet_id"
"""The attribute that carries a client's key."""
CASE_FIELDS = frozenset(
    {
        *("service_code", "api_key", "jurisdiction_id", "lat", "long"),
        *("address_string", "address_id", "email", "device_id", "account_id"),
        *("first_name", "last_name", "phone", "description", "media_url"),
    }
)
UPDATE_FIELDS = frozenset(
    {
        *("service_request_id", "api_key", "jurisdiction_id", "update_id", "status"),
        *("updated_datetime", "description", "first_name", "last_name", "email"),
        *("phone", "service_code", "media_url", "title", "account_id"),
    }
)
FILE = re.compile(r"photo\d+|file_\w+")
ATTRIBUTE = re.compile(r"attribute\[(?P<code>[^\[\]]+)\](\[\])?")
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")

Form = Mapping[str, Sequence[str]]


def read_form(request: RecordedRequest) -> Form:
    """Read the fields of a request, each with all its values; files by their names."""
    kind = request.headers.get("content-type", "")
    form: dict[str, list[str]] = {}
    if kind.startswith("multipart/form-data"):
        head = f"Content-Type: {kind}\r\n\r\n".encode()
        message = BytesParser(policy=HTTP).parsebytes(head + request.body)
        for part in message.iter_parts():
            name = part.get_param("name", header="content-disposition")
            content = part.get_payload(decode=True) or b""
            value = part.get_filename() or bytes(content).decode()
            form.setdefault(str(name), []).append(value)
        return form
    for name, value in parse_qsl(request.body.decode(), keep_blank_values=True):
        form.setdefault(name, []).append(value)
    return form


def first(form: Form, name: str) -> str:
    """Return a field's first value; empty where it was not sent."""
    return next(iter(form.get(name, ())), "")


def strange(form: Form, known: frozenset[str]) -> list[str]:
    """Name what a strict server does not know."""
    return [
        name
        for name in form
        if name not in known
        and not ATTRIBUTE.fullmatch(name)
        and not FILE.fullmatch(name)
    ]


def attribute(form: Form, code: str) -> str:
    """Return an attribute's value; empty where it was not sent."""
    return first(form, f"attribute[{code}]") or first(form, f"attribute[{code}][]")


def place_faults(form: Form) -> list[str]:
    """Say what is wrong with where it happened."""
    if first(form, "address_id") or first(form, "address_string"):
        return []
    degrees = [first(form, name) for name in ("lat", "long")]
    if all(re.fullmatch(r"-?\d{1,3}(\.\d{1,6})?", value) for value in degrees):
        return []
    return ["lat and long (at most 6 decimals), address_id or address_string"]
