"""The delivery pool keeps every hint until its row was looked at."""

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from hub.bootstrap import delivering
from hub.bootstrap.delivering import DeliverWorker
from hub.broker.consumer import Batch
from hub.ports import Grant
from hub.stages.deliver import Call
from tests.services.waiting import wait_until

LANE = "deliver.dinas_pupr"
NOBODY: Any = None
Leasing = Callable[[list[str]], list[str] | float | frozenset[str]]
"""What of the ids is leased; seconds when the party denies them all; a set of ids
when somebody holds them."""


class Deliver:
    """Leases what a script says, and notes what it was asked for and what it called."""

    def __init__(self, script: Sequence[Leasing]) -> None:
        self._script = list(script)
        self.asked: list[list[str]] = []
        self.called: list[str] = []
        self.settled: list[str] = []
        self.begun: list[int] = []
        """How many leases each beginning took."""
        self.hold_beginning: threading.Event | None = None
        """What the first beginning waits for."""
        self.outages = 0
        """Times that the database is away when outcomes are to be written."""
        self.hold: threading.Event | None = None
        """What calls wait for."""

    def lease_many(self, wanted: Sequence[tuple[str, list[str], int]]) -> list[Grant]:
        return [self._lease(*one) for one in wanted]

    def has_asked(self, times: int) -> bool:
        return len(self.asked) == times

    def _lease(self, lane: str, ids: list[str], slots: int) -> Grant:
        self.asked.append(ids)
        found = self._script.pop(0)(ids) if self._script else ids
        if isinstance(found, float):
            return Grant((), found)
        if isinstance(found, frozenset):
            return Grant((), None, found)
        cursors = [SimpleNamespace(complaint_id=i) for i in found[:slots]]
        leases: list[Any] = [SimpleNamespace(cursor=cursor) for cursor in cursors]
        return Grant(leases)

    def begin(self, leases: Sequence[Any], leased_at: float) -> list[Any]:
        if self.hold_beginning is not None and not self.begun:
            self.hold_beginning.wait(10)
        self.begun.append(len(leases))
        sendings: list[Any] = [SimpleNamespace(lease=lease) for lease in leases]
        return [Call(NOBODY, sending, "attempt", math.inf) for sending in sendings]

    def call(self, call: Any) -> Any:
        self.called.append(call.sending.lease.cursor.complaint_id)
        if self.hold is not None:
            self.hold.wait(10)
        return SimpleNamespace(lease=call.sending.lease)

    def take_back(self, call: Any) -> Any:
        return SimpleNamespace(lease=call.sending.lease)

    def settle(self, group: Sequence[Any]) -> None:
        if self.outages:
            self.outages -= 1
            raise ConnectionError
        self.settled += [ended.lease.cursor.complaint_id for ended in group]


class Cursors:
    def take_hints(self) -> list[tuple[str, str]]:
        return []


class Pool:
    """A worker that may be given hints from inside a lease."""

    def __init__(self) -> None:
        self.deliver = Deliver([])
        self.worker: DeliverWorker | None = None

    def start(self, *script: Leasing, threads: int = 8) -> DeliverWorker:
        self.deliver = Deliver(script)
        deliver, cursors, hinting = self.deliver, Cursors(), lambda _: None
        self.worker = DeliverWorker(
            deliver,  # type: ignore[arg-type]
            cursors,  # type: ignore[arg-type]
            hinting,
            threads,
        )
        self.worker.start()
        return self.worker


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool()
    yield made
    if made.worker is not None:
        made.worker.stop(5)


def test_a_hint_that_comes_during_the_lease_of_its_row_is_not_lost(pool: Pool) -> None:
    began = threading.Event()

    def not_due_yet_and_then_due(ids: list[str]) -> list[str]:
        worker(Batch(LANE, ids))  # the row was settled just now, and is due again
        began.set()
        return []

    worker = pool.start(not_due_yet_and_then_due)
    worker(Batch(LANE, ["c1"]))

    assert wait_until(lambda: pool.deliver.called == ["c1"], 5)
    assert began.is_set()
    assert pool.deliver.asked == [["c1"], ["c1"]]


def test_ids_beyond_the_free_slots_wait_and_go_first(pool: Pool) -> None:
    worker = pool.start(threads=1)
    worker(Batch(LANE, ["c1", "c2", "c3"]))

    assert wait_until(lambda: len(pool.deliver.called) == 3, 5)
    assert pool.deliver.called == ["c1", "c2", "c3"]


