"""Everything that may happen to a hub, in any order."""

import contextlib
import json
import random
import shutil
import sys
import tempfile
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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

from hub.database import tables as t
from hub.database.keyring import Keyring
from hub.stages.act import NotPossibleError
from schemas.raw import RawMessage
from tests.contract.builders import LIMITS, MAIL
from tests.contract.delivery_machine.home import NOON_US, Home
from tests.contract.delivery_machine.life import LEASE_SECONDS, open_at
from tests.contract.delivery_machine.party import Answer, Crash, Point, ScriptedParty
from tests.contract.hub_machine.agencies import (
    CAN,
    POISON,
    RUBBISH,
    UNKNOWN_CASE,
    UNMAPPED,
    WORDS,
    FakeAgency,
)
from tests.contract.hub_machine.ending import (
    REPORTERS_CHANNEL,
    Ending,
    at_rest,
    record_ids,
)
from tests.contract.hub_machine.judge import Judge, read
from tests.contract.hub_machine.ledgers import Books
from tests.contract.hub_machine.life import (
    ORPHAN_WAITS_SECONDS,
    REHINT_SECONDS,
    TITLES,
    HubFate,
    HubLife,
    Turn,
    configured,
)
from tests.contract.hub_machine.people import asked, some_verb
from tests.contract.hub_machine.post import letter, page
from tests.contract.world import settings_of

AGENCIES = sorted(CAN)
PARTIES = [*AGENCIES, MAIL]
COMPLAINTS_MAX = 3
DAY = 86400.0
SPANS = st.sampled_from(
    (
        0.5,
        LIMITS.settle_seconds,
        LEASE_SECONDS + 1,
        REHINT_SECONDS + 1,
        DAY / 2 + 1,
        15 * DAY,
    )
)
"""A moment, a look-up's wait, more than a lease, than a hint's life, than the window
of reopening."""
ANSWERS = st.lists(st.one_of(st.just(Answer.DONE), st.sampled_from(Answer)), max_size=3)
CHANCES = st.integers(0, 2**32).map(random.Random)
SAYING = st.sampled_from([*WORDS, *WORDS, UNMAPPED, POISON, RUBBISH])


@dataclass(frozen=True)
class Template:
    """An empty data directory with all parties, ready to be copied."""

    home: Home
    folder: Path
    url: str

    @classmethod
    def make(cls, home: Home, folder: Path) -> "Template":
        """Make it."""
        folder.mkdir()
        url = home.make(folder)
        Keyring.open(settings_of(folder, url).effective_keyring_file, create=True)
        store = open_at(home, folder, url)
        store.parties.configure(configured())
        store.close()
        return cls(home, folder, url)

    def copy_to(self, folder: Path) -> str:
        """Make a data directory of one's own; returns its database's address."""
        shutil.copytree(self.folder, folder)
        return self.home.copy(self.url, folder)


