"""A hint's body: a list of ids, and nothing else is one."""

import json
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.broker.codec import IDS_PER_HINT, chunks, decode, encode
from tests.unit.broker.hints import lists_of_ids

NESTED_DEEPLY = b"[" * 100_000


@settings(deadline=None)
@given(ids=lists_of_ids)
def test_what_is_written_is_read(ids: tuple[str, ...]) -> None:
    assert decode(encode(ids)) == list(ids)
    assert decode(encode(ids).decode()) == list(ids)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(deadline=None)
@given(body=st.binary() | st.text() | json_values.map(json.dumps))
@example(body=NESTED_DEEPLY)
@example(body=NESTED_DEEPLY.decode())
@example(body=b'["\\ud800"]')
@example(body=b'["jalan berlubang"]')
@example(body=b"9" * 5000)
@example(body=b"")
def test_whatever_comes_is_a_list_of_ids_or_refused(body: bytes | str) -> None:
    """Nobody else's words reach the store: one of them would fail a whole batch."""
    try:
        found = decode(body)
    except ValueError:
        return

    assert found == [str(UUID(one)) for one in found]


@pytest.mark.parametrize("body", [b"{}", b'"a"', b"[1]", b"[[]]", b"null", b"[", b"x"])
def test_what_is_no_list_of_ids_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json has words of its own for it
        decode(body)


@settings(deadline=None)
@given(ids=lists_of_ids)
def test_lists_are_cut_in_order_and_filled(ids: tuple[str, ...]) -> None:
    parts = list(chunks(ids))

    assert [one for part in parts for one in part] == list(ids)
    assert all(len(part) == IDS_PER_HINT for part in parts[:-1])
    assert all(1 <= len(part) <= IDS_PER_HINT for part in parts)
