"""Writing the outcomes of calls, many in one transaction, in the hub's lock order.

What is usual costs no statement of its own: the rows of all outcomes are locked and
read together, changed in memory in the order of the outcomes, and written together.
Only what is rare, dead letters above all, is written where it is decided.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from uuid_utils.compat import uuid7

from hub.database import attached, contacts, letters
from hub.database.attempts import skip_row
from hub.database.directory import Directory
from hub.database.engine import Tx
from hub.database.hot.batch import (
    ENDED_ATTEMPTS,
    NEW_ATTEMPTS,
    SETTLED_ANSWERS,
    SETTLED_CURSORS,
    WOKEN_ROWS,
    Batch,
)
from hub.database.hot.writing import write
from hub.database.letters import FRESH, UNFROZEN
from hub.database.log import Appender
from hub.database.parties import tell_parties
from hub.database.projection import reference_place, told_seqs
from hub.database.settling_rows import Held, SettlingRows, reference_index
from hub.database.vault import Vault
from hub.domain.deadlines import Deadlines
from hub.domain.delivery import CursorState, PlanKind
from hub.domain.settlement import RESTS, Settlement
from hub.ports import Ended, Lease
from schemas.events import Cause, new_event
from schemas.parties import Author, AuthorKind, CauseKind
from schemas.payloads import HandOver

DELIVERY_RULE = Author(kind=AuthorKind.RULE, id="delivery")


class Settling:
    """A group of outcomes in one transaction; `due` names what it made due."""

    def __init__(
        self,
        tx: Tx,
        vault: Vault,
        deadlines: Deadlines,
        directory: Directory,
        *,
        hinting: bool,
    ) -> None:
        self._tx = tx
        self._vault = vault
        self._deadlines = deadlines
        self._hinting = hinting
        self._batch = Batch()
        self._directory = directory
        self._log: Appender
        self._rows: SettlingRows
        self._attempts: dict[str, dict[str, Any]] = {}
        self._told: list[tuple[str, Settlement]] = []
        self._lost: list[tuple[str, str]] = []
        self.due: list[tuple[str, str]] = []

    def run(self, group: Sequence[Ended]) -> list[bool]:
        """Write the outcomes; False for those whose lease's epoch was lost.

        An outcome that was written before, because nobody heard that it was, is
        left as it is.
        """
        self._rows = SettlingRows.lock(self._tx, self._vault, group)
        self._log = self._appender()
        kept = [self._one(ended) for ended in group]
        self.due += self._log.collect()
        self._collect()
        tell_parties(self._tx, self._told, self._batch)
        write(self._tx, self._batch)
        some = [one for one, holds in zip(group, kept, strict=True) if holds]
        attached.store(self._tx, self._vault, some)
        for key, why in self._lost:
            contacts.lose(self._tx, self._vault, key, why)
        return kept

    def _appender(self) -> Appender:
        cases = self._rows.cases.values()
        parties = self._directory.read(self._tx) if cases else {}
        log = Appender(
            self._tx,
            self._vault,
            self._deadlines,
            hinting=self._hinting,
            batch=self._batch,
            parties=parties,
        )
        log.hold(cases)
        return log

    def _one(self, ended: Ended) -> bool:
        held = self._rows.of(ended.lease)
        if held is None:
            self._end_attempt(ended, evidence_only=True)
            return False
        if held.row.lease_until is None:
            return True
        if ended.lease.answer_no is not None:
            self._write_answer(held, ended.settlement)
        elif ended.plan.kind is PlanKind.DEAD_LETTER:
            self._write_late(held, ended)
        else:
            self._write_cursor(held, ended)
        self._end_attempt(ended, evidence_only=False)
        self._told.append((ended.lease.cursor.party, ended.settlement))
        return True

    def _collect(self) -> None:
        for held in self._rows.held.values():
            if held.values:
                answer = hasattr(held.row, "n")
                sheet = SETTLED_ANSWERS if answer else SETTLED_CURSORS
                self._batch.add(sheet, held.written(sheet.names))
        for row in self._attempts.values():
            self._batch.add(ENDED_ATTEMPTS, row)

    def _end_attempt(self, ended: Ended, *, evidence_only: bool) -> None:
        settlement, attempt = ended.settlement, ended.attempt
        if attempt is None:
            if settlement.outcome != "skipped" or ended.case is None:
                return
            skipped = skip_row(self._tx, ended)
            self._batch.add(NEW_ATTEMPTS, skipped)
            attempt = skipped["id"]
        response = None
        key = self._rows.key_of(attempt) if settlement.response else None
        if key is not None:
            place = f"attempts|response|{attempt}"
            response = key.seal(place, settlement.response[:65536])
        self._attempts[attempt] = {
            "id": attempt,
            "ended_at": self._tx.now,
            "outcome": settlement.outcome,
            "why": settlement.why[:300],
            "fingerprint": settlement.fingerprint[:200],
            "evidence_only": evidence_only,
            "response": response,
        }

    # cursors

    def _write_cursor(self, held: Held, ended: Ended) -> None:
        lease, settlement = ended.lease, ended.settlement
        values = _RELEASED | {
            "state": settlement.state,
            "sending_step": settlement.step,
        }
        if settlement.forward_to is not None or settlement.clear_sending:
            values |= self._moved(held, settlement)
        else:
            values |= self._kept(held, settlement)
            if settlement.outcome == RESTS:
                values |= self._rested(held, lease, settlement)
        if settlement.reference:
            values |= self._reference(lease, settlement.reference)
        if settlement.contact_gone and held.row.party in contacts.KINDS:
            self._lost.append((held.row.sending_key, settlement.fingerprint))
        if settlement.dead is not None:
            letters.set_aside(self._tx, lease, ended.plan, settlement)
        handed_over = settlement.hand_over == "handed_over" or (
            ended.plan.kind is PlanKind.SUBMIT and settlement.forward_to is not None
        )
        if handed_over and self._rows.has_hand_over_letter(held.row):
            letters.resolve_hand_over(self._tx, lease)
        if settlement.forward_to is not None:
            place = (lease.cursor.complaint_id, settlement.forward_to)
            values["last_status_sent"] = self._rows.statuses.get(place, "")
        held.set(values)
        self._hint(held)
        if settlement.hand_over:
            self._hand_over(ended)

    def _moved(self, held: Held, settlement: Settlement) -> dict[str, Any]:
        row = held.row
        delivered = max(row.delivered_seq, settlement.forward_to or 0)
        narrow = settlement.narrow_to_seq or row.narrow_to_seq
        if narrow is not None and narrow <= delivered:
            narrow = None
        moved = {"delivered_seq": delivered, "narrow_to_seq": narrow}
        return self._goes_on(held, delivered) | moved

    def _goes_on(self, held: Held, delivered: int) -> dict[str, Any]:
        """What a cursor does after a range or a letter: the next, or nothing."""
        letter = None
        if self._rows.may_be_requested(held.row):
            letter = letters.next_requested(self._tx, held.row)
        values = dict(UNFROZEN)
        if letter is not None:
            values |= self._tries_of(held.row, letter)
        if letter is not None or delivered < held.target_seq:
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

    def _hint(self, held: Held) -> None:
        due_at = held["due_at"]
        if due_at is not None and due_at <= self._tx.now:
            self.due.append((held.row.lane, held.row.complaint_id))

    def _kept(self, held: Held, settlement: Settlement) -> dict[str, Any]:
        row, due = held.row, None
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
                values["party_stopped_s"] = self._stopped(row.party)
        return values

    def _rested(
        self, held: Held, lease: Lease, settlement: Settlement
    ) -> dict[str, Any]:
        """What came while a turn was put off is looked at now: it may be urgent.

        A rest is no failure: the age of an earlier one stands still meanwhile.
        """
        if held.target_seq > lease.cursor.target_seq:
            return self._due_now()
        row, seconds = held.row, settlement.due_in_seconds or 0
        if row.failing_since is None:
            return {}
        return {"party_stopped_s": row.party_stopped_s - seconds}

    def _stopped(self, party: str) -> float:
        """Sum up a party's stops until now; what this group stops begins now."""
        row = self._rows.stopped.get(party)
        if row is None:
            return 0.0
        since = row.stopped_since
        running = (self._tx.now - since).total_seconds() if since else 0
        return float(row.stopped_s + running)

    def _reference(self, lease: Lease, reference: str) -> dict[str, Any]:
        index = reference_index(self._vault, lease, reference)
        self._match_orphans(index)
        place = reference_place(lease.cursor.complaint_id, lease.cursor.party)
        return {
            "reference": self._vault.wrap(place, reference.encode()),
            "reference_index": index,
        }

    def _match_orphans(self, index: bytes) -> None:
        """Updates that came before the reference was known are worked now."""
        for row in self._rows.orphans:
            if row.waiting_for == index:
                woken = {"id": row.id, "state": "waiting", **self._due_now()}
                self._batch.add(WOKEN_ROWS, woken)
                self.due.append((row.lane, row.id))
        # Two hand-overs with one reference: the rows are woken once.
        self._rows.orphans = [r for r in self._rows.orphans if r.waiting_for != index]

    def _hand_over(self, ended: Ended) -> None:
        cursor, settlement = ended.lease.cursor, ended.settlement
        case = self._rows.cases.get(cursor.complaint_id)
        if case is None:
            return
        number = max(1, cursor.assignment_no)
        event = new_event(
            settlement.hand_over,
            HandOver(
                agency=cursor.party,
                assignment_no=number,
                reference=settlement.reference if case.key is not None else "",
                reason_code=settlement.outcome,
            ),
            DELIVERY_RULE,
            Cause(kind=CauseKind.DELIVERY, id=ended.attempt or str(uuid7())),
            self._tx.now,
            leg=(cursor.party, number),
        )
        self._log.append(case, [event])
        self.due += self._log.wake(case)

    # dead letters that are retried late

    def _write_late(self, held: Held, ended: Ended) -> None:
        """A retried dead letter: its outcome concerns nothing else.

        While it fails, events that wait take turns with it: they do not wait for it.
        """
        row, settlement = held.row, ended.settlement
        letters.write_late(self._tx, row, ended.plan, settlement)
        if letters.is_final(settlement):
            values = self._goes_on(held, row.delivered_seq)
        else:
            values = self._kept(held, settlement)
            if settlement.outcome == RESTS:
                values |= self._rested(held, ended.lease, settlement)
            # What goes in steps is finished first: the steps done are not done again.
            elif row.delivered_seq < held.target_seq and not settlement.progress:
                values |= self._others_first(held)
        held.set(_RELEASED | values)
        self._hint(held)

    def _others_first(self, held: Held) -> dict[str, Any]:
        """Freeze the next event: a lease takes what is frozen before any letter."""
        row, last = held.row, held.target_seq
        first = row.delivered_seq + 1
        told = told_seqs(self._tx, row.complaint_id, row.party, first, last)
        if not told:
            return {"delivered_seq": last}
        frozen = {"sending_from_seq": first, "sending_to_seq": told[0]}
        return FRESH | frozen | self._due_now()

    # answers

    def _write_answer(self, held: Held, settlement: Settlement) -> None:
        row, values = held.row, dict(_RELEASED)
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
        held.set(values)


_RELEASED: dict[str, Any] = {
    "lease_until": None,
    "lease_owner": None,
    "sending_open": False,
}