def test_what_was_leased_during_a_beginning_is_begun_together(pool: Pool) -> None:
    worker = pool.start()
    pool.deliver.hold_beginning = threading.Event()
    for n in range(6):  # one after the other: each is leased alone
        worker(Batch(f"deliver.agency{n}", [f"c{n}"]))
        assert wait_until(partial(pool.deliver.has_asked, n + 1), 5)
    pool.deliver.hold_beginning.set()

    assert wait_until(lambda: len(pool.deliver.called) == 6, 5)
    assert pool.deliver.begun == [1, 5]


def test_a_database_that_is_away_costs_no_hint(pool: Pool) -> None:
    def away(ids: list[str]) -> list[str]:
        raise ConnectionError

    worker = pool.start(away)
    worker(Batch(LANE, ["c1", "c2"]))

    assert wait_until(lambda: sorted(pool.deliver.called) == ["c1", "c2"], 10)


def test_rows_that_are_not_due_are_forgotten(pool: Pool) -> None:
    worker = pool.start(lambda _: [])
    worker(Batch(LANE, ["c1"]))
    assert wait_until(lambda: pool.deliver.asked == [["c1"]], 5)
    worker(Batch(LANE, ["c2"]))

    assert wait_until(lambda: pool.deliver.called == ["c2"], 5)
    assert pool.deliver.asked == [["c1"], ["c2"]]


def test_ids_that_are_denied_a_permit_are_asked_for_again(pool: Pool) -> None:
    worker = pool.start(lambda _: 0.05, lambda _: 0.05)
    worker(Batch(LANE, ["c1", "c2", "c3"]))

    assert wait_until(lambda: sorted(pool.deliver.called) == ["c1", "c2", "c3"], 5)
    # At first two for one slot; after that a lane looks further.
    assert pool.deliver.asked[:2] == [["c1", "c2"], ["c1", "c2", "c3"]]


def test_a_denied_lane_delays_no_other(pool: Pool) -> None:
    worker = pool.start(lambda _: 3600.0)
    worker(Batch(LANE, ["c1"]))
    assert wait_until(lambda: pool.deliver.asked == [["c1"]], 5)
    worker(Batch("deliver.dinkes", ["c2"]))

    assert wait_until(lambda: pool.deliver.called == ["c2"], 5)
    assert pool.deliver.asked == [["c1"], ["c2"]]


def test_what_somebody_holds_for_a_moment_is_asked_for_again(pool: Pool) -> None:
    worker = pool.start(frozenset)
    worker(Batch(LANE, ["c1"]))

    assert wait_until(lambda: pool.deliver.called == ["c1"], 5)
    assert pool.deliver.asked == [["c1"], ["c1"]]


def test_outcomes_wait_while_the_database_is_away(pool: Pool) -> None:
    worker = pool.start()
    pool.deliver.outages = 2
    worker(Batch(LANE, ["c1", "c2"]))

    assert wait_until(lambda: sorted(pool.deliver.settled) == ["c1", "c2"], 10)
    assert pool.deliver.outages == 0


def test_stopping_ends_running_calls_and_settles_all_outcomes(pool: Pool) -> None:
    worker = pool.start()
    pool.deliver.hold = threading.Event()
    pool.deliver.outages = 1
    worker(Batch(LANE, ["c1"]))
    assert wait_until(lambda: pool.deliver.called == ["c1"], 5)

    stopping = threading.Thread(target=worker.stop, args=(10,))
    stopping.start()
    worker(Batch(LANE, ["c2"]))
    pool.deliver.hold.set()
    stopping.join(10)

    assert pool.deliver.settled == ["c1"]
    assert pool.deliver.called == ["c1"]


def test_no_more_is_leased_while_too_much_is_unsettled(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "UNSETTLED_MAX", 3)
    worker = pool.start(threads=8)
    pool.deliver.outages = 10**6
    for n in range(3):
        worker(Batch(f"deliver.a{n}", [f"c{n}"]))
    assert wait_until(lambda: len(pool.deliver.called) == 3, 5)
    assert wait_until(lambda: not worker.running(), 5)
    for n in range(3, 8):
        worker(Batch(f"deliver.a{n}", [f"c{n}"]))
    assert not wait_until(lambda: len(pool.deliver.called) > 3, 0.5)

    pool.deliver.outages = 0
    assert wait_until(lambda: len(pool.deliver.settled) == 8, 10)
