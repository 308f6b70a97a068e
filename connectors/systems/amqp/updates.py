"""Reads an agency's updates: each item alone, so that a bad one harms no other."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from connectors.systems.amqp.paths import pick, put
from connectors.systems.amqp.settings import Update
from schemas.agency import AgencyManifest, OrderBy
from schemas.raw import RawMessage
from schemas.updates import AgencyUpdate, Corrupt

SEQUENCE_MAX = 2**63 - 1
TEXT_CHARACTERS_MAX = 10_000
"""A longer text is cut; the journal keeps all of it."""
WORD_CHARACTERS_MAX = 200
STRUCTURED = "application/cloudevents+json"
"""An event whose envelope is in the body, too: the update is its `data`."""


class _Unreadable(Exception):
    """An item cannot be read; becomes a Corrupt."""

    def __init__(self, why: str, *, code: str = "malformed") -> None:
        super().__init__(why)
        self.code = code
        self.why = why


def as_word(value: Any) -> str:
    """Read a short text or a whole number, its spaces made one; empty if neither."""
    written = isinstance(value, str | int) and not isinstance(value, bool)
    word = " ".join(str(value).split()) if written else ""
    return word if len(word) <= WORD_CHARACTERS_MAX and word.isprintable() else ""


def normalise_status(word: str) -> str:
    """Make words equal that differ in case and spaces only."""
    return "".join(word.casefold().split())


def read_time(value: str, zone: tzinfo, time_format: str = "") -> datetime:
    """Read a moment; one without a zone is in `zone`. Raises ValueError."""
    text = value.strip()
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


class UpdateReader:
    """Maps the items of one agency's messages by its manifest."""

    def __init__(self, manifest: AgencyManifest, where: Update) -> None:
        self._where = where
        self._zone = ZoneInfo(manifest.zone)
        self._order_by = manifest.order_by
        self._known_words = ", ".join(sorted(manifest.statuses)) or "none"
        self._events: Mapping[str, str] = {
            normalise_status(word): event for word, event in manifest.statuses.items()
        }

    def split(self, raw: RawMessage) -> list[bytes]:
        """Divide a message into bodies of one item each; [] when it cannot be."""
        try:
            items, _ = self._items(raw)
        except _Unreadable:
            return []
        return [self._wrap(item) for item in items] if len(items) > 1 else []

    def _wrap(self, item: Any) -> bytes:
        tree: Any = [item]
        if self._where.items:
            tree = {}
            put(tree, self._where.items, [item])
        return json.dumps(tree).encode()

    def read(self, raw: RawMessage) -> list[AgencyUpdate | Corrupt]:
        """Map every item, in order; never raises for bad content."""
        try:
            items, meta = self._items(raw)
        except _Unreadable as error:
            return [Corrupt(code=error.code, why=error.why)]
        # The envelope's id and time are the item's where the item has none, but only
        # of the only one: several may not share an id.
        meta = meta if len(items) == 1 else {}
        return [self._read_item(item, meta) for item in items]

    def _items(self, raw: RawMessage) -> tuple[list[Any], Mapping[str, Any]]:
        """Find the items of a message, and what its envelope says."""
        try:
            tree = json.loads(raw.body)
        except (ValueError, RecursionError) as error:
            why = "the message is not JSON"
            raise _Unreadable(why) from error
        # A part of such a message is stored without its envelope.
        meta: Mapping[str, Any] = raw.meta
        enveloped = isinstance(tree, dict) and "specversion" in tree
        if raw.content_type.startswith(STRUCTURED) and enveloped:
            meta = {"ce-id": tree.get("id"), "ce-time": tree.get("time")}
            tree = tree.get("data")
        items = pick(tree, self._where.items)
        if isinstance(items, dict):
            return [items], meta
        if not isinstance(items, list):
            place = self._where.items or "the message"
            why = f"{place} holds no update and no list of updates"
            raise _Unreadable(why)
        return items, meta

    def _read_item(self, item: Any, meta: Mapping[str, Any]) -> AgencyUpdate | Corrupt:
        reference = as_word(pick(item, self._where.reference))
        try:
            return self._map(item, reference, meta)
        except _Unreadable as error:
            return Corrupt(code=error.code, why=error.why, reference=reference)
        except ValidationError as error:
            fields = sorted({str(row["loc"][0]) for row in error.errors()})
            why = f"unusable values: {', '.join(fields)}"
            return Corrupt(code="malformed", why=why, reference=reference)

    def _map(self, item: Any, reference: str, meta: Mapping[str, Any]) -> AgencyUpdate:
        if not isinstance(item, dict):
            why = "the update is no JSON object"
            raise _Unreadable(why)
        if not reference:
            raise _missing(self._where.reference, "which case it is about")
        word = self._word(item, self._where.status)
        if not word:
            raise _missing(self._where.status, "the status")
        return AgencyUpdate(
            reference=reference,
            event_type=self._event_type(word),
            raw_status=word,
            text=self._text(item),
            unit=self._word(item, self._where.unit),
            event_id=self._word(item, self._where.event_id) or _event_id(meta),
            sequence=self._sequence(item),
            occurred_at=self._time(item, meta),
        )

    def _event_type(self, word: str) -> str:
        event_type = self._events.get(normalise_status(word))
        if event_type is None:
            why = (
                "the status word is not in [statuses] of agency.toml: add it there "
                f"and replay; known words: {self._known_words}"
            )
            raise _Unreadable(why, code="unmapped_status")
        return event_type

    def _word(self, item: dict[str, Any], path: str) -> str:
        """Read a short word; empty where there is none."""
        value = pick(item, path) if path else None
        if value is None or value == "":
            return ""
        word = as_word(value)
        if not word and not _blank(value):
            why = f"the field {path} holds no short text"
            raise _Unreadable(why)
        return word

    def _text(self, item: dict[str, Any]) -> str:
        value = pick(item, self._where.text) if self._where.text else None
        if value is None:
            return ""
        if not isinstance(value, str):
            why = f"the field {self._where.text} holds no text"
            raise _Unreadable(why)
        return value.replace("\x00", "").strip()[:TEXT_CHARACTERS_MAX]

    def _sequence(self, item: dict[str, Any]) -> int | None:
        path = self._where.sequence
        word = self._word(item, path)
        if not word:
            if self._order_by is OrderBy.SEQUENCE:
                raise _missing(path, "the number that orders this agency's updates")
            return None
        number = int(word) if word.isascii() and word.isdigit() else SEQUENCE_MAX + 1
        if number > SEQUENCE_MAX:
            why = f"the field {path} holds no whole number"
            raise _Unreadable(why)
        return number

    def _time(self, item: dict[str, Any], meta: Mapping[str, Any]) -> datetime | None:
        path, time_format = self._where.time, self._where.time_format
        value = pick(item, path) if path else None
        if value is None or _blank(value):
            path, time_format, value = "ce-time", "", meta.get("ce-time")
        if value is None:
            if self._order_by is OrderBy.TIME:
                raise _missing(self._where.time, "the time that orders the updates")
            return None
        try:
            return read_time(str(value), self._zone, time_format)
        except ValueError as error:
            shape = time_format or "ISO 8601"
            why = f"the field {path} holds no time ({shape})"
            raise _Unreadable(why, code="bad_time") from error


def _event_id(meta: Mapping[str, Any]) -> str:
    return as_word(meta.get("ce-id") or meta.get("message_id") or "")


def _blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()


def _missing(path: str, what: str) -> _Unreadable:
    return _Unreadable(f"the field {path} is missing: {what}", code="missing_field")
