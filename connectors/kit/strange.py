"""Putting a status word that nobody mapped into a message of the agency."""

import json
from collections.abc import Collection
from typing import Any

STRANGE = "Menunggu Bulan Purnama"


def with_strange_words(body: bytes, words: Collection[str]) -> bytes:
    """Put an unknown word in the place of every known one, in JSON or XML.

    A number counts as a word under a name that speaks of a status only. The body comes
    back as it is where no known word is in it.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        for word in words:
            body = body.replace(f">{word}<".encode(), f">{STRANGE}<".encode())
        return body
    changed = _changed(found, words, "")
    return body if changed == found else json.dumps(changed).encode()


def _changed(value: Any, words: Collection[str], name: str) -> Any:
    if isinstance(value, dict):
        return {key: _changed(one, words, key) for key, one in value.items()}
    if isinstance(value, list):
        return [_changed(one, words, name) for one in value]
    is_code = isinstance(value, int) and "status" in name.lower()
    if (isinstance(value, str) or is_code) and str(value) in words:
        return STRANGE
    return value
