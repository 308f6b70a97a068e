"""Which lines of an answer only quote an older mail.

When in doubt a line counts as new: a quotation too many can be read over, a
citizen's sentence that is lost cannot.
"""

import re

from connectors.protocols.mail import phrases

_ATTRIBUTION_LINES_MAX = 6
_HEADER_BLOCK_LINES = 11
_BOLD_LINES_MIN = 3
# A longer line is a paragraph, and none of what programs print.
_LINE_CHARS_MAX = 400
_HEADERS_BELOW_BANNER = 2
_MARKS_ONLY = re.compile(r"[\s>*_=~#+\u1427-]*")


def mark_ours(lines: list[str], rules: list[str]) -> None:
    """Mark the hub's own mail where it is quoted without marks."""
    for start, line in enumerate(lines):
        if phrases.QUOTED_LINE.match(line) or not phrases.DELIMITER_LINE.search(line):
            continue
        ends = (
            n
            for n, each in enumerate(lines)
            if n > start and phrases.END_LINE.search(each)
        )
        # Cut off by a program: only what surely is ours, since words may stand below.
        end = next(ends, _last_of_ours(lines, start))
        for number in range(_introduction(lines, start), end + 1):
            rules[number] = "ours"
        return


def _last_of_ours(lines: list[str], start: int) -> int:
    """Find the last line that only we write; the delimiter where there is none."""
    ours = (n for n in range(start, len(lines)) if phrases.CODE_LINE.search(lines[n]))
    return next(ours, start)


def mark_older(lines: list[str], rules: list[str]) -> None:
    """Mark everything from the line on where an older mail begins."""
    written = False
    for number, line in enumerate(lines):
        if rules[number]:
            continue
        if written and (rule := _begins_older_mail(lines, number)):
            for below in range(number, len(lines)):
                rules[below] = rules[below] or rule
            return
        written = written or is_written(line)


def mark_quoted(lines: list[str], rules: list[str]) -> None:
    """Mark runs of quoted lines, and the lines that introduce them."""
    marks = [
        bool(phrases.QUOTED_LINE.match(line)) and not rule
        for line, rule in zip(lines, rules, strict=True)
    ]
    for number, marked in enumerate(marks):
        if not marked:
            continue
        introduced = _introduced(lines, marks, number, rules)
        beside = (number > 0 and marks[number - 1]) or (
            number + 1 < len(marks) and marks[number + 1]
        )
        # One line alone may be the citizen's own "> 50 orang".
        if beside or introduced:
            rules[number] = "marked"


def _introduction(lines: list[str], start: int) -> int:
    """Find where the lines that introduce the quotation at `start` begin."""
    top = start
    while top > 0 and _MARKS_ONLY.fullmatch(lines[top - 1]):
        top -= 1
    for first in range(max(0, top - _HEADER_BLOCK_LINES), top):
        if len(lines[first]) > _LINE_CHARS_MAX:
            continue
        if _is_banner(lines, first) or _is_header_block(lines, first, top):
            return first
        end = _attribution_end(lines, first)
        if end == top:
            return first
    return start


def _begins_older_mail(lines: list[str], number: int) -> str:
    """Name the rule by which an older mail begins here; empty when none does."""
    if len(lines[number]) > _LINE_CHARS_MAX:
        return ""
    if _is_banner(lines, number):
        return "banner"
    if _is_header_block(lines, number, len(lines)):
        return "header_block"
    end = _attribution_end(lines, number)
    if end == 0 or _quote_follows(lines, end):
        return ""
    joined = " ".join(lines[number:end])
    alone = number == 0 or not lines[number - 1].strip()
    certain = phrases.ADDRESSED.search(joined) or (
        alone and phrases.STAMPED.search(joined)
    )
    return "attribution" if certain else ""


def _is_banner(lines: list[str], number: int) -> bool:
    """Recognise the line above an older mail; in other languages by what is below."""
    if phrases.BANNER.fullmatch(lines[number]):
        return True
    if not phrases.ANY_BANNER.fullmatch(lines[number]):
        return False
    below = [line for line in lines[number + 1 : number + 9] if line.strip()]
    fields = [line for line in below[:4] if phrases.ANY_HEADER.match(line)]
    return len(fields) >= _HEADERS_BELOW_BANNER and "@" in " ".join(below[:5])


def _is_header_block(lines: list[str], number: int, stop: int) -> bool:
    """Recognise the headers that Outlook prints above an older mail.

    Official letters have Dari, Tanggal, Kepada and Perihal too, and parcels are
    Dikirim: a program also prints the time of day, and an address or the subject.
    """
    if phrases.RULE_LINE.fullmatch(lines[number]):
        below = (n for n in range(number + 1, stop) if lines[n].strip())
        number = next(below, number)
    if not phrases.HEADER_FROM.match(lines[number]):
        return False
    block = _block(lines, number, stop)
    addressed = any("@" in line for line in block)
    bold = sum(bool(phrases.BOLD.match(line)) for line in block) >= _BOLD_LINES_MIN
    timed = any(phrases.TIME_OF_DAY.search(line) for line in block)
    return (addressed or bold or timed) and _are_headers(
        block, addressed=addressed, bold=bold
    )


