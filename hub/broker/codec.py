"""A hint: a list of up to 50 ids of one lane, and nothing else (Claim Check)."""

import json
import re
from collections.abc import Iterator, Sequence

IDS_PER_HINT = 50
CONTENT_TYPE = "application/json"
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def encode(ids: Sequence[str]) -> bytes:
    """Write a hint's body."""
    return json.dumps(list(ids), separators=(",", ":")).encode()


def decode(body: bytes | str) -> list[str]:
    """Read a hint's body; raises ValueError when it is none.

    What is no id would fail the whole batch that it is joined to.
    """
    try:
        found = json.loads(body)
    except RecursionError as error:
        msg = "a hint is not nested"
        raise ValueError(msg) from error
    if not isinstance(found, list) or not all(map(_is_id, found)):
        msg = "a hint is a list of ids"
        raise ValueError(msg)
    return found


def _is_id(value: object) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Cut ids into hints."""
    for start in range(0, len(ids), IDS_PER_HINT):
        yield ids[start : start + IDS_PER_HINT]