class HubMachine(RuleBasedStateMachine):
    """A few complaints, three agencies, and whatever happens to them."""

    template: ClassVar[Template]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="simpul-hub-machine-"))
        self.home = self.template.home
        self.url = self.template.copy_to(self.folder / "data")
        self.books = Books(CAN | {MAIL: REPORTERS_CHANNEL})
        self.fate = HubFate()
        self.agencies = {
            name: FakeAgency(name, self.books.of[name], self.fate) for name in AGENCIES
        }
        self.targets: dict[str, ScriptedParty] = {
            **self.agencies,
            MAIL: ScriptedParty(REPORTERS_CHANNEL, self.books.of[MAIL], self.fate),
        }
        self.judge = Judge(self.books)
        self.now = 0.0
        self.codes: list[tuple[str, str]] = []
        """Code and e-mail address of each complaint that was accepted."""
        self.posted: list[RawMessage] = []
        self.dice = random.Random(0)
        self.life = self._live()

    # coming in

    @initialize(chances=CHANCES)
    def a_first_complaint_comes(self, chances: random.Random) -> None:
        self.dice = chances
        self._post_complaint("dua", same=False)

    @precondition(lambda self: len(self.codes) < COMPLAINTS_MAX)
    @rule(about=st.sampled_from(TITLES), same=st.booleans())
    def a_complaint_comes(self, about: str, *, same: bool) -> None:
        self._post_complaint(about, same=same)

    @rule(
        kind=st.sampled_from(("reply", "reply", "query", "odd", "deadly")),
        chances=CHANCES,
        stranger=st.booleans(),
    )
    def somebody_writes(
        self, kind: str, chances: random.Random, *, stranger: bool
    ) -> None:
        code, email = chances.choice(self.codes)
        email = "lain@warga.example" if stranger else email
        key = f"m{len(self.posted)}"
        self._post(letter(key, kind=kind, code=code, email=email, text=f"kata {key}"))

    @rule(chances=CHANCES, revised=st.booleans())
    def a_message_comes_again(self, chances: random.Random, *, revised: bool) -> None:
        raw = chances.choice(self.posted)
        said = json.loads(raw.body)
        if revised and said["kind"] != "new":
            body = json.dumps(said | {"text": "kata lain"}).encode()
            raw = raw.model_copy(update={"body": body})
        self.life.accept(raw)

    @rule(
        words=st.lists(SAYING, min_size=1, max_size=3),
        late=st.booleans(),
        chances=CHANCES,
    )
    def an_agency_says_something(
        self, words: list[str], chances: random.Random, *, late: bool
    ) -> None:
        """One request with some records, in any order, of the near or farther past."""
        speakers = [a for a in self.agencies.values() if a.cases]
        agency = chances.choice(speakers or list(self.agencies.values()))
        known = sorted(agency.cases) * 5
        back = timedelta(hours=chances.choice((1, 40)) if late else 0)
        said = [
            agency.say(
                chances.choice([*known, UNKNOWN_CASE]),
                word,
                self._clock() - back,
                words=chances.choice(("", f"kata {n}")),
            )
            for n, word in enumerate(words)
        ]
        chances.shuffle(said)
        self._send(agency, said)

    @rule(name=st.sampled_from(AGENCIES), word=SAYING, chances=CHANCES, answers=ANSWERS)
    def an_agency_speaks_before_it_answers(
        self, name: str, word: str, chances: random.Random, answers: list[Answer]
    ) -> None:
        """What it says of a case is given up before the hub knows the case's name."""
        agency = self.agencies[name]

        def meanwhile() -> None:
            reference = next(reversed(agency.cases), UNKNOWN_CASE)
            record = agency.say(reference, word, self._clock(), words="")
            self._send(agency, [record])
            for _ in range(len(ORPHAN_WAITS_SECONDS) + 1):
                self.life.work(f"updates.{name}", record.rows[-1:])
                self._pass_time(1.1)

        self._during_a_call(agency, meanwhile, chances, answers)

    @precondition(lambda self: any(a.said for a in self.agencies.values()))
    @rule(chances=CHANCES)
    def an_agency_repeats_itself(self, chances: random.Random) -> None:
        """By another way: a poll brings what was pushed."""
        agency = chances.choice([a for a in self.agencies.values() if a.said])
        count = chances.randint(1, min(3, len(agency.said)))
        self._send(agency, chances.sample(agency.said, count))

    # working

    @precondition(lambda self: self.life.broker.hints)
    @rule(answers=ANSWERS, chances=CHANCES, twice=st.booleans())
    def a_hint_comes(
        self, answers: list[Answer], chances: random.Random, *, twice: bool
    ) -> None:
        lane, ids = self.life.broker.take(chances)
        self._work(lane, ids, answers)
        if twice:
            self._work(lane, ids, [])

    @rule(answers=ANSWERS, chances=CHANCES)
    def everything_hinted_is_worked(
        self, answers: list[Answer], chances: random.Random
    ) -> None:
        self._work_all(chances, answers)

    @precondition(lambda self: self.life.broker.hints)
    @rule(chances=CHANCES)
    def hints_are_lost(self, chances: random.Random) -> None:
        self.life.broker.lose(chances)

    @rule(seconds=SPANS, answers=ANSWERS, chances=CHANCES)
    def the_schedule_runs(
        self, seconds: float, answers: list[Answer], chances: random.Random
    ) -> None:
        self._pass_time(seconds)
        self._run_schedule(chances, answers)

    @rule(
        where=st.sampled_from([*Point, *Turn, *Turn]),
        seconds=SPANS,
        answers=ANSWERS,
        chances=CHANCES,
    )
    def the_process_dies(
        self,
        where: Point | Turn,
        seconds: float,
        answers: list[Answer],
        chances: random.Random,
    ) -> None:
        if isinstance(where, Turn):
            self.fate.turn = where
        else:
            self.fate.point = where
        self._pass_time(seconds)
        with contextlib.suppress(Crash):
            self._run_schedule(chances, answers)
        self._live_again()

    # people

    @precondition(lambda self: self.judge.events)
    @rule(chances=CHANCES, times=st.integers(1, 3))
    def people_decide(self, chances: random.Random, times: int) -> None:
        """By any verb of the workflow, mostly by those that are legal now."""
        for _ in range(times):
            self._decide(chances)
            self.judge.watch(self.life.store)

    @precondition(lambda self: self.judge.events)
    @rule(chances=CHANCES, answers=ANSWERS)
    def somebody_decides_during_a_call(
        self, chances: random.Random, answers: list[Answer]
    ) -> None:
        target = self.targets[chances.choice(PARTIES)]
        self._during_a_call(target, lambda: self._decide(chances), chances, answers)

    @precondition(lambda self: self.judge.events)
    @rule(chances=CHANCES, answers=ANSWERS)
    def a_case_is_handed_on(
        self, chances: random.Random, answers: list[Answer]
    ) -> None:
        """An agency gives it back, and somebody else, or the same one, gets it."""
        complaint = chances.choice(sorted(self.judge.events))
        for verb in ("return", "take-back", "assign"):
            self._decide(chances, complaint, verb)
            self.judge.watch(self.life.store)
            if chances.random() < 0.5:
                self._work_all(chances, answers)

    @rule(party=st.sampled_from(PARTIES), seconds=SPANS, chances=CHANCES)
    def a_party_is_paused(
        self, party: str, seconds: float, chances: random.Random
    ) -> None:
        store, ledger = self.life.store, self.books.of[party]
        store.parties.pause(party, "operator", "")
        self._pass_time(seconds)
        effects = sum(effect.times for effect in ledger.effects.values())
        self._run_schedule(chances, [])
        after = sum(effect.times for effect in ledger.effects.values())
        assert after == effects, "a paused party was called"
        store.parties.resume(party, "operator", "")

    @rule(chances=CHANCES, discarded=st.booleans())
    def an_operator_looks_at_letters(
        self, chances: random.Random, *, discarded: bool
    ) -> None:
        letters = [
            x for x in read(self.life.store, t.dead_letters) if x.state == "open"
        ]
        if letters:
            self._decide_letter(chances.choice(letters), discarded=discarded)

    @rule(chances=CHANCES)
    def an_operator_replays_what_was_quarantined(self, chances: random.Random) -> None:
        rows = read(self.life.store, t.journal)
        aside = [row.id for row in rows if row.state == "quarantined"]
        if aside:
            ids = chances.sample(aside, chances.randint(1, len(aside)))
            self.life.store.quarantine.replay(ids, "operator", "")

    @rule(chances=CHANCES, at_once=st.booleans())
    def somebody_wants_everything_erased(
        self, chances: random.Random, *, at_once: bool
    ) -> None:
        if chances.random() < 0.3 and self.judge.events:
            complaint = chances.choice(sorted(self.judge.events))
            self.life.store.eraser.request(complaint, "operator", "")
            if at_once:
                self.life.store.eraser.erase_due()

    # what must hold

    @invariant()
    def all_is_sound(self) -> None:
        self.judge.look(self.life.store)

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self.drain()
        finally:
            self.close()

    def drain(self) -> None:
        """Heal everything; then everyone is in step, or it is recorded why not."""
        for target in self.targets.values():
            target.answers.clear()
        for _ in range(60):
            for party in PARTIES:
                self.life.store.parties.resume(party, "operator", "")
            self._pass_time(REHINT_SECONDS + 1)
            self._run_schedule(self.dice, [])
            self.judge.look(self.life.store)
            if at_rest(self.life.store):
                break
        Ending(self.life.store, self.judge).judge(list(self.agencies.values()))

    def close(self) -> None:
        """End the life and remove what it left."""
        self.life.end()
        shutil.rmtree(self.folder)
        self.home.remove(self.url)

    # how it is done

    def _live(self) -> HubLife:
        store = open_at(self.home, self.folder / "data", self.url)
        return HubLife(store, self.targets, self.books, self.fate)

    def _live_again(self) -> None:
        self.life.end()
        self.fate.point = self.fate.turn = None
        for target in self.targets.values():
            target.answers.clear()
            target.meanwhile = None
        if self.home.sole:
            self.books.everybody_died()
        self.life = self._live()
        self.life.begin(sole=self.home.sole)

    def _clock(self) -> datetime:
        return datetime.fromtimestamp(NOON_US / 1e6 + self.now, UTC)

    def _pass_time(self, seconds: float) -> None:
        self.life.world.move_clock(seconds)
        self.books.pass_time(seconds)
        self.now += seconds

    def _post_complaint(self, about: str, *, same: bool) -> None:
        key = f"m{len(self.posted)}"
        email = "budi@warga.example" if same else f"{key}@warga.example"
        words = "sama" if same else key
        self._post(
            letter(key, kind="new", title=about, text=f"{about} {words}", email=email)
        )

    def _post(self, raw: RawMessage) -> None:
        receipt = self.life.accept(raw)
        self.posted.append(raw)
        if receipt.code:
            self.codes.append((receipt.code, json.loads(raw.body)["email"]))

    def _send(self, agency: FakeAgency, said: list[Any]) -> None:
        bodies = [record.body for record in said]
        tree = bodies if len(bodies) > 1 else bodies[0]
        key = f"p{len(self.posted)}.{self.now}.{self.dice.random()}"
        receipt = self.life.accept(page(agency.name, key, json.dumps(tree).encode()))
        for record, row in zip(
            said, record_ids(receipt.journal_id, len(said)), strict=True
        ):
            record.rows.append(row)

    def _work(self, lane: str, ids: list[str], answers: list[Answer]) -> None:
        self.judge.watch(self.life.store)
        party = lane.removeprefix("deliver.")
        target = self.targets.get(party)
        if target is not None:
            # Mail and SMS go in one step: nothing is ever pending there.
            one_step = party == MAIL
            target.answers = deque(
                a for a in answers if not (one_step and a is Answer.PENDING)
            )
        self.life.work(lane, ids)
        if target is not None:
            target.answers.clear()

    def _work_all(self, chances: random.Random, answers: list[Answer]) -> None:
        for _ in range(20):
            if not self.life.broker.hints:
                break
            lane, ids = self.life.broker.take(chances)
            self._pass_time(0.01)
            self._work(lane, ids, answers)

    def _run_schedule(self, chances: random.Random, answers: list[Answer]) -> None:
        """What the schedule does each second; then the hints come."""
        self.judge.watch(self.life.store)
        self.life.deliver.recover(sole=False)
        self.life.sweep()
        self.life.store.eraser.erase_due()
        self.life.store.sealer.seal()
        self._work_all(chances, answers)

    def _decide(
        self, chances: random.Random, complaint: str = "", verb: str = ""
    ) -> None:
        complaint = complaint or chances.choice(sorted(self.judge.events))
        log = self.judge.events[complaint]
        others = sorted(set(self.judge.events) - {complaint})
        request = asked(verb or some_verb(log, chances), log, others, chances)
        before = self.life.world.rows(t.log, complaint_id=complaint)
        with contextlib.suppress(NotPossibleError):
            moved = self.life.act(request)
            again = self.life.act(request)
            assert (again.seq, again.event) == (moved.seq, moved.event)
            self.life.broker.publish(moved.due)
            return
        assert self.life.world.rows(t.log, complaint_id=complaint) == before

    def _during_a_call(
        self,
        target: ScriptedParty,
        meanwhile: Callable[[], None],
        chances: random.Random,
        answers: list[Answer],
    ) -> None:
        target.meanwhile = meanwhile
        self._pass_time(REHINT_SECONDS + 1)
        self._run_schedule(chances, answers)
        target.meanwhile = None

    def _decide_letter(self, letter: Any, *, discarded: bool) -> None:
        ledger, operations = self.books.of[letter.party], self.life.store.operations
        covered = self.judge.covered(letter)
        done = [event for event in covered if ledger.has(event)]
        if letter.kind == "held" and done and len(done) == len(covered):
            ledger.operator_knows(covered)
            effects = ledger.effects.values()
            found = next(e.reference for e in effects if done[0] in e.events)
            reference = found if letter.is_submit else ""
            operations.resolve_held(letter.id, "operator", "", reference=reference)
        elif discarded and not letter.is_submit:
            ledger.operator_knows(covered)
            operations.discard([letter.id], "operator", "")
        elif not done:
            ledger.operator_knows(covered)
            operations.retry([letter.id], "operator", "")
