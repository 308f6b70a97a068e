"""Callers are committed in groups, and none harms another."""

import threading
from collections.abc import Iterator, Sequence

import pytest

from connectors.contract import Receiptful
from hub.database import accepting
from hub.database.accepting import GroupCommitter
from hub.ports import StoreUnavailableError
from schemas.raw import RawMessage
from tests.contract.builders import raw_message

POISON = b"poison"


class Store:
    """Commits groups when it is let, and refuses a poisonous one."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.began = threading.Event()
        self.may_go_on = threading.Event()

    def commit(self, raws: Sequence[RawMessage]) -> list[Receiptful]:
        self.began.set()
        assert self.may_go_on.wait(10)
        if any(raw.body == POISON for raw in raws):
            raise ValueError
        self.groups.append([raw.source_key for raw in raws])
        return [Receiptful(state="new", journal_id=raw.source_key) for raw in raws]


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def group(store: Store) -> Iterator[GroupCommitter]:
    made = GroupCommitter(store.commit)
    yield made
    store.may_go_on.set()
    made.close()


def test_what_waits_while_a_group_is_committed_is_the_next_group(
    store: Store, group: GroupCommitter
) -> None:
    first = group.submit(raw_message("k0"))
    assert store.began.wait(10)
    others = [group.submit(raw_message(f"k{n}")) for n in (1, 2, 3)]
    store.may_go_on.set()

    assert [f.result(10).journal_id for f in (first, *others)] == [
        "k0",
        "k1",
        "k2",
        "k3",
    ]
    assert store.groups == [["k0"], ["k1", "k2", "k3"]]


def test_a_caller_who_leaves_takes_only_a_message_back_that_was_not_begun(
    store: Store, group: GroupCommitter
) -> None:
    begun = group.submit(raw_message("k0"))
    assert store.began.wait(10)
    waiting, other = (group.submit(raw_message(key)) for key in ("k1", "k2"))

    assert not begun.cancel()
    assert waiting.cancel()
    store.may_go_on.set()

    assert other.result(10).journal_id == "k2"
    assert store.groups == [["k0"], ["k2"]]


def test_one_message_that_cannot_be_stored_harms_no_neighbour(
    store: Store, group: GroupCommitter
) -> None:
    group.submit(raw_message("k0"))
    assert store.began.wait(10)
    bad = group.submit(raw_message("k1", POISON))
    good = group.submit(raw_message("k2"))
    store.may_go_on.set()

    assert isinstance(bad.exception(10), ValueError)
    assert good.result(10).journal_id == "k2"


def test_too_many_are_told_to_come_back_at_once(
    store: Store, group: GroupCommitter
) -> None:
    group.submit(raw_message("k0"))
    assert store.began.wait(10)
    for n in range(accepting.WAITING_MAX):
        group.submit(raw_message(f"w{n}"))

    with pytest.raises(StoreUnavailableError, match="too busy"):
        group.submit(raw_message("one too many"))
