"""How SP4N-LAPOR! is called: two headers, forms in parts, answers in `results`."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from connectors.contract import File
from connectors.errors import OutcomeUnknown
from connectors.protocols.http.answer import HttpAnswer
from connectors.protocols.http.client import client_for
from connectors.protocols.http.outcome import read_json, require_success
from connectors.systems.sp4n.settings import Sp4nSettings
from schemas.agency import AgencyManifest

REFERENCE_CHARACTERS_MAX = 15
"""Its ids have at most so many digits; they are kept as text."""


class Wire:
    """Calls of one deployment; safe for many threads."""

    def __init__(self, manifest: AgencyManifest, settings: Sp4nSettings) -> None:
        self._base = settings.base_url
        self._headers = {
            "Accept": "application/json",
            "Authorization": f"Bearer {settings.token.get_secret_value()}",
            "token": settings.app_token.get_secret_value(),
        }
        self._limits = manifest.limits
        self._client = client_for(manifest, settings.base_url)

    def close(self) -> None:
        """Close idle connections."""
        self._client.close()

    def get(self, step: str, path: str, **query: Any) -> tuple[Any, HttpAnswer]:
        """Ask for something; raises the errors of `connectors.errors`."""
        target = f"{path}?{urlencode(query)}" if query else path
        return self._call("GET", step, target, {}, None)

    def post(self, step: str, path: str, body: Mapping[str, Any]) -> Any:
        """Send JSON; raises the errors of `connectors.errors`."""
        content = json.dumps(body).encode("ascii")
        kind = {"Content-Type": "application/json"}
        return self._call("POST", step, path, kind, content)[0]

    def post_form(
        self,
        step: str,
        path: str,
        fields: Mapping[str, str],
        files: Sequence[tuple[str, File]],
        key: str,
    ) -> Any:
        """Send a form in parts; `key` makes its boundary, so it repeats itself."""
        boundary = f"simpul-{key}"
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return self._call("POST", step, path, kind, form(boundary, fields, files))[0]

    def _call(
        self,
        method: str,
        step: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> tuple[Any, HttpAnswer]:
        answer = self._client.call(
            method,
            f"{self._base}{target}",
            {**self._headers, **headers},
            body,
            deadline_seconds=self._limits.deadline_seconds,
            response_bytes_max=self._limits.response_bytes_max,
            step=step,
        )
        require_success(answer, method=method, step=step, now=datetime.now(UTC))
        return read_json(answer, method=method, step=step), answer


def form(
    boundary: str, fields: Mapping[str, str], files: Sequence[tuple[str, File]]
) -> bytes:
    """Write a form in parts (RFC 7578)."""
    parts = bytearray()
    for name, value in fields.items():
        parts += _head(boundary, f'form-data; name="{name}"')
        parts += f"\r\n{value}\r\n".encode()
    for name, file in files:
        named = f'form-data; name="{name}"; filename="{_safe(file.name)}"'
        parts += _head(boundary, named)
        parts += f"Content-Type: {_safe(file.media_type)}\r\n\r\n".encode()
        parts += file.content + b"\r\n"
    return bytes(parts + f"--{boundary}--\r\n".encode())


def _head(boundary: str, disposition: str) -> bytes:
    return f"--{boundary}\r\nContent-Disposition: {disposition}\r\n".encode()


def _safe(name: str) -> str:
    """Write a name so that it stays within its quotes, as browsers do."""
    for character, written in (('"', "%22"), ("\r", "%0D"), ("\n", "%0A")):
        name = name.replace(character, written)
    return name


def results(answer: Any, *way: str) -> Any:
    """Return what stands in `results`, or below it; None where nothing does."""
    found = answer.get("results") if isinstance(answer, dict) else None
    for step in way:
        found = found.get(step) if isinstance(found, dict) else None
    return found


def rows(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list; whatever else stands in it is left out."""
    if not isinstance(value, list):
        return []
    return [one for one in value if isinstance(one, dict)]


def as_number(value: Any) -> str:
    """Read an id, a number or digits, as text; empty when it is none."""
    word = str(value).strip() if isinstance(value, str | int) else ""
    digits = word.isascii() and word.isdigit() and not isinstance(value, bool)
    return word if digits and len(word) <= REFERENCE_CHARACTERS_MAX else ""


def case_of(answer: Any) -> str:
    """Read the number of a new complaint; raises OutcomeUnknown without one."""
    top = answer if isinstance(answer, dict) else {}
    found = as_number(top.get("complaint_id")) or as_number(
        results(answer, "complaint_id")
    )
    if not found:
        why = "it answered without a complaint_id"
        raise OutcomeUnknown(why, fingerprint="sp4n no complaint_id")
    return found
