"""What counts as an agency's id of a case."""

from typing import Any

CHARACTERS_MAX = 200


def as_word(value: Any) -> str:
    """Read an id or a short word, text or whole number; empty when it is neither."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    word = str(value).strip()
    return word if len(word) <= CHARACTERS_MAX and word.isprintable() else ""


def as_reference(value: Any) -> str:
    """Read an agency's id of a case; empty when it cannot be one."""
    word = as_word(value)
    # In the path of an address these would lead somewhere else.
    return "" if word in {".", ".."} else word
