"""The ledger: what a source has, against the journal. Holes are named."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Key(NamedTuple):
    """How a message is known."""

    source: str
    source_key: str


class JournalEntry(NamedTuple):
    """A journal row of a message."""

    journal_id: str
    state: str
    """Empty where only the key was kept (retention)."""


class Standing(StrEnum):
    """How a message of a source stands."""

    KEPT = "kept"
    """In the journal."""
    UNREAD = "unread"
    """Not asked for yet."""
    UNFETCHABLE = "unfetchable"
    """The source does not give it; a quarantined row stands for it."""
    HOLE = "hole"
    """The source was read past it, and the journal does not have it."""


def standing(
    entries: Sequence[JournalEntry], noted: Sequence[JournalEntry], *, is_read: bool
) -> Standing:
    """Judge one message by its rows, and by those that stand for it."""
    if entries:
        return Standing.KEPT
    if noted:
        return Standing.UNFETCHABLE
    return Standing.HOLE if is_read else Standing.UNREAD


@dataclass
class Ledger:
    """What one source has."""

    source: str
    messages: int = 0
    standings: Counter[Standing] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    """Of the journal rows of what is kept."""
    holes: list[str] = field(default_factory=list)
    """Places of messages that the journal does not have."""
    unfetchable: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    """Places of messages that became more than one event."""
    changed: list[str] = field(default_factory=list)
    """Places of messages whose content is another one than the journal has."""
    taken: list[str] = field(default_factory=list)
    """Places of messages that were put into the journal just now."""
    places: dict[str, str] = field(default_factory=dict, repr=False)
    """Journal row -> where its message is."""

    def add(self, place: str, found: Standing, entries: Sequence[JournalEntry]) -> None:
        """Count one message."""
        self.messages += 1
        self.standings[found] += 1
        if entries:
            self.states[entries[-1].state or "forgotten"] += 1
            self.places |= {entry.journal_id: place for entry in entries}
        if found is Standing.HOLE:
            self.holes.append(place)
        if found is Standing.UNFETCHABLE:
            self.unfetchable.append(place)

    def name_doubled(self, journal_ids: Collection[str]) -> None:
        """Name the messages of rows that became more than one event."""
        self.doubled += sorted({self.places[one] for one in journal_ids})

    @property
    def is_whole(self) -> bool:
        """True where nothing is missing and nothing was doubled."""
        missing = set(self.holes) - set(self.taken)
        return not missing and not self.doubled

    def told(self) -> Mapping[str, object]:
        """Say it as one JSON object."""
        counts = {each.value: self.standings[each] for each in Standing}
        return {
            "source": self.source,
            "messages": self.messages,
            **counts,
            "states": dict(sorted(self.states.items())),
            "holes": self.holes,
            "unfetchable_at": self.unfetchable,
            "doubled": self.doubled,
            "changed": self.changed,
            "taken": self.taken,
            "whole": self.is_whole,
        }
