"""What counts as an agency's id of a case, and as a short word of it."""

from typing import Any

CHARACTERS_MAX = 200


def as_word(value: Any) -> str:
    """Read a short text or a whole number, its spaces made one; empty if neither."""
    return _short(" ".join(_text(value).split()))


def as_reference(value: Any) -> str:
    """Read an agency's id of a case; empty when it cannot be one."""
    word = _short(_text(value).strip())
    # In the path of an address these would lead somewhere else.
    return "" if word in {".", ".."} else word


def normalise_status(word: str) -> str:
    """Make words equal that differ in case and spaces only."""
    return "".join(word.casefold().split())


def _text(value: Any) -> str:
    written = isinstance(value, str | int) and not isinstance(value, bool)
    return str(value) if written else ""


def _short(word: str) -> str:
    return word if len(word) <= CHARACTERS_MAX and word.isprintable() else ""
