"""An answer as spans: what is new, what is quoted, what is a signature.

Nothing is ever taken away: the spans cover the whole text, in order, and each names
the rule by which it is what it is.
"""

import re
from dataclasses import dataclass
from itertools import groupby

from connectors.protocols.mail import phrases
from connectors.protocols.mail.quotes import mark_older, mark_ours, mark_quoted

REPLY, QUOTED, SIGNATURE = "reply", "quoted", "signature"
LINES_MAX = 30_000
_SIGNATURE_LINES_MAX, _MARKED_SIGNATURE_LINES_MAX = 8, 20
_DEVICE_LINES_MAX = 8
_FOOTER_LINES_MAX = 6
_DEVICE_CHARS_MAX = 400
_DISCLAIMER_CHARS_MAX = 3_000
_MARKS_ONLY = re.compile(r"[\s>*_=~#+\u1427-]*")

CONFIDENCE = {
    "": 0.9,
    "ours": 1.0,
    "banner": 0.95,
    "header_block": 0.95,
    "attribution": 0.95,
    "marked": 0.9,
    "loose_attribution": 0.7,
    "device": 0.95,
    "dashes": 0.9,
    "footer": 0.8,
    "marks": 0.9,
}
"""How sure each rule is, from 0 to 1; a split is as sure as its least sure rule."""


@dataclass(frozen=True)
class Span:
    """Characters `start` to `end` of the text."""

    kind: str
    """reply, quoted or signature."""
    start: int
    end: int
    rule: str
    """Empty for what is new."""


@dataclass(frozen=True)
class Split:
    """An answer, divided; the spans cover all of it."""

    reply: str
    quoted: str
    signature: str
    spans: tuple[Span, ...]
    confidence: float


def split_reply(text: str) -> Split:
    """Divide the clean text of a mail that answers another one."""
    # What lies behind so many lines is one more "line", and new.
    lines = text.split("\n", LINES_MAX)
    rules = [""] * len(lines)
    mark_ours(lines, rules)
    mark_older(lines, rules)
    mark_quoted(lines, rules)
    kinds = [QUOTED if rule else REPLY for rule in rules]
    _mark_signature(lines, kinds, rules)
    parts = {
        kind: "\n".join(
            line for line, own in zip(lines, kinds, strict=True) if own == kind
        ).strip("\n")
        for kind in (REPLY, QUOTED, SIGNATURE)
    }
    found = {rule for rule in rules if rule} or {""}
    confidence = min(CONFIDENCE[rule] for rule in found)
    spans = tuple(_spans(lines, kinds, rules))
    return Split(parts[REPLY], parts[QUOTED], parts[SIGNATURE], spans, confidence)


def says_nothing(text: str) -> bool:
    """Tell whether a mail holds no words but those of a signature."""
    lines = text.split("\n")
    kinds, rules = [REPLY] * len(lines), [""] * len(lines)
    _mark_signature(lines, kinds, rules)
    written = (line for line, kind in zip(lines, kinds, strict=True) if kind == REPLY)
    return not any(char.isalnum() for line in written for char in line)


def _spans(lines: list[str], kinds: list[str], rules: list[str]) -> list[Span]:
    found: list[Span] = []
    start = 0
    numbered = zip(kinds, rules, lines, strict=True)
    for (kind, rule), group in groupby(numbered, key=lambda row: row[:2]):
        length = sum(len(line) + 1 for *_, line in group)
        found.append(Span(kind, start, start + length, rule))
        start += length
    # The last line has no break behind it.
    last = found[-1]
    found[-1] = Span(last.kind, last.start, last.end - 1, last.rule)
    return found


def _mark_signature(lines: list[str], kinds: list[str], rules: list[str]) -> None:
    """Mark what ends the new part: dashes and a few lines, a telephone's words."""

    def new() -> list[int]:
        return [n for n, kind in enumerate(kinds) if kind == REPLY]

    def mark(numbers: list[int], rule: str) -> None:
        for number in numbers:
            kinds[number], rules[number] = SIGNATURE, rule

    mark(_trailing_marks(lines, new()), "marks")
    mark(_footer(lines, new()), "footer")
    mark(_disclaimer(lines, new()), "footer")
    mark(_devices(lines, new()), "device")
    mark(_below_dashes(lines, new()), "dashes")
    mark(_devices(lines, new()), "device")
    mark(_trailing_marks(lines, new()), "marks")
    mark(_leading_blanks(lines, new()), "marks")


def _trailing_marks(lines: list[str], new: list[int]) -> list[int]:
    end = len(new)
    while end > 0 and _MARKS_ONLY.fullmatch(lines[new[end - 1]]):
        end -= 1
    return new[end:]


def _leading_blanks(lines: list[str], new: list[int]) -> list[int]:
    first = 0
    while first < len(new) and not lines[new[first]].strip():
        first += 1
    return new[:first]


def _devices(lines: list[str], new: list[int]) -> list[int]:
    found: list[int] = []
    for _ in range(_DEVICE_LINES_MAX):
        blank = _trailing_marks(lines, new)
        above = new[: len(new) - len(blank)]
        if not above or not _is_of_device(lines[above[-1]]):
            break
        found += [above[-1], *blank]
        new = above[:-1]
    return found


def _is_of_device(line: str) -> bool:
    if len(line) > _DEVICE_CHARS_MAX:
        return False
    words = phrases.DEVICE_LINK.sub("", line)
    return phrases.DEVICE_LINE.fullmatch(words) is not None


def _disclaimer(lines: list[str], new: list[int]) -> list[int]:
    """Find the last paragraph, where it says whom a mail is meant for."""
    end = len(new)
    while end > 0 and not lines[new[end - 1]].strip():
        end -= 1
    first = end
    while first > 0 and lines[new[first - 1]].strip():
        first -= 1
    said = "\n".join(lines[n] for n in new[first:end])
    if first == 0 or len(said) > _DISCLAIMER_CHARS_MAX:
        return []
    return new[first:] if phrases.DISCLAIMER.match(said) else []


def _below_dashes(lines: list[str], new: list[int]) -> list[int]:
    below = 0
    for place in range(len(new) - 1, -1, -1):
        line = lines[new[place]]
        # With the blank behind it, it is the mark that programs agreed on.
        certain = line == "-- "
        if certain or (
            below <= _SIGNATURE_LINES_MAX and phrases.SIGNATURE_DASHES.fullmatch(line)
        ):
            return new[place:]
        below += bool(line.strip())
        if below > _MARKED_SIGNATURE_LINES_MAX:
            break
    return []


def _footer(lines: list[str], new: list[int]) -> list[int]:
    """Find what a mailing list puts below: a rule, its name, an address of the web."""
    below: list[str] = []
    for place in range(len(new) - 1, -1, -1):
        line = lines[new[place]]
        if phrases.LIST_RULE.fullmatch(line):
            linked = any(phrases.WEB_LINE.search(each) for each in below)
            return new[place:] if linked else []
        if line.strip():
            below.append(line)
        if len(below) > _FOOTER_LINES_MAX:
            break
    return []
