"""Reads an agency's updates: each item alone, so that a bad one harms no other."""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from connectors.protocols.expressions import ExpressionError
from connectors.systems.rest.answers import NotReadable, parse
from connectors.systems.rest.born import BornReader
from connectors.systems.rest.coming_in import Born, Update
from connectors.systems.rest.faults import Unreadable, missing
from connectors.systems.rest.paths import MISSING, put
from connectors.systems.rest.places import Place
from connectors.systems.rest.reference import as_reference, as_word, normalise_status
from schemas.agency import AgencyManifest, OrderBy
from schemas.updates import AgencyComplaint, AgencyUpdate, Corrupt

EPOCHS = {"epoch": 1.0, "epoch_ms": 1000.0}
"""Formats that count from 1970 in UTC -> how many of them are a second."""
REFERENCE = "reference"
"""Name in a raw message's meta of the case that was asked for."""
ITEM = "simpul.item"
"""Where a single record stands that a formula took out of its page."""
SEQUENCE_MAX = 2**63 - 1
TEXT_CHARACTERS_MAX = 10_000
"""A longer text is cut; the journal keeps all of it."""


def read_time(value: str, zone: tzinfo, time_format: str = "") -> datetime:
    """Read a moment; one without a zone is in `zone`. Raises ValueError."""
    text = value.strip()
    if time_format in EPOCHS:
        return _of_epoch(text, EPOCHS[time_format])
    if time_format:
        moment = datetime.strptime(text, time_format)  # noqa: DTZ007
    else:
        moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        msg = "the moment lies outside of the calendar"
        raise ValueError(msg) from error


def _of_epoch(text: str, parts: float) -> datetime:
    seconds = float(text) / parts
    if not math.isfinite(seconds):
        msg = "no number of seconds"
        raise ValueError(msg)
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError) as error:
        msg = "the moment lies outside of the calendar"
        raise ValueError(msg) from error


__all__ = ["ITEM", "REFERENCE", "UpdateReader", "normalise_status", "read_time"]

Record = AgencyUpdate | AgencyComplaint | Corrupt


