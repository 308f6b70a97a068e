"""Bodies of requests: our fields in the agency's words, in the encoding it reads."""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from connectors.contract import File
from connectors.errors import Misconfigured
from connectors.protocols.expressions import ExpressionError
from connectors.protocols.records.paths import MISSING, put
from connectors.systems.rest.calls import Call
from connectors.systems.rest.going_out import Files, Send, Upload
from connectors.systems.rest.scope import as_json
from connectors.systems.rest.templates import as_text

_NOTHING: tuple[Any, ...] = (MISSING, None, "", [], {})
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a multipart body."""

    field: str
    file: File


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent: bytes and their type, or parameters of the address."""

    content: bytes | None = None
    content_type: str = ""
    parameters: tuple[tuple[str, str], ...] = ()


def submit_body(
    call: Call, files: Files | None, scope: Mapping[str, Any], attached: Sequence[File]
) -> Body:
    """Write a complaint by its call; what we do not have is left out."""
    tree = _tree(call, scope["complaint"], scope)
    if files is None or not attached:
        return _encode(call, tree, ())
    if call.encoding == "multipart":
        return _encode(call, tree, [Part(files.field, file) for file in attached])
    if isinstance(tree, dict):
        put(tree, files.field, [_inline(files, file) for file in attached])
    return _encode(call, tree, ())


def send_body(call: Send, scope: Mapping[str, Any]) -> Body:
    """Write events by their call: a list of them, or the only one by itself."""
    if not call.items:
        return _encode(call, _tree(call, scope["event"], scope), ())
    tree: dict[str, Any] = {}
    events = [
        _filled(call, event, {**scope, "event": event}) for event in scope["events"]
    ]
    put(tree, call.items, events)
    if call.key_field:
        put(tree, call.key_field, scope["key"])
    return _encode(call, tree, ())


def upload_body(call: Upload, scope: Mapping[str, Any], file: File) -> Body:
    """Write one file by its call."""
    if call.encoding == "raw":
        return Body(file.content, call.content_type or file.media_type)
    tree = _tree(call, scope, scope)
    if call.encoding == "multipart":
        return _encode(call, tree, [Part(call.file_field or "file", file)])
    put(tree, call.file_field, base64.b64encode(file.content).decode("ascii"))
    return _encode(call, tree, ())


def plain_body(call: Call, scope: Mapping[str, Any]) -> Body:
    """Write any other call; one without fields and body has none."""
    if not call.fields and call.body is None and not call.key_field:
        return Body()
    return _encode(call, _tree(call, scope, scope), ())


def _tree(call: Call, ours: Mapping[str, Any], scope: Mapping[str, Any]) -> Any:
    if call.body is not None:
        try:
            tree = call.body.evaluate(scope)
        except ExpressionError as error:
            raise unwritable(str(error)) from error
        if tree is None:
            why = "the expression of the body gives nothing"
            raise unwritable(why)
        return tree
    tree = _filled(call, ours, scope)
    if call.key_field:
        put(tree, call.key_field, scope["key"])
    return tree


def _filled(
    call: Call, ours: Mapping[str, Any], scope: Mapping[str, Any]
) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for theirs, source in call.fields.items():
        try:
            value = source.take(ours, scope)
        except ExpressionError as error:
            why = f"field {theirs}: {error}"
            raise unwritable(why) from error
        if value not in _NOTHING:
            put(tree, theirs, value)
        elif theirs in call.nulls:
            put(tree, theirs, None)
    return tree


def unwritable(why: str) -> Misconfigured:
    """Say why a body cannot be written."""
    # Nothing was sent, and nothing will be before agency.toml is changed.
    return Misconfigured(why, fingerprint="rest body cannot be written")


def _inline(names: Files, file: File) -> dict[str, str]:
    return {
        names.name: file.name,
        names.media_type: file.media_type,
        names.content: base64.b64encode(file.content).decode("ascii"),
    }


def _encode(call: Call, tree: Any, parts: Sequence[Part]) -> Body:
    if call.encoding == "json":
        content = json.dumps(as_json(tree)).encode("ascii")
        return Body(content, call.content_type or JSON)
    if call.encoding == "text":
        if not isinstance(tree, str):
            why = "the expression of a text body gives no text"
            raise unwritable(why)
        return Body(tree.encode(), call.content_type)
    if not isinstance(tree, dict):
        why = f"a body in {call.encoding} is an object of fields"
        raise unwritable(why)
    pairs = tuple(flat(as_json(tree)))
    if call.encoding == "query":
        return Body(parameters=pairs)
    if call.encoding == "form":
        form = urlencode(pairs).encode("ascii")
        return Body(form, call.content_type or "application/x-www-form-urlencoded")
    return _multipart(pairs, parts)


def flat(tree: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Write objects as `a[b]` and lists as `a[]`, as forms commonly have them."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from flat(value, f"{name}[{key}]" if name else str(key))
    elif isinstance(tree, list):
        for value in tree:
            yield from flat(value, f"{name}[]")
    else:
        yield name, as_text(tree)


def _multipart(pairs: Sequence[tuple[str, str]], parts: Sequence[Part]) -> Body:
    """Write RFC 7578; the same content has the same boundary, so the same bytes."""
    pieces = [(_head(name), value.encode()) for name, value in pairs]
    pieces += [(_file_head(part), part.file.content) for part in parts]
    seed = hashlib.sha256()
    for head, content in pieces:
        seed.update(head + content)
    boundary = f"simpul-{seed.hexdigest()[:32]}"
    lines = b"".join(
        b"--%b\r\n%b\r\n\r\n%b\r\n" % (boundary.encode(), head, content)
        for head, content in pieces
    )
    content = lines + f"--{boundary}--\r\n".encode()
    return Body(content, f"multipart/form-data; boundary={boundary}")


def _head(name: str) -> bytes:
    return f'Content-Disposition: form-data; name="{_quoted(name)}"'.encode()


def _file_head(part: Part) -> bytes:
    kind = " ".join(part.file.media_type.split()) or "application/octet-stream"
    named = f'; filename="{_quoted(part.file.name)}"\r\nContent-Type: {kind}'
    return _head(part.field) + named.encode()


def _quoted(value: str) -> str:
    """Escape as browsers do (WHATWG form encoding)."""
    return value.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
