"""What is new in an answer, and what it only quotes.

When in doubt a line counts as new: a quotation too many can be read over, a
citizen's sentence that is lost cannot.
"""

import re
from dataclasses import dataclass

from connectors.protocols.mail import phrases

_ATTRIBUTION_LINES_MAX = 4
_HEADER_BLOCK_LINES = 9
_SIGNATURE_LINES_MAX = 8
_MARKS_ONLY = re.compile(r"[\s>*_=~#+-]*")


@dataclass(frozen=True)
class Split:
    """An answer in two: the newly written part, and the rest."""

    reply: str
    rest: str


def split_reply(text: str) -> Split:
    """Divide the clean text of a mail that answers another one."""
    lines = text.split("\n")
    new, rest = _without_ours(lines)
    cut = _cut(new)
    new, rest = new[:cut], new[cut:] + rest
    kept = [not quoted for quoted in _quoted(new)]
    rest = [line for line, keep in zip(new, kept, strict=True) if not keep] + rest
    reply = [line for line, keep in zip(new, kept, strict=True) if keep]
    written = without_signature(reply)
    return Split("\n".join(written), "\n".join(rest).strip("\n"))


def without_signature(lines: list[str]) -> list[str]:
    """Drop what a telephone signs with, and a short signature below dashes."""
    lines = _without_device_lines(_trimmed(lines))
    for number in range(len(lines) - 1, -1, -1):
        below = [line for line in lines[number + 1 :] if line.strip()]
        if len(below) > _SIGNATURE_LINES_MAX:
            break
        if phrases.SIGNATURE_DASHES.fullmatch(lines[number]):
            return _without_device_lines(_trimmed(lines[:number]))
    return lines


def says_nothing(text: str) -> bool:
    """Tell whether a mail holds no words but those of a signature."""
    lines = without_signature(text.split("\n"))
    return not any(char.isalnum() for line in lines for char in line)


def _without_ours(lines: list[str]) -> tuple[list[str], list[str]]:
    """Take out the hub's own mail where it is quoted without marks."""
    for start, line in enumerate(lines):
        if phrases.QUOTED_LINE.match(line) or not phrases.DELIMITER_LINE.search(line):
            continue
        ends = (
            n
            for n, each in enumerate(lines)
            if n > start and phrases.END_LINE.search(each)
        )
        end = next(ends, len(lines) - 1)
        top = _introduction(lines, start)
        return lines[:top] + lines[end + 1 :], lines[top : end + 1]
    return lines, []


def _introduction(lines: list[str], start: int) -> int:
    """Find where the lines that introduce the quotation at `start` begin."""
    top = start
    while top > 0 and _MARKS_ONLY.fullmatch(lines[top - 1]):
        top -= 1
    for first in range(max(0, top - _HEADER_BLOCK_LINES), top):
        if _is_banner(lines, first) or _is_header_block(lines, first, top):
            return first
        end = _attribution_end(lines, first)
        if end == top:
            return first
    return start


def _cut(lines: list[str]) -> int:
    """Find the line from which everything is an older mail."""
    written = False
    for number, line in enumerate(lines):
        if written and _begins_older_mail(lines, number):
            return number
        written = written or _is_written(line)
    return len(lines)


def _begins_older_mail(lines: list[str], number: int) -> bool:
    if _is_banner(lines, number) or _is_header_block(lines, number, len(lines)):
        return True
    end = _attribution_end(lines, number)
    if end == 0:
        return False
    joined = " ".join(lines[number:end])
    certain = "@" in joined or phrases.DATED.search(joined) is not None
    return certain and not _quote_follows(lines, end)


def _is_banner(lines: list[str], number: int) -> bool:
    return phrases.BANNER.fullmatch(lines[number]) is not None


