"""The body of the machine: its hub, its parties, and how things are done to them."""

import contextlib
import json
import random
import shutil
import sys
import tempfile
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
)

from hub.database import tables as t
from hub.database.keyring import Keyring
from hub.stages.act import NotPossibleError
from schemas.raw import RawMessage
from tests.contract.builders import MAIL
from tests.contract.delivery_machine.home import NOON_US, Home
from tests.contract.delivery_machine.life import open_at
from tests.contract.delivery_machine.party import Answer, ScriptedParty
from tests.contract.hub_machine.agencies import (
    CAN,
    FakeAgency,
)
from tests.contract.hub_machine.ending import (
    REPORTERS_CHANNEL,
    Ending,
    at_rest,
    record_ids,
)
from tests.contract.hub_machine.judge import Judge
from tests.contract.hub_machine.ledgers import Books
from tests.contract.hub_machine.life import (
    REHINT_SECONDS,
    HubFate,
    HubLife,
    configured,
)
from tests.contract.hub_machine.people import asked, some_verb
from tests.contract.hub_machine.post import letter, page
from tests.contract.world import settings_of

AGENCIES = sorted(CAN)
PARTIES = [*AGENCIES, MAIL]


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


class HubBody(RuleBasedStateMachine):
    """A few complaints and three agencies; rules say what happens to them."""

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
        self.life.strike_clocks()
        self.life.tell_late()
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
