"""Reads an agency's updates: each item alone, so that a bad one harms no other."""

import json
from datetime import datetime
from typing import Any

from connectors.protocols.expressions import ExpressionError
from connectors.protocols.records.paths import put
from connectors.protocols.records.reading import ItemReader, Places, Unreadable
from connectors.protocols.records.words import as_reference, normalise_status
from connectors.systems.rest.answers import NotReadable, parse
from connectors.systems.rest.born import BornReader
from connectors.systems.rest.coming_in import Born, Update
from connectors.systems.rest.places import Place
from schemas.agency import AgencyManifest
from schemas.updates import AgencyComplaint, AgencyUpdate, Corrupt

REFERENCE = "reference"
"""Name in a raw message's meta of the case that was asked for."""
ITEM = "simpul.item"
"""Where a single record stands that a formula took out of its page."""
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
        self._items_by = ItemReader(manifest, _places(where))

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
            word = self._items_by.word(item, place or self._where.status)
        except Unreadable:
            return "", ""
        return word, self._items_by.known_event(word)

    def reference_of(self, item: Any, place: Place | None = None) -> str:
        """Return the case's id of an item; empty where there is none."""
        return as_reference((place or self._where.reference).take(item))

    def time_of(self, item: Any, place: Place | None = None) -> datetime | None:
        """Return the time of an item; None where there is none that can be read."""
        try:
            return self._items_by.time(item, place or self._where.time)
        except Unreadable:
            return None

    def _read_item(self, item: Any, asked: str) -> Record:
        reference = self.reference_of(item) or asked
        return self._items_by.guarded(reference, lambda: self._record(item, reference))

    def _record(self, item: Any, reference: str) -> AgencyUpdate | AgencyComplaint:
        item = self._items_by.require(item, reference, "the agency's id of the case")
        if self._born is not None and self._born.is_born(item):
            return self._complaint(self._born, item, reference)
        return self._items_by.update(item, reference, stands=self._where.stands)

    def _complaint(
        self, born: BornReader, item: dict[str, Any], reference: str
    ) -> AgencyComplaint:
        by = self._items_by
        word = by.word(item, self._where.status)
        is_new = normalise_status(word) in born.new_words
        return AgencyComplaint(
            reference=reference,
            complaint=born.read(item),
            raw_status=word,
            event_type="" if is_new or not word else by.event_type(word),
            event_id=by.event_id(item),
            sequence=by.sequence(item),
            occurred_at=by.time(item, self._where.time),
        )


def _places(where: Update) -> Places:
    return Places(
        reference=where.reference,
        status=where.status,
        time=where.time,
        time_format=where.time_format,
        sequence=where.sequence,
        event_id=where.event_id,
        text=where.text,
        unit=where.unit,
    )


def _parsed(body: bytes, language: str) -> Any:
    """Parse a message; a single record that we took out of one is always JSON."""
    if language != "json" and body.startswith(b'{"simpul.item"'):
        return parse(body, "json")
    if not body.strip():
        msg = "nothing"
        raise NotReadable(msg)
    return parse(body, language)
