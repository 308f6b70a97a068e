"""In which line of a TOML file a key stands, since the parser does not say."""

import re
from collections.abc import Iterator, Mapping, Sequence

Place = tuple[str | int, ...]
"""Way to a value, such as ("units", 0, "name")."""

_TABLE = re.compile(r"^\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*""")
_QUOTES = ('"""', "'''", '"', "'")
_BRACKETS = {"[": 1, "{": 1, "]": -1, "}": -1}


def line_index(text: str) -> Mapping[Place, int]:
    """Map the place of every table and key to its line, counted from 1.

    Keys of inline tables stand at the line of the key that holds them. A text that
    is not TOML gives what can be told of it; never raises.
    """
    found: dict[Place, int] = {(): 1}
    table: Place = ()
    counts: dict[Place, int] = {}
    for number, line in _statements(text):
        if head := _TABLE.match(line):
            table = _in_arrays(_keys(head[2])[0], counts)
            if head[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                found.setdefault(table, number)
                table = (*table, counts[table])
            _note(found, table, number)
            continue
        names, rest = _keys(line)
        if names and rest.startswith("="):
            _note(found, (*table, *names), number)
    return found


def line_of(index: Mapping[Place, int], place: Sequence[str | int]) -> int:
    """Return the line of a place, or of the nearest thing above it."""
    way = tuple(place)
    while way not in index:
        way = way[:-1]
    return index[way]


def _note(found: dict[Place, int], place: Place, number: int) -> None:
    for length in range(1, len(place) + 1):
        found.setdefault(place[:length], number)


def _in_arrays(names: Sequence[str], counts: Mapping[Place, int]) -> Place:
    """Write a table's name with the number of the entry that it lies in."""
    way: Place = ()
    for position, name in enumerate(names):
        way = (*way, name)
        if way in counts and position < len(names) - 1:
            way = (*way, counts[way])
    return way


def _keys(line: str) -> tuple[list[str], str]:
    """Read a dotted key at the beginning; returns its parts and what follows."""
    names: list[str] = []
    rest = line
    while match := _KEY.match(rest):
        quoted, literal, bare = match.groups()
        names.append(next(one for one in (quoted, literal, bare) if one is not None))
        rest = rest[match.end() :]
        if not rest.startswith("."):
            break
        rest = rest[1:]
    return names, rest


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Give every line that begins a statement; values over several lines are one."""
    depth, quote = 0, ""
    for number, line in enumerate(text.split("\n"), start=1):
        if not depth and not quote and line.strip() and line.strip()[0] != "#":
            yield number, line.rstrip("\r")
        if not depth and not quote and _TABLE.match(line):
            continue
        depth, quote = _after(line, depth, quote)
        depth = max(depth, 0)
        if len(quote) == 1:
            quote = ""


def _after(line: str, depth: int, quote: str) -> tuple[int, str]:
    """Tell how deep in brackets, and in which quotes, the end of a line is."""
    at = 0
    while at < len(line):
        if quote:
            if line[at] == "\\" and quote[0] == '"':
                at += 2
                continue
            if line.startswith(quote, at):
                at += len(quote)
                quote = ""
                continue
        elif line[at] == "#":
            break
        elif opened := next((q for q in _QUOTES if line.startswith(q, at)), ""):
            quote = opened
            at += len(opened)
            continue
        else:
            depth += _BRACKETS.get(line[at], 0)
        at += 1
    return depth, quote
