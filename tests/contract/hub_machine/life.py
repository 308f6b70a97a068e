"""One life of a whole hub: the store, every stage, and what dies with the process."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from uuid_utils.compat import uuid7

from hub.bootstrap import Store
from hub.database.due import SqlDue
from hub.database.parties import config_row
from hub.ports import Clocks, Journal, Result, Work
from hub.stages.accept import Accept
from hub.stages.act import Act
from hub.stages.deadlines import StrikeClocks
from hub.stages.deliver import Deliver, Way
from hub.stages.intake import Intake
from hub.stages.late_hand_over import LateHandOver
from hub.stages.schedule import Sweep
from hub.stages.updates import Updates
from schemas.agency import Route, RoutingTable
from schemas.complaint import NewComplaint
from schemas.parties import PartyKind
from tests.contract.builders import LIMITS, MAIL
from tests.contract.delivery_machine.ledger import Ledger
from tests.contract.delivery_machine.life import (
    MAPPING,
    SLACK_SECONDS,
    WatchedCursors,
    world_of,
)
from tests.contract.delivery_machine.party import Crash, Fate, ScriptedParty
from tests.contract.hub_machine.agencies import (
    DINKES,
    DISDUKCAPIL,
    MANIFESTS,
    ORDER_BY,
    PUPR,
    FakeAgency,
)
from tests.contract.hub_machine.post import FakeBroker, Reader

REHINT_SECONDS = 60.0
ORPHAN_WAITS_SECONDS = (1.0,)
SLOTS = 4
ROUTES = RoutingTable(
    rules=(
        Route(id="both", why="both act", keyword=("dua",), main=(PUPR, DISDUKCAPIL)),
        Route(id="road", why="a road", keyword=("jalan",), main=(PUPR,), cc=(DINKES,)),
        Route(id="card", why="a card", keyword=("ktp",), main=(DISDUKCAPIL,)),
        Route(id="ill", why="health", keyword=("sakit",), main=(DINKES,)),
    )
)
TITLES = ("dua", "jalan", "ktp", "sakit", "lainnya")
"""What complaints are about; an official has to place the last."""


class Turn(StrEnum):
    """Where a process may die in the transaction of a batch."""

    BEFORE_COMMIT = "before a batch is committed"
    AFTER_COMMIT = "after a batch is committed, before anybody is told"


class HubFate(Fate):
    """Where the process dies next, if anywhere."""

    turn: Turn | None = None

    def come_to(self, turn: Turn) -> None:
        """Die here, once, if it was said."""
        if self.turn is turn:
            self.turn = None
            raise Crash(turn)


class MortalJournal:
    """The store's journal, whose transactions may be the last thing that is done."""

    def __init__(self, journal: Journal, fate: HubFate) -> None:
        self._journal = journal
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    def work(
        self,
        ids: Sequence[str],
        do: Callable[[Work], Result],
        contacts: Sequence[tuple[str, str]] = (),
        complaints: Sequence[NewComplaint] = (),
    ) -> Result:
        """Work a batch."""

        def mortal(work: Work) -> Result:
            found = do(work)
            self._fate.come_to(Turn.BEFORE_COMMIT)
            return found

        found = self._journal.work(ids, mortal, contacts, complaints)
        self._fate.come_to(Turn.AFTER_COMMIT)
        return found


class LoudClocks:
    """The store's clocks; where one cannot be worked, the machine hears of it."""

    def __init__(self, clocks: Clocks) -> None:
        self._clocks = clocks

    def __getattr__(self, name: str) -> Any:
        return getattr(self._clocks, name)

    def postpone(self, complaint_id: str, seconds: float) -> None:
        """Nothing is put off in silence here."""
        msg = f"the clocks of {complaint_id} cannot be worked"
        raise AssertionError(msg)


def configured() -> list[dict[str, Any]]:
    """Give the configuration of all parties."""
    kinds = dict.fromkeys(MANIFESTS, PartyKind.AGENCY) | {MAIL: PartyKind.REPORTER}
    return [
        config_row(
            party,
            kind,
            title=party,
            lane=f"deliver.{party}",
            limits=LIMITS,
            config_version="1",
            wants=None,
            order_by=ORDER_BY.get(party, "arrival"),
        )
        for party, kind in kinds.items()
    ]


class HubLife:
    """What one process builds at its start."""

    def __init__(
        self,
        store: Store,
        targets: Mapping[str, ScriptedParty],
        books: Ledger,
        fate: HubFate,
    ) -> None:
        self.store = store
        self.world = world_of(store)
        self.due = SqlDue(store.db)
        self.broker = FakeBroker()
        store.journal.on_accepted = self.broker.publish
        self.accept = Accept(store.journal)
        self.act = Act(store.cases)
        journal: Any = MortalJournal(store.journal, fate)
        self._stages: dict[str, Callable[[str, Sequence[str]], int]] = {
            "intake": Intake(
                journal,
                Reader(),
                ROUTES,
                MANIFESTS,
                frozenset({MAIL}),
                lambda: str(uuid7()),
            ),
            "updates": Updates(
                journal,
                {n: s for n, s in targets.items() if isinstance(s, FakeAgency)},
                MANIFESTS,
                ORPHAN_WAITS_SECONDS,
            ),
        }
        self._cursors = WatchedCursors(store, books, fate)
        ways = {
            party: Way(
                party,
                PartyKind.AGENCY if party in MANIFESTS else PartyKind.REPORTER,
                target,
                LIMITS,
                ("body", "title"),
                MAPPING,
            )
            for party, target in targets.items()
        }
        self.deliver = Deliver(self._cursors, ways, lambda: 0.0, SLACK_SECONDS)
        self.sweep = Sweep(self.due, self._swept, REHINT_SECONDS)
        clocks: Any = LoudClocks(store.clocks)
        self.strike_clocks = StrikeClocks(clocks, self.broker.publish)
        after = 3600 * store.settings.notices.late_hand_over_hours
        self.tell_late = LateHandOver(store.hand_overs, self.broker.publish, after)

    def _swept(self, lane: str, ids: Sequence[str], by: str) -> None:
        del by
        self.broker.publish((lane, one) for one in ids)

    def begin(self, *, sole: bool) -> None:
        """Look into the calls of an earlier life, and take all hints as lost."""
        if sole:
            self.deliver.recover(sole=True)
            self.due.forget_hints()

    def work(self, lane: str, ids: Sequence[str]) -> None:
        """Work one batch, and hint what it made due."""
        stage = self._stages.get(lane.partition(".")[0])
        if stage is None:
            for lease in self.deliver.lease(lane, ids, SLOTS).leases:
                self.deliver(lease)
        else:
            stage(lane, ids)
        self.publish()

    def publish(self) -> None:
        """Hint what the last transactions made due."""
        self.broker.publish(self.store.journal.take_hints())
        self.broker.publish(self._cursors.take_hints())

    def end(self) -> None:
        """Give everything back."""
        self.store.close()
