"""Expressions are bounded, whatever is written, and say where they are wrong."""

import sys
import threading
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.protocols.expressions import (
    RECURSION_LIMIT,
    Expression,
    ExpressionError,
    compile_pattern,
    evaluate_in_child,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def test_a_whole_object_is_made_by_one_expression() -> None:
    text = '{"judul": $uppercase(title), "kode": $lookup({"a": 5}, kind)}'

    assert Expression(text).evaluate({"title": "jalan", "kind": "a"}) == {
        "judul": "JALAN",
        "kode": 5,
    }


@pytest.mark.parametrize(
    ("text", "position"), [("a[", 2), ("$sum('x')", 5), ("{'a': }", 7)]
)
def test_what_is_wrong_is_said_with_its_place(text: str, position: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        Expression(text).evaluate({})

    assert caught.value.position == position
    assert f"at character {position}" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "($f := function($n){$f($n + 1)}; $f(1))",
        "($f := function($n){1 + $f($n + 1)}; $f(1))",
        "function($x){$x}",
        '$eval("1")',
        "/(?=a)/",
        "$error('Budi')",
        '$join([1..1000000].("abcdefghij"))',
    ],
)
def test_nothing_runs_away(text: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        Expression(text).evaluate({"name": "Budi"})

    assert "Budi" not in str(caught.value)


def test_a_pattern_takes_time_by_the_length_of_the_text_only() -> None:
    found = Expression("$match(a, /^(a+)+$/)").evaluate({"a": "a" * 5000 + "b"})

    assert not found
    assert compile_pattern("(a+)+$").search("a" * 5000 + "b") is None


def test_its_time_begins_at_each_evaluation_and_nothing_is_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = Expression("($seen ? 'again' : ($seen := true; 'first'))")
    now = [1_000_000]
    monkeypatch.setattr(
        "jsonata.timebox.Timebox.current_milli_time", staticmethod(lambda: now[0])
    )
    found = [one.evaluate({})]
    now[0] += 3_600_000
    found.append(one.evaluate({}))

    assert found == ["first", "first"]


def test_many_threads_share_one_expression() -> None:
    one = Expression("$map(rows, function($r){$r * factor})")
    wrong: list[Any] = []

    def work(factor: int) -> None:
        for _ in range(30):
            found = one.evaluate({"rows": [1, 2, 3], "factor": factor})
            if found != [factor, 2 * factor, 3 * factor]:
                wrong.append(found)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(JSON)
def test_any_data_can_be_looked_at(data: Any) -> None:
    assert Expression("{'n': 1}").evaluate({"x": data}) == {"n": 1}


def test_the_process_keeps_its_own_limit_of_recursion() -> None:
    Expression("1").evaluate({})

    assert sys.getrecursionlimit() == RECURSION_LIMIT


def test_an_expression_can_be_tried_in_a_process_that_is_killed() -> None:
    assert evaluate_in_child("a & 'b'", {"a": "x"}, seconds=30) == "xb"
    with pytest.raises(ExpressionError, match="stopped after"):
        evaluate_in_child("$sum([1..9999999])", {}, seconds=0.5)
    with pytest.raises(ExpressionError, match="not JSONata") as caught:
        evaluate_in_child("a[", {}, seconds=30)

    assert caught.value.position == 2
