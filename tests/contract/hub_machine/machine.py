"""Everything that may happen to a hub, in any order."""

import contextlib
import json
import random
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    precondition,
    rule,
)

from hub.database import tables as t
from tests.contract.builders import LIMITS
from tests.contract.delivery_machine.life import LEASE_SECONDS
from tests.contract.delivery_machine.party import Answer, Crash, Point
from tests.contract.hub_machine.agencies import (
    POISON,
    RUBBISH,
    UNKNOWN_CASE,
    UNMAPPED,
    WORDS,
)
from tests.contract.hub_machine.body import AGENCIES, PARTIES, HubBody
from tests.contract.hub_machine.judge import read
from tests.contract.hub_machine.life import (
    ORPHAN_WAITS_SECONDS,
    REHINT_SECONDS,
    TITLES,
    Turn,
)
from tests.contract.hub_machine.post import letter

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


class MessagesCome(HubBody):
    """What comes in, from people and from agencies."""

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


class WorkIsDone(MessagesCome):
    """Hints, the schedule, and the end of a process."""

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


class HubMachine(WorkIsDone):
    """And what people decide, and operators."""

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