def _is_header_block(lines: list[str], number: int, stop: int) -> bool:
    """Recognise the headers that Outlook prints above an older mail.

    Official letters have Dari, Kepada and Perihal too, so a date is asked for.
    """
    if phrases.RULE_LINE.fullmatch(lines[number]):
        below = (n for n in range(number + 1, stop) if lines[n].strip())
        number = next(below, number)
    if not phrases.HEADER_FROM.match(lines[number]):
        return False
    block = lines[number + 1 : min(stop, number + _HEADER_BLOCK_LINES)]
    dated = any(phrases.HEADER_DATE.match(line) for line in block)
    return dated and any(phrases.HEADER_OTHER.match(line) for line in block)


def _attribution_end(lines: list[str], number: int) -> int:
    """Give the line behind an attribution that begins here, or 0."""
    first = lines[number]
    if not (phrases.DATED_START.match(first) or phrases.NAMED_START.match(first)):
        return 0
    joined = ""
    last = min(number + _ATTRIBUTION_LINES_MAX, len(lines))
    for end in range(number, last):
        line = lines[end].strip()
        if not line or (end > number and phrases.DATED_START.match(line)):
            return 0
        joined = f"{joined} {line.removeprefix('> ')}".strip()
        if phrases.ATTRIBUTION.fullmatch(joined) and (
            "@" in joined or phrases.DATED.search(joined)
        ):
            return end + 1
    return 0


def _quote_follows(lines: list[str], number: int) -> bool:
    while number < len(lines) and not lines[number].strip():
        number += 1
    return number < len(lines) and bool(phrases.QUOTED_LINE.match(lines[number]))


def _quoted(lines: list[str]) -> list[bool]:
    """Mark the quoted lines and the lines that introduce them."""
    marks = [bool(phrases.QUOTED_LINE.match(line)) for line in lines]
    runs = [False] * len(lines)
    for number, marked in enumerate(marks):
        introduced = marked and _introduced(lines, marks, number, runs)
        beside = (number > 0 and marks[number - 1]) or (
            number + 1 < len(marks) and marks[number + 1]
        )
        # One line alone may be the citizen's own "> 50 orang".
        runs[number] = runs[number] or (marked and (beside or introduced))
    return runs


def _introduced(
    lines: list[str], marks: list[bool], number: int, runs: list[bool]
) -> bool:
    """Mark the attribution above the first line of a quotation, if it has one."""
    if number > 0 and marks[number - 1]:
        return False
    above = number
    while above > 0 and not lines[above - 1].strip():
        above -= 1
    candidates = range(max(0, above - _ATTRIBUTION_LINES_MAX), above)
    exact = (n for n in candidates if _attribution_end(lines, n) == above)
    loose = (n for n in candidates if _is_loose(lines, n, above))
    first = next(exact, next(loose, None))
    if first is not None:
        runs[first:number] = [True] * (number - first)
    return first is not None


def _is_loose(lines: list[str], first: int, above: int) -> bool:
    """Recognise a paragraph of one or two lines that can only name a quotation."""
    block = lines[first:above]
    whole = first == 0 or not lines[first - 1].strip()
    if not all(line.strip() for line in block) or len(block) > (2 if whole else 1):
        return False
    if not block[-1].rstrip().endswith(":"):
        return False
    return phrases.LOOSE_ATTRIBUTION.fullmatch(" ".join(block)) is not None


def _is_written(line: str) -> bool:
    return any(char.isalnum() for char in line) and not phrases.QUOTED_LINE.match(line)


def _without_device_lines(lines: list[str]) -> list[str]:
    lines = _trimmed(lines)
    while lines and phrases.DEVICE_LINE.fullmatch(lines[-1]):
        lines = _trimmed(lines[:-1])
    return lines


def _trimmed(lines: list[str]) -> list[str]:
    """Drop empty lines and lines of mere marks at both ends."""
    first, last = 0, len(lines)
    while first < last and not lines[first].strip():
        first += 1
    while last > first and _MARKS_ONLY.fullmatch(lines[last - 1]):
        last -= 1
    return lines[first:last]
