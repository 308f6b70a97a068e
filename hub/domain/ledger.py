"""The ledger: what a source has, against the journal. Holes are named."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Key(NamedTuple):
    """How a message is known."""

    source: str
    source_key: str


class Kept(NamedTuple):
    """A journal row of a message."""

    journal_id: str
    state: str
    """Empty where only the key was kept (retention)."""
    complaint_id: str
    """The complaint in whose log its event stands; empty where it made none."""


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


def standing(kept: Sequence[Kept], noted: Sequence[Kept], *, is_read: bool) -> Standing:
    """Judge one message by its rows, and by those that stand for it."""
    if kept:
        return Standing.KEPT
    if noted:
        return Standing.UNFETCHABLE
    return Standing.HOLE if is_read else Standing.UNREAD


def is_doubled(kept: Sequence[Kept]) -> bool:
    """Tell whether one message became more than one complaint's event."""
    events = [row.complaint_id for row in kept if row.complaint_id]
    return len(events) > 1 and len(set(events)) > 1


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
    """Places of messages that became more than one complaint."""
    changed: list[str] = field(default_factory=list)
    """Places of messages whose content is another one than the journal has."""
    taken: list[str] = field(default_factory=list)
    """Places of messages that were put into the journal just now."""

    def add(self, place: str, found: Standing, kept: Sequence[Kept]) -> None:
        """Count one message."""
        self.messages += 1
        self.standings[found] += 1
        if kept:
            self.states[kept[-1].state or "forgotten"] += 1
        if found is Standing.HOLE:
            self.holes.append(place)
        if found is Standing.UNFETCHABLE:
            self.unfetchable.append(place)
        if is_doubled(kept):
            self.doubled.append(place)

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
