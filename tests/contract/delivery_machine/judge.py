"""What must hold after each step, and what must hold when all is over."""

from typing import Any

import sqlalchemy as sa

from hub.bootstrap import Store
from hub.database import tables as t
from hub.database.invariants import check_invariants
from tests.contract.builders import LIMITS
from tests.contract.delivery_machine.ledger import Ledger, Told

WAITING = ("open", "requested")
_OPEN = "a call is open, and nobody makes it"


class Judge:
    """Compares the store with the ledger."""

    def __init__(self, ledger: Ledger, party: str, *, sole: bool) -> None:
        self._ledger = ledger
        self._party = party
        self._sole = sole
        self._seen: dict[str, tuple[int, int]] = {}
        self._letters: set[str] = set()
        self.letters_open = False
        self.party_paused = False

    def covered(self, letter: Any) -> list[Told]:
        """Name the events of a dead letter."""
        return self._ledger.wanted(
            letter.complaint_id, letter.first_seq, letter.last_seq
        )

    def look(self, store: Store) -> None:
        """Judge the store between two steps."""
        assert not self._ledger.violations, f"{self._ledger.violations}"
        broken = check_invariants(store.db, store.edge, store.erased, store.deadlines)
        assert not broken, f"{broken}"
        cursors, letters = _read(store)
        for row in cursors:
            before = self._seen.get(row.complaint_id, (0, 0))
            now = (row.delivered_seq, row.lease_epoch)
            assert now[0] >= before[0], "a cursor went back"
            assert now[1] >= before[1], "an epoch went back"
            if self._sole:
                assert not row.sending_open, _OPEN
            self._seen[row.complaint_id] = now
        self.letters_open = any(letter.state == "open" for letter in letters)
        self.party_paused = _is_paused(store, self._party)
        for letter in letters:
            self._judge_label(letter)
        if self._ledger.is_blind:
            self._judge_unsure(cursors, letters)

    def _judge_label(self, letter: Any) -> None:
        """Who reads "refused" or "given up" may send it again."""
        if letter.state != "open":
            return
        covered = self.covered(letter)
        if letter.kind != "held":
            done = [event.seq for event in covered if self._ledger.has(event)]
            assert not done, f"{letter.kind}, but it was done: {done}"
        if letter.id not in self._letters and self._is_by_age(letter, covered):
            began = min(self._ledger.begun_at[event] for event in covered)
            age = self._ledger.working_seconds - began
            assert age >= LIMITS.give_up_after_seconds, f"set aside after {age} s"
        self._letters.add(letter.id)

    def _is_by_age(self, letter: Any, covered: list[Told]) -> bool:
        """Only age makes those give up who can find out what became of a call."""
        if letter.kind != "held":
            return bool(letter.kind == "gave_up")
        can = self._ledger.can
        refused = any(self._ledger.outcomes.get(x) == "refused" for x in covered)
        return (can.honours_key or can.finds) and not refused

    def _judge_unsure(self, cursors: list[Any], letters: list[Any]) -> None:
        """Somebody is told, or a call is open that will be looked into."""
        held = [x for x in letters if x.kind == "held" and x.state in WAITING]
        loud = {event for letter in held for event in self.covered(letter)}
        waited_for = {row.complaint_id for row in cursors if row.sending_open}
        silent = {e for e in self._ledger.unsure if e.complaint_id not in waited_for}
        assert silent <= loud, "nobody is told that it is unknown"

    def at_rest(self, store: Store) -> bool:
        """Tell whether nothing is due any more."""
        cursors, _ = _read(store)
        return not any(row.state == "active" and row.due_at for row in cursors)

    def final(self, store: Store) -> None:
        """Judge the store when all is over."""
        cursors, letters = _read(store)
        for row in cursors:
            assert not row.sending_open, _OPEN
            if row.state == "active":
                assert row.due_at is None, "it never comes to rest"
                assert row.delivered_seq == row.target_seq, "it is not in step"
                assert row.sending_to_seq is None, "it is in step, and yet sending"
            else:
                assert row.state in {"held", "parked"}, "it ended"
        for letter in letters:
            assert letter.state != "requested", "a retry that never came"
        aside = {event for letter in letters for event in self.covered(letter)}
        behind = {
            event
            for row in cursors
            if row.state != "active"
            for event in self._ledger.events.values()
            if event.complaint_id == row.complaint_id and event.seq > row.delivered_seq
        }
        for event in self._ledger.events.values():
            told = self._ledger.has(event) or event in self._ledger.skipped
            assert told or event in aside or event in behind, f"{event} vanished"


def _read(store: Store) -> tuple[list[Any], list[Any]]:
    c = t.dead_letters.c
    with store.db.read() as tx:
        cursors = list(tx.conn.execute(sa.select(t.cursors)))
        letters = list(tx.conn.execute(sa.select(t.dead_letters).order_by(c.id)))
    return cursors, letters


def _is_paused(store: Store, party: str) -> bool:
    c = t.parties.c
    with store.db.read() as tx:
        state = tx.conn.execute(sa.select(c.state).where(c.party == party))
        return bool(state.scalar_one() == "paused")
