"""The ledger of a channel: all that its sources have is in the journal, or named."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Protocol

from connectors.contract import Held, Receiptful, Source
from connectors.errors import Refused
from hub.domain.ledger import JournalEntry, Key, Ledger, Standing, standing
from schemas.raw import RawMessage

AT_ONCE = 500


class Keeper(Protocol):
    """What the journal knows of messages."""

    def look_up(self, keys: Iterable[Key]) -> Mapping[Key, Sequence[JournalEntry]]:
        """Find the rows of messages by (source, source key)."""

    def is_same(self, journal_id: str, raw: RawMessage) -> bool:
        """Tell whether a row was made of this message, by whatever way it came."""

    def doubled(self, journal_ids: Collection[str]) -> set[str]:
        """Name rows whose message became more than one event."""


class Balance:
    """Goes through all messages of a source and says how each stands."""

    def __init__(
        self,
        keeper: Keeper,
        accept: Callable[[RawMessage], Receiptful] | None = None,
        *,
        deep: bool = False,
    ) -> None:
        self._keeper = keeper
        self._accept = accept
        """Takes what is missing; None only looks."""
        self._deep = deep
        """Read each message again, and compare its content."""

    def __call__(self, name: str, source: Source, checkpoint: bytes | None) -> Ledger:
        """Draw the ledger of one source; idempotent.

        Raises the errors of `connectors.errors` where the source cannot be read, and
        ConnectionError where the database is away.
        """
        ledger = Ledger(name)
        for some in _in_parts(source.held(checkpoint)):
            keys = [Key(one.source, one.source_key) for one in some]
            noted = [Key(one.source, one.noted_key) for one in some]
            known = self._keeper.look_up([*keys, *noted])
            for one, key, other in zip(some, keys, noted, strict=True):
                self._one(ledger, source, one, known.get(key, ()), known.get(other, ()))
        ledger.name_doubled(self._keeper.doubled(ledger.places.keys()))
        return ledger

    def _one(
        self,
        ledger: Ledger,
        source: Source,
        one: Held,
        entries: Sequence[JournalEntry],
        noted: Sequence[JournalEntry],
    ) -> None:
        found = standing(entries, noted, is_read=one.is_read)
        ledger.add(one.place, found, entries)
        takes = found in {Standing.HOLE, Standing.UNFETCHABLE} and self._accept
        looks = self._deep and found is Standing.KEPT
        raw = _fetched(source, one.place) if takes or looks else None
        if raw is None:
            return
        if takes and self._accept is not None:
            self._accept(raw)
            ledger.taken.append(one.place)
        elif not any(self._keeper.is_same(row.journal_id, raw) for row in entries):
            ledger.changed.append(one.place)


def _fetched(source: Source, place: str) -> RawMessage | None:
    try:
        return source.fetch(place)
    except Refused:
        return None  # removed meanwhile


def _in_parts(held: Iterator[Held]) -> Iterator[list[Held]]:
    while some := list(islice(held, AT_ONCE)):
        yield some
