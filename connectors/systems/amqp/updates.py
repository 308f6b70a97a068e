"""Reads an agency's updates: each item alone, so that a bad one harms no other."""

import json
from collections.abc import Mapping
from typing import Any

from connectors.protocols.records.paths import DottedPath, pick, put
from connectors.protocols.records.reading import (
    NO_ENVELOPE,
    Envelope,
    ItemReader,
    Places,
    Unreadable,
)
from connectors.protocols.records.words import as_reference, as_word
from connectors.systems.amqp.settings import Update
from schemas.agency import AgencyManifest
from schemas.raw import RawMessage
from schemas.updates import AgencyUpdate, Corrupt

STRUCTURED = "application/cloudevents+json"
"""An event whose envelope is in the body, too: the update is its `data`."""


class UpdateReader:
    """Maps the items of one agency's messages by its manifest."""

    def __init__(self, manifest: AgencyManifest, where: Update) -> None:
        self._where = where
        self._items_by = ItemReader(manifest, _places(where))

    def split(self, raw: RawMessage) -> list[bytes]:
        """Divide a message into bodies of one item each; [] when it cannot be."""
        try:
            items, _ = self._items(raw)
        except Unreadable:
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
        except Unreadable as error:
            return [Corrupt(code=error.code, why=error.why)]
        # The envelope's id and time are the item's where the item has none, but only
        # of the only one: several may not share an id.
        envelope = _envelope(meta) if len(items) == 1 else NO_ENVELOPE
        return [self._read_item(item, envelope) for item in items]

    def _items(self, raw: RawMessage) -> tuple[list[Any], Mapping[str, Any]]:
        """Find the items of a message, and what its envelope says."""
        try:
            tree = json.loads(raw.body)
        except (ValueError, RecursionError) as error:
            why = "the message is not JSON"
            raise Unreadable(why) from error
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
            raise Unreadable(why)
        return items, meta

    def _read_item(self, item: Any, envelope: Envelope) -> AgencyUpdate | Corrupt:
        by = self._items_by
        reference = as_reference(pick(item, self._where.reference))

        def read() -> AgencyUpdate:
            whole = by.require(item, reference, "which case it is about")
            return by.update(whole, reference, envelope)

        return by.guarded(reference, read)


def _places(where: Update) -> Places:
    return Places(
        reference=DottedPath(where.reference),
        status=DottedPath(where.status),
        time=_maybe(where.time),
        time_format=where.time_format,
        sequence=_maybe(where.sequence),
        event_id=_maybe(where.event_id),
        text=_maybe(where.text),
        unit=_maybe(where.unit),
    )


def _maybe(path: str) -> DottedPath | None:
    return DottedPath(path) if path else None


def _envelope(meta: Mapping[str, Any]) -> Envelope:
    time = meta.get("ce-time")
    return Envelope(
        event_id=as_word(meta.get("ce-id") or meta.get("message_id") or ""),
        time=None if time is None else str(time),
        time_field="ce-time",
    )
