"""The status words of GeoReport and of the mySociety dialect."""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Word(StrEnum):
    """A status on the wire: upper case in POST, lower case in GET."""

    OPEN = "open"
    CLOSED = "closed"
    FIXED = "fixed"
    IN_PROGRESS = "in_progress"
    INVESTIGATING = "investigating"
    ACTION_SCHEDULED = "action_scheduled"
    PLANNED = "planned"
    DUPLICATE = "duplicate"
    NOT_COUNCILS_RESPONSIBILITY = "not_councils_responsibility"
    NO_FURTHER_ACTION = "no_further_action"
    INTERNAL_REFERRAL = "internal_referral"
    FOR_TRIAGE = "for_triage"
    CANCELLED = "cancelled"
    REOPEN = "reopen"
    UNCHANGED = "unchanged"
    """An update that leaves the status as it is."""


ALIASES: Mapping[str, Word] = MappingProxyType(
    {
        "confirmed": Word.OPEN,
        "submitted": Word.OPEN,
        "fixed_council": Word.FIXED,
        "not_responsible": Word.NOT_COUNCILS_RESPONSIBILITY,
        "unable_to_fix": Word.NO_FURTHER_ACTION,
        "canceled": Word.CANCELLED,
        "reopened": Word.REOPEN,
    }
)
"""Other spellings that were met, normalised -> what they mean."""

_BETWEEN = re.compile(r"[\W_]+")


def normalise(word: str) -> str:
    """Make words equal that differ in case, spaces and punctuation only."""
    return _BETWEEN.sub("_", word.casefold()).strip("_")


def read_word(text: str) -> Word | None:
    """Name the status that a text stands for; None for a word of nobody's."""
    word = normalise(text)
    if word in ALIASES:
        return ALIASES[word]
    try:
        return Word(word)
    except ValueError:
        return None
