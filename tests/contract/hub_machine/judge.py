"""What must hold of a whole hub after each step."""

from typing import Any

import sqlalchemy as sa

from hub.bootstrap import Store
from hub.database import tables as t
from hub.database.invariants import check_invariants
from hub.database.projection import event_of
from hub.domain.lifecycle import LEG_RANK, fold
from hub.domain.privacy import interested
from schemas.events import LogEvent
from schemas.parties import PartyKind
from schemas.status import Status
from tests.contract.builders import MAIL
from tests.contract.delivery_machine.ledger import Ledger, Told
from tests.contract.hub_machine.agencies import MANIFESTS
from tests.contract.hub_machine.ledgers import Books, named

KINDS = dict.fromkeys(MANIFESTS, PartyKind.AGENCY) | {MAIL: PartyKind.REPORTER}
WAITING = ("open", "requested")


def read(store: Store, table: sa.Table) -> list[Any]:
    """Read a whole table."""
    with store.db.read() as tx:
        key = list(table.primary_key.columns)
        return list(tx.conn.execute(sa.select(table).order_by(*key)))


class Judge:
    """Compares the store with the books, and with what it saw before."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._log: dict[tuple[str, int], tuple[str, str, str]] = {}
        self._cursors: dict[tuple[str, str, str], tuple[int, int]] = {}
        self.events: dict[str, list[LogEvent]] = {}
        """Complaint -> its log, as it was seen last."""

    def watch(self, store: Store) -> None:
        """Learn what was appended, so that the parties know what they are told of."""
        found: dict[str, list[LogEvent]] = {}
        for row in read(store, t.log):
            event = event_of(row, {})
            found.setdefault(event.complaint_id, []).append(event)
        self.events = found
        for party, kind in KINDS.items():
            self._books.note(
                party,
                (
                    Told(e.complaint_id, e.seq, e.event_id)
                    for log in found.values()
                    for e in log
                    if interested(e, kind, party)
                ),
            )

    def look(self, store: Store) -> None:
        """Judge the store between two steps."""
        self.watch(store)
        assert not self._books.broken, f"{self._books.broken}"
        broken = check_invariants(store.db, store.edge, store.erased)
        assert not broken, f"{broken}"
        self._judge_log()
        self._judge_statuses(store)
        cursors, letters = read(store, t.cursors), read(store, t.dead_letters)
        self._judge_cursors(cursors)
        for letter in letters:
            self._judge_letter(letter)
        self._judge_unsure(cursors, letters)

    def _judge_log(self) -> None:
        """What was appended stays as it is."""
        now = {
            (e.complaint_id, e.seq): (e.event_id, e.type, str(e.cause))
            for log in self.events.values()
            for e in log
        }
        for place, before in self._log.items():
            assert now.get(place) == before, f"{place} was {before}"
        self._log = now

    def _judge_statuses(self, store: Store) -> None:
        for row in read(store, t.complaints):
            assert row.status in set(Status) - {Status.RETURNED}, row.status
        for row in read(store, t.legs):
            assert row.status in LEG_RANK, row.status

    def _judge_cursors(self, cursors: list[Any]) -> None:
        for row in cursors:
            key = (row.complaint_id, row.party, row.recipient)
            before = self._cursors.get(key, (0, 0))
            assert row.delivered_seq >= before[0], f"{key}: a cursor went back"
            assert row.lease_epoch >= before[1], f"{key}: an epoch went back"
            self._cursors[key] = (row.delivered_seq, row.lease_epoch)

    def covered(self, letter: Any) -> list[Told]:
        """Name the events of a dead letter."""
        ledger = self._books.of[letter.party]
        return ledger.wanted(named(letter), letter.first_seq, letter.last_seq)

    def _judge_letter(self, letter: Any) -> None:
        """Who reads "refused" or "given up" may send it again."""
        if letter.state != "open" or letter.kind == "held":
            return
        ledger = self._books.of[letter.party]
        done = [event.seq for event in self.covered(letter) if ledger.has(event)]
        assert not done, f"{letter.kind} by {letter.party}, but it was done: {done}"

    def _judge_unsure(self, cursors: list[Any], letters: list[Any]) -> None:
        """Where nobody can tell, somebody is told, or a call will be looked into."""
        for party, ledger in self._books.of.items():
            if not ledger.is_blind:
                continue
            loud = {
                event
                for letter in letters
                if letter.party == party and letter.kind == "held"
                for event in self.covered(letter)
            }
            waited = {r.complaint_id for r in cursors if r.sending_open}
            ended = {r.complaint_id for r in cursors if r.state == "ended"}
            silent = {
                e
                for e in ledger.unsure - loud
                if e.complaint_id not in waited | ended and self._counts(e, party)
            }
            assert not silent, f"nobody is told that it is unknown: {silent}"

    def _counts(self, event: Told, party: str) -> bool:
        """What was unknown of an assignment is of no matter once a new one began."""
        log = self.events[event.complaint_id]
        state = fold([(e.seq, e) for e in log])
        opened = [leg.opened_seq for leg in state.legs.values() if leg.agency == party]
        return event.seq >= max(opened, default=0)

    def ledger(self, party: str) -> Ledger:
        """Show a party's books."""
        return self._books.of[party]