def _are_headers(block: list[str], *, addressed: bool, bold: bool) -> bool:
    sent = [line for line in block if phrases.HEADER_SENT.match(line)]
    dated = [line for line in block if phrases.HEADER_DATE.match(line)]
    titled = any(phrases.HEADER_SUBJECT.match(line) for line in block)
    directed = titled or any(phrases.HEADER_TO.match(line) for line in block)
    if not (sent or dated) or not directed:
        return False
    timed = any(phrases.TIME_OF_DAY.search(line) for line in (*sent, *dated))
    return (
        bold
        or (addressed and (timed or bool(sent)))
        or (timed and titled and bool(sent))
    )


def _block(lines: list[str], number: int, stop: int) -> list[str]:
    """Give the headers from here on, with what is wrapped and blank between them."""
    found: list[str] = []
    for at in range(number, min(stop, number + _HEADER_BLOCK_LINES)):
        if not lines[at].strip():
            below = lines[at + 1] if at + 1 < stop else ""
            if not any(each.match(below) for each in phrases.HEADERS):
                break
        found.append(lines[at])
    return found


def _attribution_end(lines: list[str], number: int) -> int:
    """Give the line behind an attribution that begins here, or 0."""
    first = lines[number]
    if len(first) > _LINE_CHARS_MAX:
        return 0
    here = phrases.DATED_START.match(first) or phrases.NAMED_START.match(first)
    elsewhere = phrases.FOREIGN_START.match(first)
    if not (here or elsewhere):
        return 0
    joined = ""
    last = min(number + _ATTRIBUTION_LINES_MAX, len(lines))
    for end in range(number, last):
        line = lines[end].strip()
        if not line and end > number and _goes_on(lines, end):
            continue
        if not line or (end > number and phrases.DATED_START.match(line)):
            return 0
        joined = f"{joined} {line.removeprefix('> ')}".strip()
        if len(joined) > _LINE_CHARS_MAX:
            return 0
        if (here and _is_attribution(joined)) or _is_foreign_attribution(joined):
            return end + 1
    return 0


def _goes_on(lines: list[str], number: int) -> bool:
    """Tell whether a bracket that holds an address stands below an empty line."""
    return number + 1 < len(lines) and lines[number + 1].startswith("<")


def _is_attribution(joined: str) -> bool:
    return phrases.ATTRIBUTION.fullmatch(joined) is not None and (
        "@" in joined or phrases.DATED.search(joined) is not None
    )


def _is_foreign_attribution(joined: str) -> bool:
    return (
        joined.endswith(phrases.COLONS)
        and any(char.isdigit() for char in joined)
        and phrases.FOREIGN_WROTE.search(joined) is not None
        and phrases.ADDRESSED.search(joined) is not None
    )


def _quote_follows(lines: list[str], number: int) -> bool:
    while number < len(lines) and not lines[number].strip():
        number += 1
    return number < len(lines) and bool(phrases.QUOTED_LINE.match(lines[number]))


def _introduced(
    lines: list[str], marks: list[bool], number: int, rules: list[str]
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
    first, rule = next(exact, None), "attribution"
    if first is None:
        first, rule = next(loose, None), "loose_attribution"
    if first is None:
        return False
    for each in range(first, number):
        rules[each] = rules[each] or rule
    return True


def _is_loose(lines: list[str], first: int, above: int) -> bool:
    """Recognise a paragraph of one or two lines that can only name a quotation."""
    block = lines[first:above]
    whole = first == 0 or not lines[first - 1].strip()
    whole = whole or phrases.NAMED_ADDRESS.search(block[0]) is not None
    if sum(map(len, block)) > _LINE_CHARS_MAX:
        return False
    if not all(line.strip() for line in block) or len(block) > (2 if whole else 1):
        return False
    if not block[-1].rstrip().endswith(phrases.COLONS):
        return False
    # A sentence above the line that names the quotation is no part of it.
    if len(block) > 1 and not any(char.isdigit() or char == "<" for char in block[0]):
        return False
    said = " ".join(block)
    # In any language: an address, or a day and a time of day.
    dated = phrases.YEAR_OR_DAY.search(said) and phrases.CLOCK.search(said)
    return "@" in said or bool(dated) or _names_a_writer(said)


def _names_a_writer(said: str) -> bool:
    return phrases.LOOSE_ATTRIBUTION.fullmatch(said) is not None


def is_written(line: str) -> bool:
    """Tell whether a line holds words that are not marked as quoted."""
    return any(char.isalnum() for char in line) and not phrases.QUOTED_LINE.match(line)
