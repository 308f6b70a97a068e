"""What an officer may answer: a number or a word, each an event."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_MARKS = re.compile(r"[\s.,:;()\[\]{}>*_#-]+")
WORDS_MAX = 6
"""An answer's first line of more words is a text, no choice."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of the menu."""

    number: int
    word: str
    """The agency's own word, as it stands in [statuses]."""
    event_type: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """What an answer chose, and what it says besides."""

    choice: Choice
    text: str


def menu_of(statuses: Mapping[str, str]) -> tuple[Choice, ...]:
    """Number the words of [statuses] in their order."""
    return tuple(
        Choice(number, word, event)
        for number, (word, event) in enumerate(statuses.items(), start=1)
    )


def read_choice(menu: Sequence[Choice], reply: str) -> Chosen | None:
    """Find the number or word that a reply begins with; None for neither."""
    lines = reply.strip().split("\n")
    first, rest = lines[0].strip(), "\n".join(lines[1:]).strip()
    folded = _folded(first)
    for choice in sorted(menu, key=lambda each: -len(each.word)):
        for name in (str(choice.number), _folded(choice.word)):
            if folded == name:
                return Chosen(choice, rest)
            if folded.startswith(f"{name} ") and _is_marked(first, name):
                return Chosen(choice, _joined(first, name, rest))
    return None


def _folded(text: str) -> str:
    return _MARKS.sub(" ", text.casefold()).strip()


def _is_marked(line: str, name: str) -> bool:
    """Tell whether a mark or the word itself parts the choice from the text.

    "3 hari lagi selesai" is a sentence, "3. Sudah selesai" is a choice and a text.
    """
    if not name.isdigit():
        return (
            len(line.split()) <= WORDS_MAX or line[len(name) : len(name) + 1] in ".:,-"
        )
    return re.match(rf"\s*[\[(#]?{name}\s*[.):\]-]", line) is not None


def _joined(first: str, name: str, rest: str) -> str:
    """Give what stands behind the choice, as it was written."""
    marks = _MARKS.pattern.replace("+", "*")
    words = marks.join(re.escape(word) for word in name.split())
    behind = re.sub(rf"^{marks}{words}{marks}", "", first, flags=re.IGNORECASE)
    return "\n".join(filter(None, (behind.strip(), rest)))