class UpdateReader:
    """Maps the items of one agency's messages by its manifest."""

    def __init__(
        self,
        manifest: AgencyManifest,
        where: Update,
        *,
        born: Born | None = None,
        language: str = "json",
    ) -> None:
        self._where = where
        self._born = BornReader(born) if born else None
        self._language = language
        self._zone = ZoneInfo(manifest.zone)
        self._order_by = manifest.order_by
        self._known_words = ", ".join(sorted(manifest.statuses)) or "none"
        self._events: Mapping[str, str] = {
            normalise_status(word): event for word, event in manifest.statuses.items()
        }

    def split(self, body: bytes) -> list[bytes]:
        """Divide a message into bodies of one item each; [] when it cannot be.

        An item that is no update by `where` is left out.
        """
        try:
            items = self._items(body)
        except NotReadable:
            return []
        if not isinstance(items, list):
            return []
        return [self._wrap(item) for item in items if self._counts(item)]

    def items_of(self, tree: Any) -> Any:
        """Return what a parsed page has as its items."""
        return self._where.items.take(tree)

    def size(self, tree: Any) -> int:
        """Tell how many items a parsed page has; raises NotReadable for no list."""
        return len(self._listed(tree))

    def counts(self, tree: Any) -> bool:
        """Tell whether a parsed page has an update; raises NotReadable for no list."""
        return any(self._counts(item) for item in self._listed(tree))

    def _listed(self, tree: Any) -> list[Any]:
        items = self.items_of(tree)
        if isinstance(items, dict):
            return [items]
        if isinstance(items, list):
            return items
        msg = f"without a list of updates at {self._where.items or 'its top'}"
        raise NotReadable(msg)

    def _items(self, body: bytes) -> Any:
        tree = _parsed(body, self._language)
        if isinstance(tree, dict) and set(tree) == {ITEM}:
            return [tree[ITEM]]
        return self._where.items.take(tree)

    def _counts(self, item: Any) -> bool:
        """Tell whether an item is an update; one that cannot be told of is."""
        if self._where.where is None:
            return True
        try:
            return self._where.where.evaluate(item) is True
        except ExpressionError:
            return True

    def _wrap(self, item: Any) -> bytes:
        path = self._where.items.path
        if path is None or self._language != "json":
            return json.dumps({ITEM: item}).encode()
        if not path:
            return json.dumps([item]).encode()
        tree: dict[str, Any] = {}
        put(tree, path, [item])
        return json.dumps(tree).encode()

    def read(self, body: bytes, *, reference: str = "") -> list[Record]:
        """Map every item, in order; never raises for bad content.

        `reference` is the case of items that name none. What is no update by `where`
        is left out, so that nothing may be left.
        """
        try:
            items = self._items(body)
        except NotReadable:
            language = self._language.upper()
            return [Corrupt(code="malformed", why=f"the message is not {language}")]
        if isinstance(items, dict):
            items = [items]
        if not isinstance(items, list):
            place = self._where.items or "the message"
            why = f"{place} holds no list of updates"
            return [Corrupt(code="malformed", why=why)]
        return [
            self._read_item(item, reference) for item in items if self._counts(item)
        ]

    def status_of(self, item: Any, place: Place | None = None) -> tuple[str, str]:
        """Return the status word of an item and its event type; empty if unknown."""
        try:
            word = self._word(item, place or self._where.status)
        except Unreadable:
            return "", ""
        return word, self._events.get(normalise_status(word), "")

    def reference_of(self, item: Any, place: Place | None = None) -> str:
        """Return the case's id of an item; empty where there is none."""
        return as_reference((place or self._where.reference).take(item))

    def time_of(self, item: Any, place: Place | None = None) -> datetime | None:
        """Return the time of an item; None where there is none that can be read."""
        try:
            return self._time(item, place or self._where.time)
        except Unreadable:
            return None

    def _read_item(self, item: Any, asked: str) -> Record:
        reference = self.reference_of(item) or asked
        try:
            return self._record(item, reference)
        except Unreadable as error:
            return Corrupt(code=error.code, why=error.why, reference=reference)
        except ValidationError as error:
            fields = sorted({str(row["loc"][0]) for row in error.errors()})
            why = f"unusable values: {', '.join(fields)}"
            return Corrupt(code="malformed", why=why, reference=reference)

    def _record(self, item: Any, reference: str) -> AgencyUpdate | AgencyComplaint:
        if not isinstance(item, dict):
            why = "the update is no JSON object"
            raise Unreadable(why)
        if not reference:
            raise missing(self._where.reference, "the agency's id of the case")
        if self._born is not None and self._born.is_born(item):
            return self._complaint(self._born, item, reference)
        return self._map(item, reference)

    def _complaint(
        self, born: BornReader, item: dict[str, Any], reference: str
    ) -> AgencyComplaint:
        word = self._word(item, self._where.status)
        is_new = normalise_status(word) in born.new_words
        return AgencyComplaint(
            reference=reference,
            complaint=born.read(item),
            raw_status=word,
            event_type="" if is_new or not word else self._event_type(word),
            event_id=self._word(item, self._where.event_id),
            sequence=self._sequence(item),
            occurred_at=self._time(item, self._where.time),
        )

    def _map(self, item: dict[str, Any], reference: str) -> AgencyUpdate:
        word = self._word(item, self._where.status)
        if not word:
            raise missing(self._where.status, "the status")
        event_type, raw_status = self._event_type(word), word
        return AgencyUpdate(
            reference=reference,
            event_type=event_type,
            raw_status=raw_status,
            text=self._text(item),
            unit=self._word(item, self._where.unit),
            event_id=self._word(item, self._where.event_id),
            sequence=self._sequence(item),
            occurred_at=self._time(item, self._where.time),
            stands=self._where.stands,
        )

    def _event_type(self, word: str) -> str:
        event_type = self._events.get(normalise_status(word))
        if event_type is None:
            why = (
                "the status word is not in [statuses] of agency.toml: add it there "
                f"and replay; known words: {self._known_words}"
            )
            raise Unreadable(why, code="unmapped_status")
        return event_type

    def _word(self, item: dict[str, Any], place: Place | None) -> str:
        """Read a short word; empty where there is none."""
        value = place.take(item) if place else None
        if value in (MISSING, None, ""):
            return ""
        word = as_word(value)
        if not word and not _blank(value):
            why = f"the field {place} holds no short text"
            raise Unreadable(why)
        return word

    def _text(self, item: dict[str, Any]) -> str:
        value = self._where.text.take(item) if self._where.text else None
        if value in (MISSING, None):
            return ""
        if not isinstance(value, str):
            why = f"the field {self._where.text} holds no text"
            raise Unreadable(why)
        return value.replace("\x00", "").strip()[:TEXT_CHARACTERS_MAX]

    def _sequence(self, item: dict[str, Any]) -> int | None:
        place = self._where.sequence
        word = self._word(item, place)
        if not word:
            if self._order_by is OrderBy.SEQUENCE:
                raise missing(place, "the number that orders this agency's updates")
            return None
        number = int(word) if word.isascii() and word.isdigit() else SEQUENCE_MAX + 1
        if number > SEQUENCE_MAX:
            why = f"the field {place} holds no whole number"
            raise Unreadable(why)
        return number

    def _time(self, item: dict[str, Any], place: Place | None) -> datetime | None:
        value = place.take(item) if place else None
        if value in (MISSING, None) or _blank(value):
            if self._order_by is OrderBy.TIME:
                raise missing(place, "the time that orders this agency's updates")
            return None
        try:
            return read_time(str(value), self._zone, self._where.time_format)
        except ValueError as error:
            shape = self._where.time_format or "ISO 8601"
            why = f"the field {place} holds no time ({shape})"
            raise Unreadable(why, code="bad_time") from error


def _parsed(body: bytes, language: str) -> Any:
    """Parse a message; a single record that we took out of one is always JSON."""
    if language != "json" and body.startswith(b'{"simpul.item"'):
        return parse(body, "json")
    if not body.strip():
        msg = "nothing"
        raise NotReadable(msg)
    return parse(body, language)


def _blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()
