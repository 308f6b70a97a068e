"""Everything that may happen to one party's cursors, in any order."""

import contextlib
import shutil
import sys
import tempfile
from collections import deque
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from connectors.contract import Capabilities
from hub.database import tables as t
from hub.stages.deliver import Way, lane_of
from schemas.events import NewEvent
from schemas.parties import PartyKind
from tests.contract.builders import LIMITS, PUPR, by_action, news, reply
from tests.contract.delivery_machine import judge
from tests.contract.delivery_machine.ledger import Ledger, Told
from tests.contract.delivery_machine.life import (
    LEASE_SECONDS,
    MAPPING,
    Life,
    Template,
    open_at,
)
from tests.contract.delivery_machine.party import (
    Answer,
    Crash,
    Fate,
    Point,
    ScriptedParty,
)
from tests.contract.world import Known

SLOTS = 4
COMPLAINTS_MAX = 2
REHINT_SECONDS = 60.0
ANSWERS = st.one_of(st.just(Answer.DONE), st.sampled_from(Answer))
"""Half of the calls go well: where nothing does, everything waits at the first."""
SPANS = st.sampled_from(
    (
        0.5,
        LIMITS.settle_seconds,
        LEASE_SECONDS + 1,
        REHINT_SECONDS + 1,
        LIMITS.backoff_cap_seconds + 1,
        LIMITS.give_up_after_seconds + 1,
    )
)
"""A moment, a look-up's wait, more than a lease, than a hint's life, than an age."""


