"""What an officer may answer: a number or a word, each an event."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

_MARKS = re.compile(r"[\s.,:;!()\[\]{}>*_#-]+")
_ANY_MARKS = _MARKS.pattern.replace("+", "*")
_BETWEEN = r"\s*[.,:;!)\]-](?!\d)"
"""What parts a choice from a text behind it on the same line: no "3-4" or "2.30"."""
_GREETING = re.compile(
    r"(?:yth|kepada|dear|hi|hai|halo|hello|selamat|salam|assalam\w*|good)\b[^\n]{0,60}",
    re.IGNORECASE,
)
"""A line that may stand above the choice."""
_BEFORE = r"\s*[\[(#*_]*"
_LIKE = 0.75
"""How alike a word must be to be asked back."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of the menu: a number, and the words that mean the same."""

    number: int
    words: tuple[str, ...]
    """The agency's own words, as they stand in [statuses]."""
    event_type: str

    @property
    def word(self) -> str:
        """The word that its number stands for."""
        return self.words[0]

    @property
    def title(self) -> str:
        """All of its words, as a person reads them."""
        return " / ".join(self.words)

    def names(self) -> Iterator[tuple[str, str]]:
        """Give what may be written, folded, and the word that it stands for."""
        yield str(self.number), self.word
        for word in self.words:
            yield _folded(word), word


@dataclass(frozen=True, slots=True)
class Chosen:
    """What an answer chose, and what it says besides."""

    choice: Choice
    word: str
    """The word that was written, or that the number stands for."""
    text: str


def menu_of(statuses: Mapping[str, str]) -> tuple[Choice, ...]:
    """Number what the words of [statuses] mean, in their order.

    Words of one event, such as an Indonesian and an English one, share a line.
    """
    words: dict[str, list[str]] = {}
    for word, event in statuses.items():
        words.setdefault(event, []).append(word)
    return tuple(
        Choice(number, tuple(same), event)
        for number, (event, same) in enumerate(words.items(), start=1)
    )


def read_choice(menu: Sequence[Choice], reply: str) -> Chosen | None:
    """Find the number or word that a reply begins with; None for neither.

    It stands alone on the first line that is no greeting, or a mark parts it from what
    follows: "3 hari lagi" and "selesai besok" are sentences, "3. Sudah" is a choice and
    a text. Two choices on one line are none.
    """
    first, rest = first_line(reply)
    folded = _folded(first)
    for choice, name, word in _names(menu):
        if folded == name:
            return Chosen(choice, word, rest)
        behind = _behind(first, name)
        if behind is None:
            continue
        if any(_begins(behind, other) for _, other, _ in _names(menu)):
            return None
        return Chosen(choice, word, "\n".join(filter(None, (behind, rest))))
    return None


def first_line(reply: str) -> tuple[str, str]:
    """Give the line in which a choice is looked for, and what stands below it."""
    first, _, rest = reply.strip().partition("\n")
    if rest.strip() and _GREETING.fullmatch(first.strip()):
        first, _, rest = rest.strip().partition("\n")
    return first.strip(), rest.strip()


def nearest(menu: Sequence[Choice], line: str) -> Choice | None:
    """Find the one choice that a line may have meant; None where that is open."""
    named = {name: choice for choice, name, _ in _names(menu) if not name.isdigit()}
    words = _folded(line).split()
    heads = [" ".join(words[:count]) for count in (1, 2, 3)]
    likely = [
        name
        for head in heads
        for name in get_close_matches(head, named, 2, _LIKE)
        if name[0] == head[0]  # "terima kasih" is thanks, and no slip of "diterima"
    ]
    found = {named[name].number: named[name] for name in likely}
    return next(iter(found.values())) if len(found) == 1 else None


def _names(menu: Sequence[Choice]) -> Iterator[tuple[Choice, str, str]]:
    """Give every name of every choice, the longest first."""
    every = [(choice, *name) for choice in menu for name in choice.names()]
    yield from sorted(every, key=lambda each: -len(each[1]))


def _folded(text: str) -> str:
    return _MARKS.sub(" ", text.casefold()).strip()


def _behind(line: str, name: str) -> str | None:
    """Give the text behind a choice and its mark; None where they are not there."""
    written = _ANY_MARKS.join(re.escape(word) for word in name.split())
    match = re.match(
        rf"{_BEFORE}{written}{_BETWEEN}{_ANY_MARKS}", line, flags=re.IGNORECASE
    )
    return line[match.end() :].strip() if match else None


def _begins(text: str, name: str) -> bool:
    """Tell whether a text is another choice, or one with a mark behind it."""
    return _folded(text) == name or _behind(text, name) is not None
