"""Asks the agency's API how cases stand."""

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any

from connectors.errors import Refused
from connectors.protocols.records.words import CHARACTERS_MAX, as_word
from connectors.systems.rest.caller import Caller
from connectors.systems.rest.coming_in import Snapshot
from connectors.systems.rest.pages import (
    Fetched,
    Position,
    after,
    fetch,
    names_of,
    unreadable,
)
from connectors.systems.rest.updates import UpdateReader
from schemas.agency import AgencyManifest
from schemas.updates import AgencyView

GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)


class Viewer:
    """Reads how the cases of one agency stand."""

    def __init__(
        self,
        manifest: AgencyManifest,
        snapshot: Snapshot,
        caller: Caller,
        reader: UpdateReader,
        base_url: str,
    ) -> None:
        self._seconds = manifest.limits.deadline_seconds
        self._call = snapshot
        self._caller = caller
        self._reader = reader
        self._base_url = base_url

    def views(self, references: Sequence[str]) -> Iterator[AgencyView]:
        """Yield the cases; raises the errors of `connectors.errors`."""
        if self._call.kind == "cases":
            for reference in references:
                yield from self._one(reference)
            return
        yield from self._all(references)

    def _one(self, reference: str) -> Iterator[AgencyView]:
        scope = {**self._caller.common(), "reference": reference}
        try:
            fetched = self._fetch(scope, Position())
        except Refused as error:
            if error.fingerprint.startswith(tuple(f"http {s.value} " for s in GONE)):
                yield AgencyView(reference=reference, present=False)
                return
            raise
        items = self._items(fetched)
        if not items:
            yield AgencyView(reference=reference, present=False)
        for item in items[-1:]:
            yield self._view(item, reference)

    def _all(self, references: Sequence[str]) -> Iterator[AgencyView]:
        seen: set[str] = set()
        at: Position | None = Position()
        while at is not None:
            paging = self._call.paging
            scope = {**self._caller.common(), **names_of(paging, at)}
            fetched = self._fetch(scope, at)
            items = self._items(fetched)
            for item in items:
                reference = self._reader.reference_of(item, self._call.reference)
                if reference and reference not in seen:
                    seen.add(reference)
                    yield self._view(item, reference)
            at = after(paging, at, fetched, len(items), self._base_url)
            if at is not None and at.number >= paging.pages_max:
                # Of what was not read nobody can say that it is missing.
                return
        for reference in references:
            if reference not in seen:
                yield AgencyView(reference=reference, present=False)

    def _fetch(self, scope: dict[str, Any], at: Position) -> Fetched:
        call = self._call
        return fetch(
            self._caller, "snapshot", call, call.paging, scope, at, self._seconds
        )

    def _items(self, fetched: Fetched) -> list[Any]:
        tree, headers = fetched.answered.tree, fetched.answered.answer.headers
        place = self._call.items
        found = place.take(tree, headers) if place else self._reader.items_of(tree)
        if isinstance(found, dict):
            return [found]
        if isinstance(found, list):
            return found
        raise unreadable(fetched.answered, self._call, "snapshot", "without cases")

    def _view(self, item: Any, reference: str) -> AgencyView:
        word, event = self._reader.status_of(item, self._call.status)
        key = self._call.key.take(item) if self._call.key else ""
        return AgencyView(
            reference=reference[:CHARACTERS_MAX],
            raw_status=word,
            event_type=event,
            updated_at=self._reader.time_of(item, self._call.time),
            key=as_word(key),
        )