class DeliveryMachine(RuleBasedStateMachine):
    """One party, two complaints at most, and whatever happens to them."""

    template: ClassVar[Template]
    kind: ClassVar[PartyKind] = PartyKind.AGENCY
    party: ClassVar[str] = PUPR
    can: ClassVar[Capabilities]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="simpul-machine-"))
        self.home = self.template.home
        self.url = self.template.copy_to(self.folder / "data")
        self.ledger = Ledger(self.can)
        self.fate = Fate()
        self.target = ScriptedParty(self.can, self.ledger, self.fate)
        self.judge = judge.Judge(self.ledger, self.party, sole=self.home.sole)
        self.known: list[Known] = []
        self.hints: dict[str, None] = {}
        self.said = 0
        self.life = self._live()
        self._registered(self.template.known)

    # what happens

    @initialize(coalesces=st.booleans())
    def the_party_takes_events(self, *, coalesces: bool) -> None:
        can = self.can.model_copy(update={"coalesces": coalesces})
        self.target.capabilities = can

    @precondition(lambda self: len(self.known) < COMPLAINTS_MAX)
    @rule()
    def a_complaint_is_registered(self) -> None:
        self._registered(self.life.world.register(f"k{len(self.known)}"))

    @precondition(lambda self: self.judge.party_paused)
    @rule()
    def an_operator_mends_what_was_misconfigured(self) -> None:
        self.resume()

    @rule(which=st.integers(0, COMPLAINTS_MAX - 1), wanted=st.booleans())
    def something_happens(self, which: int, *, wanted: bool) -> None:
        self._append(self.known[which % len(self.known)], wanted=wanted)

    @precondition(lambda self: self.hints)
    @rule(seconds=SPANS, answer=ANSWERS, twice=st.booleans())
    def a_hint_comes(self, seconds: float, answer: Answer, *, twice: bool) -> None:
        self._pass_time(seconds)
        ids = list(self.hints)
        self.hints.clear()
        self._work(ids, answer, twice=twice)

    @precondition(lambda self: self.hints)
    @rule()
    def the_hints_are_lost(self) -> None:
        self.hints.clear()

    @rule(seconds=SPANS, answer=ANSWERS, second=ANSWERS)
    def the_schedule_runs(self, seconds: float, answer: Answer, second: Answer) -> None:
        self._drive(seconds, answer, second)

    @rule(
        point=st.sampled_from(Point),
        seconds=SPANS,
        answer=ANSWERS,
        again=st.booleans(),
    )
    def the_process_dies(
        self, point: Point, seconds: float, answer: Answer, *, again: bool
    ) -> None:
        self.fate.point = point
        with contextlib.suppress(Crash):
            self._drive(seconds, answer)
        self._live_again(Point.BEFORE_SETTLE if again else None)
        self.fate.point = None

    @rule(seconds=SPANS, answer=ANSWERS, other=ANSWERS, goes_on=st.booleans())
    def a_call_outlives_its_lease(
        self, seconds: float, answer: Answer, other: Answer, *, goes_on: bool
    ) -> None:
        def meanwhile() -> None:
            self._pass_time(LEASE_SECONDS + 1)
            self.life.deliver.recover(sole=False)
            if goes_on:
                self._pass_time(REHINT_SECONDS + 1)
                self.run_schedule(other)

        self.target.meanwhile = meanwhile
        self._drive(seconds, answer)

    @precondition(lambda self: not self.home.sole)
    @rule(seconds=SPANS, answer=ANSWERS)
    def who_takes_a_lost_call_over_dies(self, seconds: float, answer: Answer) -> None:
        """The call itself goes on in another process, which then writes evidence."""

        def meanwhile() -> None:
            self._pass_time(LEASE_SECONDS + 1)
            self.fate.point = Point.BEFORE_SETTLE
            with contextlib.suppress(Crash):
                self.life.deliver.recover(sole=False)
            self.fate.point = None

        self.target.meanwhile = meanwhile
        self._drive(seconds, answer)

    @rule(
        seconds=SPANS,
        answer=ANSWERS,
        what=st.sampled_from(("an event", "a hint", "a pause")),
    )
    def something_happens_during_a_call(
        self, seconds: float, answer: Answer, what: str
    ) -> None:
        def meanwhile() -> None:
            match what:
                case "an event":
                    self._append(self.known[0], wanted=True)
                case "a hint":
                    self._work([known.id for known in self.known])
                case _:
                    self._pause()

        self.target.meanwhile = meanwhile
        self._drive(seconds, answer)
        self.resume()

    @rule(seconds=SPANS)
    def the_party_is_missing_in_the_configuration(self, seconds: float) -> None:
        self._pass_time(seconds)
        self.life.deliver_nothing(lane_of(self.party))

    @rule(before=SPANS, seconds=SPANS)
    def the_party_is_paused(self, before: float, seconds: float) -> None:
        self._pass_time(before)
        self._pause()
        leases = self.ledger.leases
        self._drive(seconds)
        self.ledger.paused_seconds += seconds
        assert self.ledger.leases == leases, "a paused party was called"
        self.resume()

    @precondition(lambda self: self.judge.letters_open)
    @rule(which=st.integers(0, 3), discarded=st.booleans())
    def an_operator_decides(self, which: int, *, discarded: bool) -> None:
        letters = [x for x in self.letters() if x.state == "open"]
        letter = letters[which % len(letters)]
        covered = self.judge.covered(letter)
        done = [event for event in covered if self.ledger.has(event)]
        operations = self.life.store.operations
        if letter.kind == "held" and done and len(done) == len(covered):
            self.ledger.operator_knows(covered)
            reference = self._reference_of(done[0]) if letter.is_submit else ""
            operations.resolve_held(letter.id, "operator", "", reference=reference)
        elif discarded and not letter.is_submit:
            self.ledger.operator_knows(covered)
            operations.discard([letter.id], "operator", "")
        elif not done:
            self.ledger.operator_knows(covered)
            operations.retry([letter.id], "operator", "")

    # what must hold

    @invariant()
    def all_is_sound(self) -> None:
        self.judge.look(self.life.store)

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self._drain()
        finally:
            self.close()

    def close(self) -> None:
        """End the life and remove what it left."""
        self.life.end()
        shutil.rmtree(self.folder)
        self.home.remove(self.url)

    def letters(self) -> list[Any]:
        """List all dead letters."""
        return self.life.world.rows(t.dead_letters)

    def _drain(self) -> None:
        """Heal everything; then everyone is in step, or said not to be."""
        self.target.answers.clear()
        for _ in range(60):
            self.resume()
            self._pass_time(REHINT_SECONDS + 1)
            self.run_schedule()
            self.judge.look(self.life.store)
            if self.judge.at_rest(self.life.store):
                break
        self.judge.final(self.life.store)

    # how it is done

    def _live(self) -> Life:
        way = Way(self.party, self.kind, self.target, LIMITS, (), MAPPING)
        store = open_at(self.home, self.folder / "data", self.url)
        return Life(self.home, store, way, self.ledger, self.fate)

    def _live_again(self, point: Point | None) -> None:
        self.life.end()
        self.hints.clear()
        if self.home.sole:
            self.ledger.everybody_died()
        self.target.answers.clear()
        self.target.meanwhile = None
        self.fate.point = point
        self.life = self._live()
        try:
            self.life.begin()
        except Crash:
            self._live_again(None)

    def _registered(self, known: Known) -> None:
        self.known.append(known)
        self._note(known, self.life.world.log(known))
        self._collect_hints()

    def _append(self, known: Known, *, wanted: bool) -> None:
        self.said += 1
        written = self.life.world.append(known, self._event(known, wanted=wanted))
        if wanted:
            self._note(known, written)
        self._collect_hints()

    def _event(self, known: Known, *, wanted: bool) -> NewEvent:
        """A reporter is told what an agency says, an agency what a reporter says."""
        if wanted is (self.kind is PartyKind.AGENCY):
            return by_action(reply("", known.reporter_id, f"kata {self.said}"))
        said = news(PUPR, "followed_up", "", f"o{self.said}", f"kata {self.said}")
        return by_action(said)

    def _note(self, known: Known, written: list[Any]) -> None:
        first = "assigned" if self.kind is PartyKind.AGENCY else "registered"
        for event in written:
            if event.type in {first, "reporter_replied", "followed_up"}:
                told = Told(known.id, event.seq, event.event_id)
                self.ledger.events[event.event_id] = told

    def _pass_time(self, seconds: float) -> None:
        self.life.world.move_clock(seconds)
        self.ledger.now += seconds

    def _drive(self, seconds: float, *answers: Answer) -> None:
        """Let time pass, and work what is due; something always is."""
        self._pass_time(seconds)
        if self.judge.at_rest(self.life.store):
            self._append(self.known[self.said % len(self.known)], wanted=True)
            self.life.due.forget_hints()
        self.run_schedule(*answers)

    def _pause(self) -> None:
        self.life.store.parties.pause(self.party, "operator", "")

    def resume(self) -> None:
        """Let the party be called again."""
        self.life.store.parties.resume(self.party, "operator", "")

    def run_schedule(self, *answers: Answer) -> None:
        """What the schedule does each second: recover, sweep; then the hints come."""
        self.life.deliver.recover(sole=False)
        lane = lane_of(self.party)
        found = self.life.due.sweep(REHINT_SECONDS)
        ids = [row_id for where, row_id, _ in found if where == lane]
        if ids:
            self._work(ids, *answers)

    def _work(self, ids: list[str], *answers: Answer, twice: bool = False) -> None:
        self._pass_time(0.01)
        self.target.answers = deque(answers)
        deliver, lane = self.life.deliver, lane_of(self.party)
        leases = list(deliver.lease(lane, ids, SLOTS).leases)
        if twice:
            leases += deliver.lease(lane, ids, SLOTS).leases
        for lease in leases:
            deliver(lease)
        self.target.answers.clear()
        self.target.meanwhile = None
        self._collect_hints()

    def _collect_hints(self) -> None:
        store, lane = self.life.store, lane_of(self.party)
        pairs = store.journal.take_hints() + store.cursors.take_hints()
        self.hints |= {row_id: None for where, row_id in pairs if where == lane}

    def _reference_of(self, event: Told) -> str:
        return next(
            e.reference for e in self.ledger.effects.values() if event in e.events
        )
