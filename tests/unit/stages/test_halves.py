"""One bad thing never takes others along."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.stages.halves import in_halves


@given(st.lists(st.booleans(), max_size=60))
def test_only_what_fails_alone_fails(goods: list[bool]) -> None:
    failed: list[int] = []
    done: list[int] = []

    def do(items: Sequence[int]) -> list[int]:
        if not all(goods[item] for item in items):
            raise ValueError
        done.extend(items)
        return list(items)

    found = in_halves(do, range(len(goods)), lambda item, _: failed.append(item))

    bad = [n for n, good in enumerate(goods) if not good]
    assert failed == bad
    assert done == [n for n, good in enumerate(goods) if good]
    assert found == [None if n in bad else n for n in range(len(goods))]


def test_a_lost_connection_is_nobodys_fault() -> None:
    def do(items: Sequence[int]) -> list[int]:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        in_halves(do, [1, 2], lambda *_: pytest.fail("it was blamed"))
