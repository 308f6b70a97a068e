"""Writing the outcome of a call, in the lock order of the whole hub."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub.database import letters
from hub.database import tables as t
from hub.database.attempts import end_attempt
from hub.database.engine import Tx
from hub.database.letters import FRESH
from hub.database.log import Appender
from hub.database.parties import tell_party
from hub.database.projection import reference_place, told_seqs
from hub.database.vault import Vault
from hub.domain.delivery import CursorState, Plan, PlanKind
from hub.domain.settlement import Settlement
from hub.ports import Lease
from schemas.events import Cause, new_event
from schemas.parties import Author, AuthorKind, CauseKind
from schemas.payloads import HandOver

DELIVERY_RULE = Author(kind=AuthorKind.RULE, id="delivery")


class Settling:
    """One outcome in one transaction; `due` names what it made due."""

    def __init__(self, tx: Tx, vault: Vault, *, hinting: bool) -> None:
        self._tx = tx
        self._vault = vault
        self._hinting = hinting
        self.due: list[tuple[str, str]] = []

    def run(
        self, lease: Lease, plan: Plan, settlement: Settlement, attempt: str | None
    ) -> bool:
        """Write the outcome; False when the lease's epoch was lost."""
        log = Appender(self._tx, self._vault, hinting=self._hinting)
        if settlement.hand_over:
            log.open(lease.cursor.complaint_id)  # the complaint's lock comes first
        row = self._locked(lease)
        if row is None:
            end_attempt(self._tx, self._vault, settlement, attempt, evidence_only=True)
            return False
        if lease.answer_no is not None:
            self._write_answer(lease, row, settlement)
        elif plan.kind is PlanKind.DEAD_LETTER:
            self._write_late(lease, row, plan, settlement)
        else:
            self._write_cursor(lease, row, plan, settlement, attempt, log)
        end_attempt(self._tx, self._vault, settlement, attempt, evidence_only=False)
        tell_party(self._tx, lease.cursor.party, settlement)
        return True

    def _locked(self, lease: Lease) -> Any:
        table, cursor = _table(lease), lease.cursor
        where = (
            (
                t.answers.c.journal_id == cursor.complaint_id,
                t.answers.c.n == lease.answer_no,
            )
            if lease.answer_no is not None
            else (
                t.cursors.c.complaint_id == cursor.complaint_id,
                t.cursors.c.party == cursor.party,
                t.cursors.c.recipient == cursor.recipient,
            )
        )
        row = self._tx.conn.execute(
            sa.select(table).where(*where).with_for_update(key_share=True)
        ).one_or_none()
        return row if row is not None and row.lease_epoch == lease.epoch else None

    # cursors

    def _write_cursor(
        self,
        lease: Lease,
        row: Any,
        plan: Plan,
        settlement: Settlement,
        attempt: str | None,
        log: Appender,
    ) -> None:
        values = _RELEASED | {
            "state": settlement.state,
            "sending_step": settlement.step,
        }
        if settlement.forward_to is not None or settlement.clear_sending:
            values |= self._moved(row, settlement)
        else:
            values |= self._kept(lease, row, settlement)
        if settlement.reference:
            values |= self._reference(lease, settlement.reference)
        if settlement.dead is not None:
            letters.set_aside(self._tx, lease, plan, settlement)
        submitted = plan.kind is PlanKind.SUBMIT and settlement.forward_to is not None
        if submitted or settlement.hand_over == "handed_over":
            letters.resolve_hand_over(self._tx, lease)
        if settlement.forward_to is not None:
            values["last_status_sent"] = self._status_at(lease, settlement.forward_to)
        self._update(lease, values)
        self._hint(row, values)
        if settlement.hand_over:
            self._hand_over(lease, settlement, attempt, log)

    def _moved(self, row: Any, settlement: Settlement) -> dict[str, Any]:
        delivered = max(row.delivered_seq, settlement.forward_to or 0)
        narrow = settlement.narrow_to_seq or row.narrow_to_seq
        if narrow is not None and narrow <= delivered:
            narrow = None
        moved = {"delivered_seq": delivered, "narrow_to_seq": narrow}
        return self._goes_on(row, delivered) | moved

    def _goes_on(self, row: Any, delivered: int) -> dict[str, Any]:
        """What a cursor does after a range or a letter: the next, or nothing."""
        letter = letters.next_requested(self._tx, row)
        values = dict(_UNFROZEN)
        if letter is not None:
            values |= self._tries_of(row, letter)
        if letter is not None or delivered < row.target_seq:
            values |= self._due_now()
        return values

    def _tries_of(self, row: Any, letter: Any) -> dict[str, Any]:
        """Give a letter its failed tries back; stops until now count as age."""
        failures, since = letters.failed_tries(self._tx, row, letter)
        if not failures:
            return {}
        return {
            "failures": failures,
            "failing_since": since,
            "party_stopped_s": self._stopped(row.party),
        }

    def _due_now(self) -> dict[str, Any]:
        hinted = self._tx.now if self._hinting else None
        return {"due_at": self._tx.now, "hinted_at": hinted}

    def _hint(self, row: Any, values: dict[str, Any]) -> None:
        if values["due_at"] is not None and values["due_at"] <= self._tx.now:
            self.due.append((row.lane, row.complaint_id))

    def _kept(self, lease: Lease, row: Any, settlement: Settlement) -> dict[str, Any]:
        due = None
        if settlement.state is CursorState.ACTIVE:
            due = self._tx.now + timedelta(seconds=settlement.due_in_seconds or 0)
        values: dict[str, Any] = {
            "due_at": due,
            "hinted_at": None,
            "lookups": settlement.lookups,
            "resends": max(row.resends, settlement.resends),
            "progress": None,
        }
        if settlement.progress:
            place = f"cursors|progress|{row.complaint_id}.{row.party}"
            values["progress"] = self._vault.wrap(place, settlement.progress)
        if settlement.failed:
            values["failures"] = row.failures + 1
            if row.failing_since is None:
                values["failing_since"] = self._tx.now
                values["party_stopped_s"] = self._stopped(lease.cursor.party)
        return values

    def _stopped(self, party: str) -> float:
        row = self._tx.conn.execute(
            sa.select(t.parties.c.stopped_s, t.parties.c.stopped_since).where(
                t.parties.c.party == party
            )
        ).one_or_none()
        if row is None:
            return 0.0
        running = (
            (self._tx.now - row.stopped_since).total_seconds()
            if row.stopped_since
            else 0
        )
        return float(row.stopped_s + running)

    def _reference(self, lease: Lease, reference: str) -> dict[str, Any]:
        party = lease.cursor.party
        index = self._vault.blind(f"reference:{party}", reference)
        self._match_orphans(index)
        place = reference_place(lease.cursor.complaint_id, party)
        return {
            "reference": self._vault.wrap(place, reference.encode()),
            "reference_index": index,
        }

    def _match_orphans(self, index: bytes) -> None:
        """Updates that came before the reference was known are worked now."""
        c = t.journal.c
        rows = self._tx.conn.execute(
            sa.update(t.journal)
            .where(c.waiting_for == index, c.state.in_(("waiting", "quarantined")))
            .values(
                state="waiting",
                due_at=self._tx.now,
                hinted_at=self._tx.now if self._hinting else None,
            )
            .returning(c.lane, c.id)
        )
        self.due += [(row.lane, row.id) for row in rows]

    def _status_at(self, lease: Lease, seq: int) -> str:
        c = t.log.c
        found = self._tx.conn.execute(
            sa.select(c.status_after).where(
                c.complaint_id == lease.cursor.complaint_id, c.seq == seq
            )
        ).scalar_one_or_none()
        return found or ""

    def _hand_over(
        self, lease: Lease, settlement: Settlement, attempt: str | None, log: Appender
    ) -> None:
        cursor = lease.cursor
        case = log.open(cursor.complaint_id)
        if case is None:
            return
        event = new_event(
            settlement.hand_over,
            HandOver(
                agency=cursor.party,
                assignment_no=max(1, cursor.assignment_no),
                reference=settlement.reference if case.key is not None else "",
                reason_code=settlement.outcome,
            ),
            DELIVERY_RULE,
            _cause(attempt),
            self._tx.now,
            leg=(cursor.party, max(1, cursor.assignment_no)),
        )
        log.append(case, [event])
        self.due += log.flush()

    # dead letters that are retried late

    def _write_late(
        self, lease: Lease, row: Any, plan: Plan, settlement: Settlement
    ) -> None:
        """A retried dead letter: its outcome concerns nothing else.

        While it fails, events that wait take turns with it: they do not wait for it.
        """
        letters.write_late(self._tx, row, plan, settlement)
        if letters.is_final(settlement):
            values = self._goes_on(row, row.delivered_seq)
        else:
            values = self._kept(lease, row, settlement)
            # What goes in steps is finished first: the steps done are not done again.
            if row.delivered_seq < row.target_seq and not settlement.progress:
                values |= self._others_first(row)
        self._update(lease, _RELEASED | values)
        self._hint(row, values)

    def _others_first(self, row: Any) -> dict[str, Any]:
        """Freeze the next event: a lease takes what is frozen before any letter."""
        first = row.delivered_seq + 1
        told = told_seqs(self._tx, row.complaint_id, row.party, first, row.target_seq)
        if not told:
            return {"delivered_seq": row.target_seq}
        frozen = {"sending_from_seq": first, "sending_to_seq": told[0]}
        return FRESH | frozen | self._due_now()

    # answers

    def _write_answer(self, lease: Lease, row: Any, settlement: Settlement) -> None:
        values = dict(_RELEASED)
        if settlement.forward_to is not None and settlement.dead is None:
            values |= {"state": "done", "due_at": None}
        elif settlement.dead is not None or settlement.clear_sending:
            values |= {"state": "failed", "due_at": None}
        else:
            values |= {
                "due_at": self._tx.now
                + timedelta(seconds=settlement.due_in_seconds or 0),
                "hinted_at": None,
                "failures": row.failures + 1,
                "resends": max(row.resends, settlement.resends),
                "failing_since": row.failing_since or self._tx.now,
            }
        self._update(lease, values)

    # shared

    def _update(self, lease: Lease, values: dict[str, Any]) -> None:
        table, cursor = _table(lease), lease.cursor
        if lease.answer_no is not None:
            where: tuple[sa.ColumnElement[bool], ...] = (
                t.answers.c.journal_id == cursor.complaint_id,
                t.answers.c.n == lease.answer_no,
            )
        else:
            where = (
                t.cursors.c.complaint_id == cursor.complaint_id,
                t.cursors.c.party == cursor.party,
                t.cursors.c.recipient == cursor.recipient,
            )
        self._tx.conn.execute(sa.update(table).where(*where).values(**values))


_RELEASED: dict[str, Any] = {
    "lease_until": None,
    "lease_owner": None,
    "sending_open": False,
}
_UNFROZEN: dict[str, Any] = FRESH | {
    "sending_from_seq": None,
    "sending_to_seq": None,
    "sending_key": "",
    "sending_mapping": "",
    "sending_dead_letter_id": None,
    "due_at": None,
    "hinted_at": None,
}


def _table(lease: Lease) -> sa.Table:
    return t.answers if lease.answer_no is not None else t.cursors


def _cause(attempt: str | None) -> Cause:
    return Cause(kind=CauseKind.DELIVERY, id=attempt or str(uuid7()))
