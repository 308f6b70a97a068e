"""Reads items one by one, each alone, so that a bad one harms no other."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from connectors.protocols.records.paths import MISSING
from connectors.protocols.records.times import read_time
from connectors.protocols.records.words import as_word, normalise_status
from schemas.agency import AgencyManifest, OrderBy
from schemas.updates import AgencyUpdate, Corrupt

SEQUENCE_MAX = 2**63 - 1
TEXT_CHARACTERS_MAX = 10_000
"""A longer text is cut; the journal keeps all of it."""
T = TypeVar("T")


class Unreadable(Exception):
    """An item cannot be read; becomes a Corrupt."""

    def __init__(self, why: str, *, code: str = "malformed") -> None:
        super().__init__(why)
        self.code = code
        self.why = why


class Where(Protocol):
    """A place in an item; its text is how the agency's file names it."""

    def take(self, tree: Any, /) -> Any:
        """Return what stands there, or MISSING."""


@dataclass(frozen=True)
class Places:
    """Where an item says what; None where it never does."""

    reference: Where
    status: Where
    time: Where | None = None
    time_format: str = ""
    """As in strptime; or `epoch`, `epoch_ms`; without it ISO 8601."""
    sequence: Where | None = None
    event_id: Where | None = None
    text: Where | None = None
    unit: Where | None = None


@dataclass(frozen=True)
class Envelope:
    """What is said around an item; it counts where the item itself says nothing."""

    event_id: str = ""
    time: str | None = None
    """In ISO 8601."""
    time_field: str = ""


NO_ENVELOPE = Envelope()


class ItemReader:
    """Maps items of one agency by its manifest."""

    def __init__(self, manifest: AgencyManifest, places: Places) -> None:
        self._places = places
        self._zone = ZoneInfo(manifest.zone)
        self._order_by = manifest.order_by
        self._known_words = ", ".join(sorted(manifest.statuses)) or "none"
        self._events: Mapping[str, str] = {
            normalise_status(word): event for word, event in manifest.statuses.items()
        }

    def guarded(self, reference: str, read: Callable[[], T]) -> T | Corrupt:
        """Read, and make a Corrupt of what cannot be read."""
        try:
            return read()
        except Unreadable as error:
            return Corrupt(code=error.code, why=error.why, reference=reference)
        except ValidationError as error:
            fields = sorted({str(row["loc"][0]) for row in error.errors()})
            why = f"unusable values: {', '.join(fields)}"
            return Corrupt(code="malformed", why=why, reference=reference)

    def require(self, item: Any, reference: str, what: str) -> dict[str, Any]:
        """Return an item that names its case; raises Unreadable for any other."""
        if not isinstance(item, dict):
            why = "the update is no JSON object"
            raise Unreadable(why)
        if not reference:
            raise missing(self._places.reference, what)
        return item

    def update(
        self,
        item: dict[str, Any],
        reference: str,
        envelope: Envelope = NO_ENVELOPE,
        *,
        stands: bool = False,
    ) -> AgencyUpdate:
        """Map an item to an update; raises Unreadable, and ValidationError."""
        places = self._places
        word = self.word(item, places.status)
        if not word:
            raise missing(places.status, "the status")
        return AgencyUpdate(
            reference=reference,
            event_type=self.event_type(word),
            raw_status=word,
            text=self._text(item),
            unit=self.word(item, places.unit),
            event_id=self.word(item, places.event_id) or envelope.event_id,
            sequence=self.sequence(item),
            occurred_at=self.time(item, places.time, envelope),
            stands=stands,
        )

    def known_event(self, word: str) -> str:
        """Return what a status word means; empty if nobody mapped it."""
        return self._events.get(normalise_status(word), "")

    def event_type(self, word: str) -> str:
        """Return what a status word means; raises Unreadable."""
        found = self.known_event(word)
        if not found:
            why = (
                "the status word is not in [statuses] of agency.toml: add it there "
                f"and replay; known words: {self._known_words}"
            )
            raise Unreadable(why, code="unmapped_status")
        return found

    def word(self, item: Any, place: Where | None) -> str:
        """Read a short word; empty where there is none. Raises Unreadable."""
        value = _taken(item, place)
        if value is None:
            return ""
        word = as_word(value)
        if not word:
            why = f"the field {place} holds no short text"
            raise Unreadable(why)
        return word

    def event_id(self, item: Any) -> str:
        """Read the item's own id; empty where there is none. Raises Unreadable."""
        return self.word(item, self._places.event_id)

    def sequence(self, item: Any) -> int | None:
        """Read the number that orders an item; raises Unreadable."""
        place = self._places.sequence
        word = self.word(item, place)
        if not word:
            if self._order_by is OrderBy.SEQUENCE:
                raise missing(place, "the number that orders this agency's updates")
            return None
        number = int(word) if word.isascii() and word.isdigit() else SEQUENCE_MAX + 1
        if number > SEQUENCE_MAX:
            why = f"the field {place} holds no whole number"
            raise Unreadable(why)
        return number

    def time(
        self, item: Any, place: Where | None, envelope: Envelope = NO_ENVELOPE
    ) -> datetime | None:
        """Read when it was; raises Unreadable."""
        value = _taken(item, place)
        if value is not None:
            return self._moment(str(value), str(place), self._places.time_format)
        if envelope.time is not None:
            return self._moment(envelope.time, envelope.time_field, "")
        if self._order_by is OrderBy.TIME:
            raise missing(place, "the time that orders this agency's updates")
        return None

    def _moment(self, value: str, field: str, time_format: str) -> datetime:
        try:
            return read_time(value, self._zone, time_format)
        except ValueError as error:
            why = f"the field {field} holds no time ({time_format or 'ISO 8601'})"
            raise Unreadable(why, code="bad_time") from error

    def _text(self, item: Any) -> str:
        place = self._places.text
        value = place.take(item) if place else None
        if value in (MISSING, None):
            return ""
        if not isinstance(value, str):
            why = f"the field {place} holds no text"
            raise Unreadable(why)
        return value.replace("\x00", "").strip()[:TEXT_CHARACTERS_MAX]


def missing(place: Where | None, what: str) -> Unreadable:
    """Say which field is missing and what it is for."""
    return Unreadable(f"the field {place} is missing: {what}", code="missing_field")


def _taken(item: Any, place: Where | None) -> Any:
    """Return what stands at a place; None where there is nothing, or only spaces."""
    value = place.take(item) if place else None
    blank = isinstance(value, str) and not value.strip()
    return None if blank or value in (MISSING, None) else value
