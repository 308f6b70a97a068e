"""What a published description tells of an agency's system: OpenAPI, Open311."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from connectors.errors import ConnectorError
from connectors.kit.scaffold import Open311Server, RestApi
from connectors.protocols.http.client import HttpClient

SECONDS = 20.0
BYTES_MAX = 5_000_000
SERVICES_MAX = 200
DEPTH_MAX = 6

GUESSES: tuple[tuple[str, str], ...] = (
    (r"title|judul|subject|perihal|summary|subjek", "title"),
    (r"body|isi|descr|deskripsi|keterangan|uraian|message|content|keluhan", "body"),
    (r"categor|kategori", "category.code"),
    (r"region|wilayah|district|kecamatan", "region.code"),
    (r"lat|lintang|latitude", "latitude"),
    (r"lon|lng|long|bujur|longitude", "longitude"),
    (r"address|alamat|location|lokasi|tempat", "place_text"),
    (r"channel|kanal|source|sumber", "channel"),
    (r"received|created|tanggal|reported_at", "received_at"),
    (r"external|public_number|nomor_publik", "public_number"),
)
"""How a field is called there -> what it is of ours. Nothing of the reporter is
guessed: what an agency may see of a person is decided, not found."""
CASES = re.compile(
    r"complaint|laporan|aduan|request|ticket|tiket|issue|case|report",
    re.IGNORECASE,
)
REFERENCES = ("id", "nomor", "number", "no_tiket", "ticket_id", "reference", "key")


class DescriptionError(Exception):
    """A description cannot be used; the text says why."""


def of_openapi(text: str) -> RestApi:
    """Read an OpenAPI 3 document in JSON; raises DescriptionError."""
    try:
        document = json.loads(text)
    except ValueError as error:
        msg = f"the description is not JSON: {error}"
        raise DescriptionError(msg) from error
    if not isinstance(document, dict) or "paths" not in document:
        msg = "the description has no `paths`: is it OpenAPI?"
        raise DescriptionError(msg)
    path, operation = _creating(document)
    content = _content(document, operation.get("requestBody") or {})
    fields: dict[str, str] = {}
    lacking: list[str] = []
    for their, is_needed in _leaves(document, content):
        ours = _guess(their)
        if ours and ours not in fields.values():
            fields[their] = ours
        elif is_needed:
            lacking.append(their)
    servers = document.get("servers") or [{}]
    return RestApi(
        base_url=str(servers[0].get("url", "")),
        path=path,
        fields=fields or {"body": "body"},
        required=lacking,
        reference=_reference(document, operation),
        key_field="",
        notes=_notes(document),
    )


def of_open311(base_url: str, jurisdiction_id: str = "") -> Open311Server:
    """Ask an Open311 server for its services; raises DescriptionError."""
    base = base_url.rstrip("/")
    client = HttpClient()
    about = f"?{urlencode({'jurisdiction_id': jurisdiction_id})}"
    suffix = about if jurisdiction_id else ""
    try:
        listed = _asked(client, f"{base}/services.json{suffix}")
        rows = [row for row in listed if isinstance(row, dict)][:SERVICES_MAX]
        services = [
            (str(row.get("service_code", "")), str(row.get("service_name", "")))
            for row in rows
        ]
        needed: dict[str, str] = {}
        if rows and rows[0].get("metadata") in (True, "true"):
            place = f"{base}/services/{services[0][0]}.json{suffix}"
            found = _asked(client, place)
            definition = found[0] if isinstance(found, list) else found
            needed = {
                str(one.get("code")): str(one.get("description", ""))
                for one in definition.get("attributes", [])
                if one.get("required") in (True, "true")
            }
    except (AttributeError, TypeError, LookupError) as error:
        msg = "the server's list of services is not as GeoReport v2 says"
        raise DescriptionError(msg) from error
    finally:
        client.close()
    return Open311Server(base_url, services, needed, jurisdiction_id)


def _asked(client: HttpClient, url: str) -> Any:
    try:
        answer = client.call(
            "GET",
            url,
            {"Accept": "application/json"},
            None,
            deadline_seconds=SECONDS,
            response_bytes_max=BYTES_MAX,
            step="describe",
        )
        if answer.status >= 300:  # noqa: PLR2004 - not a success
            msg = f"{url} answered {answer.status}"
            raise DescriptionError(msg)
        return json.loads(answer.body)
    except ConnectorError as error:
        msg = f"{url}: {error.why}"
        raise DescriptionError(msg) from error
    except ValueError as error:
        msg = f"{url} did not answer with JSON"
        raise DescriptionError(msg) from error


def _creating(document: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Choose the POST that files a case: the shortest path that sounds like one."""
    posts = [
        (path, item["post"])
        for path, item in document["paths"].items()
        if isinstance(item, dict) and isinstance(item.get("post"), dict)
    ]
    if not posts:
        msg = "the description has no POST by which something could be filed"
        raise DescriptionError(msg)
    found = min(posts, key=lambda one: (not CASES.search(one[0]), len(one[0])))
    return found[0], found[1]


def _content(document: Mapping[str, Any], holder: Mapping[str, Any]) -> dict[str, Any]:
    kinds = _followed(document, holder).get("content") or {}
    chosen: Any = next((v for k, v in kinds.items() if "json" in k), {})
    return _followed(document, chosen.get("schema") or {})


def _leaves(
    document: Mapping[str, Any], schema: Mapping[str, Any], above: str = ""
) -> Iterator[tuple[str, bool]]:
    """Give every field of an object with its dotted way, and whether it must be."""
    if above.count(".") > DEPTH_MAX:
        return
    needed = schema.get("required") or []
    for name, below in (schema.get("properties") or {}).items():
        shape = _followed(document, below)
        if "." in name or " " in name or shape.get("readOnly"):
            continue
        if shape.get("properties"):
            yield from _leaves(document, shape, f"{above}{name}.")
        else:
            yield f"{above}{name}", name in needed


def _followed(document: Mapping[str, Any], node: Any) -> dict[str, Any]:
    """Follow references within the document."""
    for _ in range(DEPTH_MAX):
        if not isinstance(node, dict) or "$ref" not in node:
            break
        way = str(node["$ref"]).removeprefix("#/").split("/")
        node = document
        for step in way:
            node = node.get(step, {}) if isinstance(node, Mapping) else {}
    return node if isinstance(node, dict) else {}


def _guess(their: str) -> str:
    last = their.rpartition(".")[2].lower()
    return next((ours for words, ours in GUESSES if re.match(words, last)), "")


def _reference(document: Mapping[str, Any], operation: Mapping[str, Any]) -> str:
    answers = operation.get("responses") or {}
    for status in ("201", "200", "202"):
        content = _content(document, answers.get(status) or {})
        names = [name for name, _ in _leaves(document, content)]
        for wanted in REFERENCES:
            for name in names:
                if name.rpartition(".")[2].lower() == wanted:
                    return name
    return "id"


def _notes(document: Mapping[str, Any]) -> list[str]:
    schemes = (document.get("components") or {}).get("securitySchemes") or {}
    told = []
    for scheme in schemes.values():
        kind = scheme.get("type", "")
        if (kind, scheme.get("scheme")) != ("http", "bearer"):
            name = str(scheme.get("name", scheme.get("scheme", "")))
            told.append(f"The API proves who calls by {kind} {name}: see `auth`."[:120])
    return told
