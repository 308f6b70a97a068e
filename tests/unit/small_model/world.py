"""The whole: cursors, workers, messages; and every step that any of them may take."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TypeVar

from hub.domain.delivery import Cursor, CursorState
from tests.unit.small_model.judging import judge, judge_end, judge_step
from tests.unit.small_model.place import Hold, Lease, Party, Place, require
from tests.unit.small_model.rules import Rules
from tests.unit.small_model.stories import Plot, story

State = tuple[
    tuple[int, ...],  # places
    tuple[tuple[int, int], ...],  # workers: (place, hold), or IDLE
    tuple[tuple[int, ...], ...],  # rows of each complaint that are in its log
    tuple[int, ...],  # rows: not come, in the journal, settled
    int,  # faults left
]
IDLE = (-1, -1)
NOT_COME, IN_JOURNAL, SETTLED = range(3)
WORKERS = 2
Item = TypeVar("Item")


class Interned:
    """Numbers things, so that states are small and quick to compare."""

    def __init__(self) -> None:
        self._numbers: dict[object, int] = {}
        self.things: list[object] = []

    def __call__(self, thing: object) -> int:
        found = self._numbers.get(thing)
        if found is None:
            found = self._numbers[thing] = len(self.things)
            self.things.append(thing)
        return found


class World:
    """All steps of all states; what concerns one cursor is computed once."""

    def __init__(
        self, plot: Plot, rules: type[Rules], parties: Sequence[Party], faults: int
    ) -> None:
        self._plot = plot
        self._rules = rules(is_fine=plot.is_fine)
        self._faults = faults
        self._parties = {party.name: party for party in parties}
        self._place, self._hold = Interned(), Interned()
        self._local: dict[tuple[int, int], list[tuple[str, int, int, int]]] = {}
        self._alone: dict[tuple[int, bool], list[tuple[str, int, int]]] = {}
        self._calm: dict[tuple[int, tuple[int, ...]], tuple[int, tuple[int, ...]]] = {}
        self._woken: dict[tuple[int, tuple[int, ...]], int] = {}

    @cached_property
    def where(self) -> list[tuple[int, str]]:
        """Name the cursors: (complaint, party)."""
        return [
            (complaint, name)
            for complaint, first in enumerate(self._plot.first)
            for name, party in self._parties.items()
            if story(self._plot, complaint, ()).wanted(party)
        ]

    def place(self, number: int) -> Place:
        """Show one cursor."""
        found = self._place.things[number]
        assert isinstance(found, Place)
        return found

    def hold(self, number: int) -> Hold:
        """Show what one worker holds."""
        found = self._hold.things[number]
        assert isinstance(found, Hold)
        return found

    def start(self) -> State:
        """Give the state in which both complaints are accepted and routed."""
        places = tuple(self._first(*where) for where in self.where)
        nothing = tuple(() for _ in self._plot.first)
        workers = (IDLE,) * WORKERS
        rows = (NOT_COME,) * len(self._plot.messages)
        return places, workers, nothing, rows, self._faults

    def _first(self, complaint: int, name: str) -> int:
        party = self._parties[name]
        wanted = story(self._plot, complaint, ()).wanted(party)
        cursor = Cursor(
            complaint_id=f"c-{complaint}",
            party=name,
            recipient="",
            state=CursorState.ACTIVE,
            delivered_seq=wanted[0] - 1,
            target_seq=wanted[-1],
            assignment_no=1,
            generation=0,
            reference="",
        )
        return self._known(Place(party, cursor, wanted, hinted=self._plot.is_fine))

    def _known(self, place: Place) -> int:
        before = len(self._place.things)
        number = self._place(place)
        if number == before:
            judge(place)
        return number

    # steps

    def steps(self, state: State) -> Iterator[tuple[str, State]]:
        """Give every step that may be next, with the state after it."""
        yield from self._of_workers(state)
        yield from self._of_time(state)
        yield from self._of_messages(state)

    def _of_workers(self, state: State) -> Iterator[tuple[str, State]]:
        places, workers, applied, rows, faults = state
        for n, (at, hold) in enumerate(workers):
            if n and workers[n - 1] == (at, hold):
                continue  # two workers alike: one of them is enough
            others = workers[:n] + workers[n + 1 :]
            for index in range(len(places)) if at < 0 else (at,):
                for label, cost, place, held in self._work(places[index], hold):
                    if cost <= faults:
                        mine = IDLE if held < 0 else (index, held)
                        yield (
                            label,
                            self._calmed(
                                _put(places, index, place),
                                (*others, mine),
                                (applied, rows, faults - cost),
                                index,
                            ),
                        )

    def _work(self, place: int, hold: int) -> list[tuple[str, int, int, int]]:
        found = self._local.get((place, hold))
        if found is None:
            before = self.place(place)
            steps = (
                self._rules.begin_work(before)
                if hold < 0
                else self._rules.go_on(before, self.hold(hold))
            )
            found = []
            for label, cost, after, held in steps:
                judge_step(before, after)
                number = -1 if held is None else self._hold(held)
                found.append((label, cost, self._known(after), number))
            self._local[place, hold] = found
        return found

    def _of_time(self, state: State) -> Iterator[tuple[str, State]]:
        places, workers, applied, rows, faults = state
        for index, number in enumerate(places):
            epoch = self.place(number).epoch
            is_held = any(
                at == index and self.hold(hold).epoch == epoch for at, hold in workers
            )
            for label, cost, place in self._pass(number, is_held=is_held):
                if cost <= faults:
                    yield (
                        label,
                        self._calmed(
                            _put(places, index, place),
                            workers,
                            (applied, rows, faults - cost),
                            index,
                        ),
                    )

    def _pass(self, number: int, *, is_held: bool) -> list[tuple[str, int, int]]:
        found = self._alone.get((number, is_held))
        if found is None:
            steps = self._rules.alone(self.place(number), is_held=is_held)
            found = [(label, cost, self._known(p)) for label, cost, p, _ in steps]
            self._alone[number, is_held] = found
        return found

    def _of_messages(self, state: State) -> Iterator[tuple[str, State]]:
        """Messages come, again and again; each is worked in one transaction.

        A worker that dies before that leaves the row as it was, one that dies after
        it has nothing left to do: both are other steps of this very state.
        """
        places, workers, applied, rows, faults = state
        fine = self._plot.is_fine
        for n, message in enumerate(self._plot.messages):
            complaint = message.complaint
            if rows[n] == NOT_COME and fine and self._can_come(n, places):
                come = _put(rows, n, IN_JOURNAL)
                yield "a message is accepted", (places, workers, applied, come, faults)
            is_there = rows[n] == (IN_JOURNAL if fine else NOT_COME)
            if is_there and self._can_be_matched(n, places):
                log = (*applied[complaint], n)
                yield (
                    "a message is worked",
                    (
                        self._wake(places, complaint, log),
                        workers,
                        _put(applied, complaint, log),
                        _put(rows, n, SETTLED),
                        faults,
                    ),
                )

    def _of(self, complaint: int, name: str, places: tuple[int, ...]) -> Place:
        return self.place(places[self.where.index((complaint, name))])

    def _can_come(self, n: int, places: tuple[int, ...]) -> bool:
        """An agency speaks of what it has."""
        message = self._plot.messages[n]
        if not message.agency:
            return True
        return bool(self._of(message.complaint, message.agency, places).effects)

    def _can_be_matched(self, n: int, places: tuple[int, ...]) -> bool:
        message = self._plot.messages[n]
        if not message.agency:
            return True
        place = self._of(message.complaint, message.agency, places)
        return bool(place.cursor.reference)

    def _wake(
        self, places: tuple[int, ...], complaint: int, log: tuple[int, ...]
    ) -> tuple[int, ...]:
        """Raise the targets of those who want what was appended."""
        for index, (whose, name) in enumerate(self.where):
            if whose == complaint:
                wanted = story(
                    self._plot, complaint, log, dedupes=self._rules.dedupes
                ).wanted(self._parties[name])
                places = _put(places, index, self._told_of(places[index], wanted))
        return places

    def _told_of(self, number: int, wanted: tuple[int, ...]) -> int:
        found = self._woken.get((number, wanted))
        if found is None:
            place = self.place(number)
            if wanted != place.wanted:
                cursor = replace(place.cursor, target_seq=wanted[-1])
                place = replace(place, cursor=cursor, wanted=wanted)
                active = cursor.state is CursorState.ACTIVE
                if active:
                    hinted = place.hinted or self._plot.is_fine
                    place = replace(place, is_due=True, hinted=hinted)
            found = self._woken[number, wanted] = self._known(place)
        return found

    # numbers without meaning are made small, so that equal states are one

    def _calmed(
        self,
        places: tuple[int, ...],
        workers: tuple[tuple[int, int], ...],
        rest: tuple[tuple[tuple[int, ...], ...], tuple[int, ...], int],
        index: int,
    ) -> State:
        holds = tuple(hold for at, hold in workers if at == index)
        key = (places[index], holds)
        calm = self._calm.get(key)
        if calm is None:
            calm = self._calm[key] = self._calm_epochs(places[index], holds)
        place, holds = calm
        left = iter(holds)
        mine = [(at, next(left) if at == index else hold) for at, hold in workers]
        return _put(places, index, place), tuple(sorted(mine)), *rest

    def _calm_epochs(
        self, number: int, holds: tuple[int, ...]
    ) -> tuple[int, tuple[int, ...]]:
        place = self.place(number)
        held = [self.hold(hold) for hold in holds]
        epochs = sorted({place.epoch, *(hold.epoch for hold in held)})
        if not held and place.lease is Lease.FREE:
            return self._known(replace(place, epoch=0)), holds
        rank = {epoch: n for n, epoch in enumerate(epochs, start=1)}
        calm = self._known(replace(place, epoch=rank[place.epoch]))
        return calm, tuple(
            self._hold(replace(hold, epoch=rank[hold.epoch])) for hold in held
        )

    # the end

    def is_over(self, state: State) -> bool:
        """True where everyone is in step, or a person has to decide."""
        places, workers, _, rows, _ = state
        if any(worker != IDLE for worker in workers):
            return False
        if not all(self.place(number).is_at_rest for number in places):
            return False
        return all(
            row == SETTLED or not self._moves(n, row, places)
            for n, row in enumerate(rows)
        )

    def _moves(self, n: int, row: int, places: tuple[int, ...]) -> bool:
        if row == NOT_COME and self._plot.is_fine:
            return self._can_come(n, places)
        return self._can_be_matched(n, places)

    def judge_end(self, state: State) -> None:
        """Judge a state in which all is over; raises BrokenError."""
        places, _, applied, rows, _ = state
        for number in places:
            judge_end(self.place(number))
        for complaint, log in enumerate(applied):
            came = [
                n
                for n, message in enumerate(self._plot.messages)
                if message.complaint == complaint and rows[n] == SETTLED
            ]
            dedupes = self._rules.dedupes
            found = story(self._plot, complaint, log, dedupes=dedupes)
            same = found.essence == story(self._plot, complaint, came).essence
            require(same, "the order of arrival shows in the case")


def _put(items: tuple[Item, ...], index: int, item: Item) -> tuple[Item, ...]:
    return (*items[:index], item, *items[index + 1 :])
