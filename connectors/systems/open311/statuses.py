"""What an Open311 status means to us, and which one we say of a complaint."""

from collections.abc import Mapping
from types import MappingProxyType

from connectors.protocols.open311.words import Word, normalise, read_word

EVENTS: Mapping[Word, str] = MappingProxyType(
    {
        Word.OPEN: "acknowledged",
        Word.FOR_TRIAGE: "acknowledged",
        Word.UNCHANGED: "acknowledged",
        Word.INTERNAL_REFERRAL: "unit_assigned",
        Word.INVESTIGATING: "work_started",
        Word.PLANNED: "work_started",
        Word.ACTION_SCHEDULED: "work_started",
        Word.IN_PROGRESS: "work_started",
        Word.REOPEN: "work_started",
        Word.FIXED: "resolved",
        Word.CLOSED: "resolved",
        Word.DUPLICATE: "resolved",
        Word.NO_FURTHER_ACTION: "resolved",
        Word.CANCELLED: "resolved",
        Word.NOT_COUNCILS_RESPONSIBILITY: "return_requested",
    }
)
"""Status of the server -> event type, where the manifest says nothing else."""

WORDS: Mapping[str, Word] = MappingProxyType(
    {
        "received": Word.OPEN,
        "verified": Word.OPEN,
        "assigned": Word.OPEN,
        "assigned_unit": Word.INTERNAL_REFERRAL,
        "in_progress": Word.IN_PROGRESS,
        "appealed": Word.REOPEN,
        "on_hold": Word.FOR_TRIAGE,
        "return_requested": Word.NOT_COUNCILS_RESPONSIBILITY,
        "closed": Word.CLOSED,
        "archived": Word.NO_FURTHER_ACTION,
        "rejected": Word.NO_FURTHER_ACTION,
        "emergency_redirected": Word.NO_FURTHER_ACTION,
        "merged": Word.DUPLICATE,
        "withdrawn": Word.CANCELLED,
    }
)
"""Canonical status -> what is sent where extended statuses are spoken."""

_ENDED = frozenset(
    {Word.CLOSED, Word.NO_FURTHER_ACTION, Word.DUPLICATE, Word.CANCELLED}
)


class StatusTable:
    """The built-in table under the manifest's own rows, which win."""

    def __init__(self, rows: Mapping[str, str]) -> None:
        self._rows = {normalise(word): event for word, event in rows.items()}

    def event_type(self, *words: str) -> str:
        """Map the first of these words that is known; empty where none is.

        The manifest's rows are asked for every word before the built-in ones.
        """
        for word in words:
            if (found := self._rows.get(normalise(word))) is not None:
                return found
        for word in words:
            if (standard := read_word(word)) is not None:
                return EVENTS[standard]
        return ""


def spoken(status: str, *, extended: bool) -> str:
    """Say a complaint's status in the words of POST: upper case."""
    word = WORDS.get(status, Word.OPEN)
    if not extended:
        word = Word.CLOSED if word in _ENDED else Word.OPEN
    return word.upper()
