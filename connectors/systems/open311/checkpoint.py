"""Where a poll stands, as a small JSON document; anything unreadable begins anew."""

import json
from datetime import datetime
from typing import Any, TypeVar

from pydantic import Field, ValidationError

from schemas.base import Instant, Model

VERSION = 1


class CasesCheckpoint(Model):
    """Where a round over the open cases stands."""

    v: int = VERSION
    kind: str = "cases"
    after: str = ""
    """Position of the last case that was asked for; empty at the start of a round."""
    size: int = Field(default=0, ge=0)
    """How many cases the next call asks for; 0: as many as the settings say."""
    seen: dict[str, tuple[str, str]] = Field(default_factory=dict)
    """Case (a hash) without a time of its own -> how it stood, and since when."""
    gathered: dict[str, tuple[str, str]] = Field(default_factory=dict)
    """The same, of the round that is under way."""


class FeedCheckpoint(Model):
    """Up to where the feed was read."""

    v: int = VERSION
    kind: str = "feed"
    start: Instant
    until: Instant | None = None
    """End of the next part, where a window held too much for one page."""
    goal: Instant | None = None
    """End of the window that is read in parts."""


M = TypeVar("M", CasesCheckpoint, FeedCheckpoint)


def load(checkpoint: bytes | None, model: type[M], kind: str) -> M | None:
    """Read a checkpoint of this kind and version; None where there is none."""
    try:
        document: Any = json.loads(checkpoint or b"null")
        if not isinstance(document, dict):
            return None
        if (document.get("v"), document.get("kind")) != (VERSION, kind):
            return None
        return model.model_validate(document)
    except (ValueError, RecursionError, ValidationError):
        return None


def dump(checkpoint: CasesCheckpoint | FeedCheckpoint) -> bytes:
    """Write a checkpoint."""
    return checkpoint.model_dump_json(exclude_defaults=False).encode()


def whole(moment: datetime) -> datetime:
    """Cut a moment to its second: the dialect knows no fractions."""
    return moment.replace(microsecond=0)
