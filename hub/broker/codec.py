"""A hint: a list of up to 50 ids of one lane, and nothing else (Claim Check)."""

import json
from collections.abc import Iterator, Sequence

IDS_PER_HINT = 50
CONTENT_TYPE = "application/json"


def encode(ids: Sequence[str]) -> bytes:
    """Write a hint's body."""
    return json.dumps(list(ids), separators=(",", ":")).encode()


def decode(body: bytes | str) -> list[str]:
    """Read a hint's body; raises ValueError when it is none."""
    found = json.loads(body)
    if not isinstance(found, list) or not all(isinstance(i, str) for i in found):
        msg = "a hint is a list of ids"
        raise ValueError(msg)
    return found


def chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Cut ids into hints."""
    for start in range(0, len(ids), IDS_PER_HINT):
        yield ids[start : start + IDS_PER_HINT]
