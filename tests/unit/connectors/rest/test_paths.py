"""Dotted paths reach into JSON and build it."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from connectors.protocols.records.paths import MISSING, clashes, pick, put

NAMES = st.text(st.characters(exclude_characters="."), min_size=1, max_size=4)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map(".".join)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("", {"data": {"nomor": 1, "list": ["a", {"b": None}]}}),
        ("data.nomor", 1),
        ("data.list.0", "a"),
        ("data.list.1.b", None),
        ("data.list.2", MISSING),
        ("data.list.-1", MISSING),
        ("data.list.²", MISSING),
        ("data.nomor.x", MISSING),
        ("data.list.0.0", MISSING),
        ("nothing.at.all", MISSING),
    ],
)
def test_a_path_leads_to_a_value_or_to_nothing(path: str, value: object) -> None:
    tree = {"data": {"nomor": 1, "list": ["a", {"b": None}]}}

    assert pick(tree, path) == value


def test_nothing_is_not_null() -> None:
    assert pick({"a": None}, "a") is None
    assert not MISSING
    assert repr(MISSING) == "MISSING"


@given(PATHS, st.integers())
def test_one_path_round_trips(path: str, value: int) -> None:
    tree: dict[str, object] = {}

    put(tree, path, value)

    assert pick(tree, path) == value


def test_a_path_through_a_value_is_an_error() -> None:
    with pytest.raises(TypeError, match="leads through"):
        put({"a": 1}, "a.b", 2)


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        (["a", "b.c", "b.d"], []),
        (["a", "ab", "a.b"], ["a.b"]),
        (["a.b.c", "a-z", "a.b"], ["a.b.c"]),
        (["a", "a"], ["a"]),
    ],
)
def test_paths_that_cross_are_named(paths: list[str], found: list[str]) -> None:
    assert clashes(paths) == found


@given(st.lists(PATHS, max_size=6))
def test_paths_that_do_not_cross_can_all_be_put(paths: list[str]) -> None:
    assume(not clashes(paths))
    tree: dict[str, object] = {}

    for path in paths:
        put(tree, path, path)

    assert all(pick(tree, path) == path for path in paths)
