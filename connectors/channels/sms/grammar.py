"""What a citizen asks for in an SMS; whatever is no command is a complaint."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from connectors.protocols.optout import read_opt_out

HELP_WORDS = frozenset({"INFO", "HELP", "BANTUAN", "CARA", "LAPOR"})
STATUS_WORDS = frozenset({"STATUS", "CEK"})
POLITE_WORDS_MAX = 3
"""More words behind the code of a question are something to pass on."""
REPLY_WORDS = frozenset({"TL", "BALAS", "JAWAB"})

# Nine letters and digits with a border of blanks or dashes in any place; each
# character may be one that the code's alphabet leaves out (O for 0).
CODE = re.compile(
    r"[0-9A-Z]{4}[\s\-_.]*[0-9A-Z]{4}[\s\-_.]*[0-9A-Z](?![0-9A-Z])", re.IGNORECASE
)
_FIRST_WORD = re.compile(r"\s*[\"'#*(]*([0-9A-Za-z]+)(?:[\s*#:;,.\-=/]+|$)")
_MARKS = " \t\n\"'#*().,!?;:-"


@dataclass(frozen=True)
class OptOutWish:
    """No more messages, or messages again."""

    opted_out: bool


@dataclass(frozen=True)
class Question:
    """help, status or no_content; the code as it was typed."""

    kind: str
    code: str = ""


@dataclass(frozen=True)
class Answer:
    """Words for the complaint with this code."""

    code: str
    text: str


@dataclass(frozen=True)
class Words:
    """A complaint, with its keyword for routing."""

    text: str
    keyword: str = ""


Wish = OptOutWish | Question | Answer | Words


def read_wish(text: str, keywords: Mapping[str, str]) -> Wish:
    """Read a clean text; when in doubt it is a complaint."""
    whole = text.strip(_MARKS).upper()
    if not _says_something(text):
        return Question("no_content")
    if (opted_out := read_opt_out(text)) is not None:
        return OptOutWish(opted_out=opted_out)
    if whole in HELP_WORDS | REPLY_WORDS:
        return Question("help")
    first = _FIRST_WORD.match(text)
    if first is None:
        return Words(text)
    word, rest = first[1].upper(), text[first.end() :].strip()
    return _command(word, rest) or _complaint(word, rest, text, keywords)


def _command(word: str, rest: str) -> Wish | None:
    if word in STATUS_WORDS:
        return _status(rest.strip(_MARKS))
    if word in REPLY_WORDS and (code_at := CODE.match(rest)):
        words = rest[code_at.end() :].lstrip(_MARKS).rstrip()
        code = code_at[0]
        return Answer(code, words) if words else Question("no_content", code)
    return None


def _complaint(word: str, rest: str, text: str, keywords: Mapping[str, str]) -> Wish:
    keyword = keywords.get(word)
    if keyword != "":
        return Words(text, keyword or "")
    # A word that only says "complaint" is no part of it.
    return Words(rest) if _says_something(rest) else Question("help")


def _says_something(text: str) -> bool:
    return any(char.isalnum() for char in text)


def _status(rest: str) -> Wish | None:
    """Read what follows STATUS: a code, a code with some words, or a sentence."""
    if not rest or CODE.fullmatch(rest) or len(rest.split()) == 1:
        return Question("status", rest)
    code_at = CODE.match(rest)
    # Two words of a sentence may have nine letters; a code has digits or dashes.
    if code_at is None or not re.search(r"[\d-]", code_at[0]):
        return None
    words = rest[code_at.end() :].lstrip(_MARKS)
    if len(words.split()) <= POLITE_WORDS_MAX:
        return Question("status", code_at[0])
    return Answer(code_at[0], words)
