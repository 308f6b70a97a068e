"""The line index agrees with the parser on every key that there is."""

import json
import tomllib
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connectors.kit.lines import line_index, line_of

NAMES = st.one_of(
    st.from_regex(r"[A-Za-z0-9_-]{1,8}", fullmatch=True),
    st.sampled_from(["a b", "titik.dua", "[x]", "#", 'kutip"', "=", "é"]),
)
VALUES = st.sampled_from(
    [
        "1",
        '"# no [comment]"',
        "'its [own]'",
        '[\n  "a", # [b]\n  "c]",\n]',
        '"""\n[not.a.table]\nx = 1\n"""',
        "'''\n[[nor.this]]\n'''",
        "{ b = 1, c = { d = 2 } }",
        "2026-11-24",
    ]
)
TABLES = st.lists(
    st.tuples(
        st.booleans(),
        st.lists(NAMES, min_size=1, max_size=3),
        st.dictionaries(NAMES, VALUES, max_size=4),
    ),
    max_size=5,
)


def quoted(name: str) -> str:
    bare = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if bare else json.dumps(name, ensure_ascii=False)


def written(tables: list[tuple[bool, list[str], dict[str, str]]]) -> str:
    lines = ["# first", "top = 1  # [not] a table", ""]
    for is_array, way, keys in tables:
        name = ".".join(quoted(step) for step in way)
        lines.append(f"[[{name}]]" if is_array else f"  [ {name} ] # said")
        lines += [f"{quoted(key)} = {value}" for key, value in keys.items()]
    return "\n".join(lines) + "\n"


def places(tree: Any, above: tuple[str | int, ...] = ()) -> Iterator[Any]:
    if isinstance(tree, dict):
        for name, below in tree.items():
            yield (*above, name)
            yield from places(below, (*above, name))
    elif isinstance(tree, list) and tree and all(isinstance(x, dict) for x in tree):
        for number, below in enumerate(tree):
            yield (*above, number)
            yield from places(below, (*above, number))


@given(TABLES)
def test_every_key_of_a_document_is_found_in_its_line(
    tables: list[tuple[bool, list[str], dict[str, str]]],
) -> None:
    text = written(tables)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        line_index(text)  # whatever is written, the index never raises
        return
    index = line_index(text)
    lines = text.split("\n")
    for place in places(document):
        name = next(step for step in reversed(place) if isinstance(step, str))
        line = lines[line_of(index, place) - 1]
        inline = place not in index
        assert inline or quoted(name) in line, (place, line)


@given(st.text())
def test_no_text_breaks_the_index(text: str) -> None:
    assert line_of(line_index(text), ("settings", "submit", 3)) >= 1


def test_keys_of_repeated_tables_have_lines_of_their_own() -> None:
    text = '[[units]]\nname = "a"\n\n[[units]]\nname = "b"\n[units.more]\nx = 1\n'
    index = line_index(text)

    assert index["units", 0, "name"] == 2
    assert index["units", 1, "name"] == 5
    assert index["units", 1, "more", "x"] == 7
