"""Joining hints before they are sent and after they have come."""

from collections.abc import Iterable, Sequence
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from hub.broker.codec import IDS_PER_HINT
from hub.broker.consumer import batches
from hub.broker.ledger import Hint
from hub.broker.publisher import merge
from tests.unit.broker.hints import (
    FINDERS,
    LANES,
    Message,
    hint_message,
    hints,
    message,
    row_id,
)

GARBAGE = (b"", b"[", b"{}", b"[7]", b"\xff\xfe", b"[" * 100_000, b'["\xff"]')


def in_order(hints: Iterable[Hint]) -> dict[tuple[str, str], list[str]]:
    """Give each lane's ids in the order of their first coming."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for hint in hints:
        lane = found.setdefault((hint.lane, hint.by), {})
        lane.update(dict.fromkeys(hint.ids))
    return {key: list(ids) for key, ids in found.items() if ids}


def joined(parts: Iterable[tuple[str, str, Sequence[str]]]) -> dict[object, list[str]]:
    found: dict[object, list[str]] = {}
    for lane, by, ids in parts:
        found.setdefault((lane, by), []).extend(ids)
    return found


@settings(deadline=None)
@given(waiting=st.lists(hints, max_size=12))
def test_merged_hints_name_every_row_once_and_in_order(waiting: list[Hint]) -> None:
    merged = merge(waiting)

    found = joined((hint.lane, hint.by, hint.ids) for hint in merged)
    assert found == in_order(waiting)
    assert list(found) == list(in_order(waiting))


@settings(deadline=None)
@given(waiting=st.lists(hints, max_size=12))
def test_merged_hints_are_as_few_as_possible(waiting: list[Hint]) -> None:
    merged = merge(waiting)

    assert all(1 <= len(hint.ids) <= IDS_PER_HINT for hint in merged)
    expected = sum(-(-len(ids) // IDS_PER_HINT) for ids in in_order(waiting).values())
    assert len(merged) == expected


@settings(deadline=None)
@given(waiting=st.lists(hints, max_size=12))
def test_merging_again_changes_nothing(waiting: list[Hint]) -> None:
    assert merge(merge(waiting)) == merge(waiting)


@settings(deadline=None)
@given(
    came=st.lists(st.tuples(hints, st.booleans()), max_size=12),
    ids_max=st.integers(1, 200),
)
def test_batches_name_every_row_once_and_in_order(
    came: list[tuple[Hint, bool]], ids_max: int
) -> None:
    found = batches((hint_message(h, redelivered=again) for h, again in came), ids_max)

    for again in (False, True):
        some = [batch for batch in found if batch.redelivered is again]
        expected = in_order(hint for hint, was_again in came if was_again is again)
        assert joined((b.lane, b.by, b.ids) for b in some) == expected


@settings(deadline=None)
@given(came=st.lists(hints, max_size=12), ids_max=st.integers(1, 200))
def test_batches_are_as_few_as_possible(came: list[Hint], ids_max: int) -> None:
    found = batches(map(hint_message, came), ids_max)

    assert all(1 <= len(batch.ids) <= ids_max for batch in found)
    expected = sum(-(-len(ids) // ids_max) for ids in in_order(came).values())
    assert len(found) == expected


def test_an_empty_hint_asks_for_nothing() -> None:
    assert batches([message(LANES[0], b"[]")], 500) == []


@settings(deadline=None)
@given(
    good=st.lists(hints, min_size=1, max_size=4),
    bad=st.lists(st.sampled_from(GARBAGE) | st.binary(), max_size=6),
    order=st.randoms(),
)
def test_garbage_harms_no_neighbour(
    good: list[Hint], bad: list[bytes], order: Random
) -> None:
    came: list[Message] = [hint_message(hint) for hint in good]
    came += [message(LANES[0], b"x" + body) for body in bad]
    came += [message(LANES[0], GARBAGE[5])]
    order.shuffle(came)

    with capture_logs() as lines:
        found = batches(came, 500)

    assert {(b.lane, b.by, i) for b in found for i in b.ids} == {
        (hint.lane, hint.by, one) for hint in good for one in hint.ids
    }
    said = [(line["event"], line["log_level"], line["lane"]) for line in lines]
    assert said == [("hint_unreadable", "error", LANES[0])] * (len(bad) + 1)


def test_a_hint_of_another_program_counts_as_a_hint() -> None:
    ids = f'["{row_id(1)}"]'

    (batch,) = batches([message("intake.web", ids, by=None)], 500)

    assert (batch.by, batch.redelivered, batch.ids) == ("hint", False, (row_id(1),))


def test_those_who_find_rows_are_named_apart() -> None:
    came = [message("intake.web", f'["{row_id(1)}"]', by) for by in FINDERS]

    assert [batch.by for batch in batches(came, 500)] == list(FINDERS)
