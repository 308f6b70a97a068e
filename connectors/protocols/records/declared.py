"""What a manifest declares for items: whether its parts fit each other."""

from collections.abc import Iterator
from typing import Protocol

from connectors.protocols.records.words import normalise_status
from schemas.agency import AgencyManifest, OrderBy


class Ordering(Protocol):
    """The part of `[settings.update]` that orders updates; false where unnamed."""

    @property
    def sequence(self) -> object:
        """Where the number that orders is."""

    @property
    def time(self) -> object:
        """Where the time that orders is."""


def is_allowed(source: str, allow: tuple[str, ...]) -> bool:
    """Tell whether a field or something above it is on the allow-list."""
    steps = source.split(".")
    return any(".".join(steps[:n]) in allow for n in range(1, len(steps) + 1))


def double_words(manifest: AgencyManifest) -> Iterator[str]:
    """Name status words that are the same word."""
    seen: dict[str, str] = {}
    for word in manifest.statuses:
        other = seen.setdefault(normalise_status(word), word)
        if other != word:
            yield f"statuses: {other!r} and {word!r} are the same word"


def unordered(manifest: AgencyManifest, update: Ordering) -> Iterator[str]:
    """Say what orders updates and has no place."""
    if manifest.order_by is OrderBy.SEQUENCE and not update.sequence:
        yield "order_by is sequence, but settings.update.sequence is missing"
    if manifest.order_by is OrderBy.TIME and not update.time:
        yield "order_by is time, but settings.update.time is missing"
