"""What is posted: strict servers refuse every field that they do not know."""

import mimetypes
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from connectors.contract import Delivery, EventView, File
from connectors.protocols.open311.dates import write_date
from connectors.systems.open311.keys import as_digits, mark
from connectors.systems.open311.settings import Open311Settings
from connectors.systems.open311.statuses import spoken

NOT_PINPOINTED = "#NOTPINPOINTED#"
"""The dialect's address_id of a case without any place."""
DESCRIPTION_CHARACTERS_MAX = 11_000
FORM = "application/x-www-form-urlencoded; charset=utf-8"

Pairs = list[tuple[str, str]]


def submit_pairs(settings: Open311Settings, delivery: Delivery) -> Pairs:
    """Write a complaint as the fields of POST requests; empty ones are left out."""
    view = delivery.complaint
    pairs = [
        *credentials(settings),
        ("service_code", _service(settings, view)),
        ("description", _description(settings, delivery)),
        *_place(view),
        *_reporter(view),
        *(("media_url", url) for url in _links(settings, view)),
    ]
    for name, source in settings.attributes.items():
        pairs.append((f"attribute[{name}]", _ours(view, source)))
    if settings.key_attribute:
        name = f"attribute[{settings.key_attribute}]"
        pairs.append((name, as_digits(delivery.key)))
    return _filled(pairs)


def update_pairs(settings: Open311Settings, delivery: Delivery) -> Pairs:
    """Write one event as the fields of POST servicerequestupdates.

    Its update_id depends on the event alone, so that a late repetition has it too.
    """
    (event,) = delivery.events
    pairs = [
        *credentials(settings),
        ("service_request_id", delivery.reference),
        ("update_id", as_digits(event.event_id)),
        ("status", spoken(event.status, extended=settings.extended_statuses)),
        ("updated_datetime", write_date(event.occurred_at)),
        ("description", _words(settings, event, delivery.complaint)),
        *(("media_url", url) for url in _links(settings, delivery.complaint)),
    ]
    return _filled(pairs)


def credentials(settings: Open311Settings, *, key: bool = True) -> Pairs:
    """Say for whom and by whom; an empty api_key is refused, so it is left out."""
    secret = settings.api_key.get_secret_value() if key else ""
    return _filled([("jurisdiction_id", settings.jurisdiction_id), ("api_key", secret)])


def encode(pairs: Pairs, files: tuple[File, ...]) -> tuple[str, bytes]:
    """Write a form: its content type and its body; multipart where there are files."""
    if not files:
        return FORM, urlencode(pairs).encode("ascii")
    # Long, and made of the content, so that it cannot stand in it.
    boundary = f"simpul-{as_digits(repr(pairs))}{as_digits(repr(files))}"
    lines: list[bytes] = []
    for name, value in pairs:
        lines += [_part(boundary, name), b"", value.encode()]
    for n, file in enumerate(files, start=1):
        lines += [_part(boundary, f"photo{n}", file), b"", file.content]
    body = b"\r\n".join([*lines, f"--{boundary}--".encode(), b""])
    return f"multipart/form-data; boundary={boundary}", body


def _part(boundary: str, name: str, file: File | None = None) -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'
    if file is not None:
        ending = mimetypes.guess_extension(file.media_type) or ".bin"
        # A citizen's file name says who they are more often than what it shows.
        kind = file.media_type if file.media_type.isascii() else ""
        kind = kind if kind.isprintable() and kind else "application/octet-stream"
        head += f'; filename="{name}{ending}"\r\nContent-Type: {kind}'
    return head.encode()


def _service(settings: Open311Settings, view: Mapping[str, Any]) -> str:
    code = str(_ours(view, "category.code"))
    return settings.services.get(code, settings.service_code)


def _description(settings: Open311Settings, delivery: Delivery) -> str:
    view = delivery.complaint
    number = _ours(view, "public_number")
    last = [
        _ours(view, "landmark"),
        f"No. {number}" if number else "",
        mark(delivery.key) if settings.find else "",
        _note(settings, view),
    ]
    ending = "\n\n".join(filter(None, last))
    parts = filter(None, (_ours(view, "title"), _ours(view, "body")))
    text = "\n\n".join(parts)[: DESCRIPTION_CHARACTERS_MAX - len(ending)]
    return "\n\n".join(filter(None, (text, ending)))


def _words(settings: Open311Settings, event: EventView, view: Mapping[str, Any]) -> str:
    """Say an event; never empty, since an empty description is refused."""
    said = [str(event.words.get(name) or "") for name in ("text", "reason")]
    said += [] if any(said) else [event.notice[0]]
    said += [] if any(said) else [event.type.replace("_", " ")]
    said += [_note(settings, view)]
    return "\n\n".join(filter(None, said))[:DESCRIPTION_CHARACTERS_MAX]


def _place(view: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    latitude, longitude = view.get("latitude"), view.get("longitude")
    address = _ours(view, "place_text")
    if isinstance(latitude, int | float) and isinstance(longitude, int | float):
        yield "lat", f"{latitude:.6f}"
        yield "long", f"{longitude:.6f}"
    elif not address:
        yield "address_id", NOT_PINPOINTED
    yield "address_string", address


def _reporter(view: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    first, _, last = _ours(view, "reporter.name").partition(" ")
    yield "first_name", first
    yield "last_name", (last.strip() or "-") if first else ""
    yield "email", _ours(view, "reporter.email")
    yield "phone", _ours(view, "reporter.phone")


def _links(settings: Open311Settings, view: Mapping[str, Any]) -> list[str]:
    """Name the addresses of attachments, where the hub made such."""
    links = _at(view, "attachments.links") if settings.files == "link" else None
    if not isinstance(links, list | tuple):
        return []
    urls = (_at(one, "url") for one in links)
    return [url for url in urls if isinstance(url, str) and url]


def _note(settings: Open311Settings, view: Mapping[str, Any]) -> str:
    """Read the line that says that there are attachments, if nothing else shows it."""
    if _links(settings, view):
        return ""
    note = _at(view, "attachments.note")
    if isinstance(note, list | tuple) and note:
        note = note[0]
    return note if isinstance(note, str) else ""


def _ours(view: Mapping[str, Any], source: str) -> str:
    """Read a field of ours as text, by its whole name or by the way it names."""
    if source.startswith("="):
        return source[1:]
    value = view[source] if source in view else _at(view, source)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping | list | tuple) or value is None:
        return ""
    return str(value)


def _at(tree: Any, path: str) -> Any:
    for step in path.split("."):
        tree = tree.get(step) if isinstance(tree, Mapping) else None
    return tree


def _filled(pairs: Pairs) -> Pairs:
    """Leave out what is empty: to the dialect it is the same as not sent."""
    return [(name, value) for name, value in pairs if value]
