"""The log: the one place that appends events and moves the targets of cursors."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from uuid_utils import uuid7

from hub.database import letters
from hub.database import tables as t
from hub.database.case import Case, CursorRow, Written
from hub.database.case_reading import read_cases
from hub.database.directory import PartyRow, read_parties
from hub.database.engine import Tx
from hub.database.hot.batch import (
    CHANGED_COMPLAINTS,
    CHANGED_CURSORS,
    CHANGED_LEGS,
    GROWN_COMPLAINTS,
    NEW_COMPLAINTS,
    NEW_CURSORS,
    NEW_EVENTS,
    NEW_LEGS,
    REFERENCED_CURSORS,
    Batch,
)
from hub.database.hot.writing import write
from hub.database.moulds import Mould, Stamped, stamp
from hub.database.news import confirmed_if_no_news
from hub.database.projection import (
    cursor_row,
    event_row,
    kept_reference_place,
    leg_row,
    projection,
    reference_place,
    reference_row,
    watch_columns,
)
from hub.database.vault import DataKey, Vault
from hub.database.waking import call_for, set_time
from hub.domain.concern import concerns
from hub.domain.deadlines import Deadlines, moves_clocks
from hub.domain.delivery import CursorState
from hub.domain.privacy import interested, is_author
from hub.domain.registration import Beginning
from hub.ports import NewCase
from schemas.events import CATALOGUE, NewEvent
from schemas.parties import PartyKind

BRINGS = {
    PartyKind.AGENCY: frozenset(
        {"assigned", "restored", "reopened", "reporter_replied"}
    ),
    PartyKind.UPSTREAM: frozenset({"registered"}),
}
"""What may give a party a complaint that it does not have: no filter stops a hand-over.

One that has the complaint is then told what it wants only, where data leaves.
"""


class Appender:
    """Appends to many complaints in one transaction, then writes in bulk."""

    def __init__(
        self,
        tx: Tx,
        vault: Vault,
        deadlines: Deadlines,
        *,
        hinting: bool,
        batch: Batch | None = None,
        parties: dict[str, PartyRow] | None = None,
    ) -> None:
        self.tx = tx
        self.vault = vault
        self.deadlines = deadlines
        self.hinting = hinting
        self.batch = batch or Batch()
        self._parties: dict[str, PartyRow] | None = parties
        self._cases: dict[str, Case] = {}
        self._stamped: dict[str, Stamped] = {}
        self._due: list[tuple[str, str]] = []

    @property
    def parties(self) -> dict[str, PartyRow]:
        """Every party, as of this transaction."""
        if self._parties is None:
            self._parties = read_parties(self.tx)
        return self._parties

    def create(self, case: Case) -> Case:
        """Begin a new complaint."""
        case.is_new = True
        self._cases[case.complaint_id] = case
        return case

    def stamp(self, mould: Mould, new: NewCase, begun: Beginning, key: DataKey) -> str:
        """Begin a new complaint from a mould; returns its first event's id."""
        made = stamp(
            self.batch, mould, new, begun, key, self.deadlines, hinting=self.hinting
        )
        complaint_id = new.row.complaint_id
        self._stamped[complaint_id] = made
        self._due += [(c["lane"], complaint_id) for c in made.cursors if c["due_at"]]
        return made.event_id

    def open(self, complaint_id: str) -> Case | None:
        """Lock and read an existing complaint; None when there is none."""
        if complaint_id not in self._cases:
            self.open_many([complaint_id])
        return self._cases.get(complaint_id)

    def open_many(self, complaint_ids: Iterable[str]) -> None:
        """Lock and read complaints at once; `open` then has them."""
        wanted = set(complaint_ids) - self._cases.keys()
        for complaint_id in wanted & self._stamped.keys():
            self._cases[complaint_id] = self._stamped[complaint_id].case()
        wanted -= self._stamped.keys()
        if wanted:
            found = read_cases(self.tx, self.vault, wanted)
            self._cases |= {case.complaint_id: case for case in found}

    def hold(self, cases: Iterable[Case]) -> None:
        """Take complaints that were locked and read elsewhere in this transaction."""
        self._cases |= {case.complaint_id: case for case in cases}

    def add_cursor(self, case: Case, party: str, recipient: str) -> None:
        """Give a party a cursor that begins at the complaint's head."""
        if party in self.parties and (party, recipient) not in case.cursors:
            head = case.events[-1][0] if case.events else 0
            case.cursors[(party, recipient)] = CursorRow(
                party, recipient, CursorState.ACTIVE, head, head, 0, is_new=True
            )

    def append(
        self, case: Case, events: Iterable[NewEvent], owner: Case | None = None
    ) -> list[Written]:
        """Append events; a repeated cause or occurrence is left out.

        `owner` is the complaint whose key covers their words, if it is another.
        """
        keeper = owner or case
        return [
            found for event in events if (found := self._append(case, event, keeper))
        ]

    def _append(self, case: Case, event: NewEvent, keeper: Case) -> Written | None:
        cause = (event.cause.kind, event.cause.id, event.cause.no)
        if cause in case.causes or known_occurrence(case, event):
            return None
        seq = len(case.events) + 1
        event = self._with_text_mark(case, event)
        if event.occurrence_key:
            event = self._with_what_was_heard(case, event)
        grown = case.folding.after(seq, event)
        if event.occurrence_key:
            event = confirmed_if_no_news(case, grown.state, event)
        if event.type == "assigned" and event.leg in grown.state.legs:
            self._assign_cursor(case, event, seq)
        if event.type == "registered":
            self._mirror(case)
        case.folding.take(seq, event, grown)
        case.causes.add(cause)
        written = Written(
            event,
            case.complaint_id,
            seq,
            str(uuid7()),
            self.tx.now,
            grown.state.status,
            keeper.key,
            keeper.data_key_id,
        )
        case.added.append(written)
        self._wake(case, event, seq)
        return written

    def _with_text_mark(self, case: Case, event: NewEvent) -> NewEvent:
        """Mark a text that may come back as somebody else's."""
        text = event.sealed.get("text")
        if not text or "text_mark" not in CATALOGUE[event.type].payload.model_fields:
            return event
        words = " ".join(text.split())
        mark = self.vault.blind("text", f"{case.complaint_id}\x1f{words}").hex()[:32]
        return event.model_copy(update={"facts": {**event.facts, "text_mark": mark}})

    def _with_what_was_heard(self, case: Case, event: NewEvent) -> NewEvent:
        """Note up to where an agency had been told, if it is still to be told more."""
        agency = event.leg[0] if event.leg else ""
        party, cursor = self.parties.get(agency), case.cursors.get((agency, ""))
        if party is None or cursor is None:
            return event
        for seq, known in case.events[cursor.told_to_seq : cursor.target_seq]:
            if interested(known, party.kind, agency, party.wants):
                facts = {**event.facts, "heard_seq": seq - 1}
                return event.model_copy(update={"facts": facts})
        return event

    def _assign_cursor(self, case: Case, event: NewEvent, seq: int) -> None:
        if event.leg is None or event.leg[0] not in self.parties:
            return
        agency, number = event.leg
        known = case.cursors.get((agency, ""))
        if known is None:
            case.cursors[(agency, "")] = CursorRow(
                agency, "", CursorState.ACTIVE, seq - 1, seq - 1, number, is_new=True
            )
            return
        known.assignment_no = number
        known.delivered_seq = max(known.delivered_seq, seq - 1)
        known.state = CursorState.ACTIVE
        known.reassigned = known.changed = True

    def _mirror(self, case: Case) -> None:
        """Let platforms that get every complaint have it, but not where it began."""
        said = [event for _, event in case.events]
        for p in self.parties.values():
            if p.mirrors and not any(is_author(e, p.kind, p.party) for e in said):
                self.add_cursor(case, p.party, "")

    def _wake(self, case: Case, event: NewEvent, seq: int) -> None:
        for cursor in case.cursors.values():
            party = self.parties.get(cursor.party)
            if party is None or cursor.state is CursorState.ENDED:
                continue
            follows = cursor.recipient not in {"", case.reporter_id}
            wants = None if event.type in BRINGS.get(party.kind, ()) else party.wants
            if not interested(event, party.kind, party.party, wants, follows=follows):
                continue
            is_agency = party.kind is PartyKind.AGENCY
            if is_agency and not concerns(event, case.state, party.party):
                continue
            cursor.target_seq = seq
            cursor.changed = True
            call_for(cursor, party, event)
            cursor.due = cursor.state is CursorState.ACTIVE

    def flush(self) -> list[tuple[str, str]]:
        """Write everything; returns the (lane, complaint_id) pairs that became due."""
        due = self.collect()
        write(self.tx, self.batch)
        return due

    def collect(self) -> list[tuple[str, str]]:
        """Collect everything for the batch, without writing it; returns as `flush`."""
        due, self._due = self._due, []
        for complaint_id in sorted(self._cases):
            case = self._cases[complaint_id]
            if not case.added and not any(
                c.is_new or c.changed for c in case.cursors.values()
            ):
                continue
            self._collect_complaint(case)
            self._collect_events(case)
            self._collect_legs(case)
            due += self._collect_cursors(case)
            case.added = []
            case.is_new = False
        return due

    def _collect_complaint(self, case: Case) -> None:
        if not case.is_new and not any(moves_clocks(w.event) for w in case.added):
            row = {"id": case.complaint_id, "head_seq": case.state.head_seq}
            self.batch.add(GROWN_COMPLAINTS, row)
            return
        row = projection(case.state)
        row["id"] = case.complaint_id
        row |= watch_columns(case, self.deadlines)
        if case.is_new:
            row |= {
                "code": case.code,
                "public_number": case.public_number,
                "data_key_id": case.data_key_id,
                "received_at": case.received_at or case.added[0].event.occurred_at,
            }
        self.batch.add(NEW_COMPLAINTS if case.is_new else CHANGED_COMPLAINTS, row)

    def _collect_events(self, case: Case) -> None:
        for written in case.added:
            leg = written.event.leg
            party = self.parties.get(leg[0]) if leg else None
            version = party.config_version if party else ""
            self.batch.add(NEW_EVENTS, event_row(written, version))

    def _collect_legs(self, case: Case) -> None:
        legs = case.state.legs
        if legs == case.legs:
            return
        for key, leg in sorted(legs.items()):
            known = case.legs.get(key)
            if known != leg:
                sheet = NEW_LEGS if known is None else CHANGED_LEGS
                self.batch.add(sheet, leg_row(case.complaint_id, leg))
        case.legs = dict(legs)

    def wake(self, case: Case) -> list[tuple[str, str]]:
        """Set the time of cursors that have something new; returns as `flush`."""
        due: list[tuple[str, str]] = []
        for _, cursor in sorted(case.cursors.items()):
            if cursor.due:
                rests = set_time(cursor, self.tx.now)
                hints = self.hinting and not rests
                cursor.hinted_at = self.tx.now if hints else None
                cursor.due, cursor.woken = False, True
                if not rests:  # else the sweep finds it when it is time
                    due.append((self.parties[cursor.party].lane, case.complaint_id))
        return due

    def _collect_cursors(self, case: Case) -> list[tuple[str, str]]:
        due = self.wake(case)
        for _, cursor in sorted(case.cursors.items()):
            if not (cursor.is_new or cursor.changed):
                continue
            party = self.parties[cursor.party]
            if cursor.reassigned:
                self._reassign(case, cursor)
            else:
                sheet = NEW_CURSORS if cursor.is_new else CHANGED_CURSORS
                self.batch.add(sheet, cursor_row(case.complaint_id, party.lane, cursor))
            if cursor.is_new and cursor.reference:
                row = reference_row(self.vault, case.complaint_id, cursor)
                self.batch.add(REFERENCED_CURSORS, row)
            cursor.is_new = cursor.changed = cursor.woken = cursor.reassigned = False
        return due

    def _reassign(self, case: Case, cursor: CursorRow) -> None:
        """Let a cursor begin anew with its new assignment number."""
        c = t.cursors.c
        where = (
            c.complaint_id == case.complaint_id,
            c.party == cursor.party,
            c.recipient == cursor.recipient,
        )
        self._retire_reference(case, cursor, where)
        letters.end_with_assignment(self.tx, case.complaint_id, cursor.party)
        values: dict[str, Any] = {
            **letters.UNFROZEN,
            "target_seq": cursor.target_seq,
            "assignment_no": cursor.assignment_no,
            "delivered_seq": cursor.delivered_seq,
            "state": cursor.state,
            "reference": None,
            "reference_index": None,
            "last_status_sent": "",
            "sending_open": False,
            "narrow_to_seq": None,
            "lease_until": None,
            "lease_epoch": c.lease_epoch + 1,
        }
        if cursor.woken:
            values |= {"due_at": self.tx.now, "hinted_at": cursor.hinted_at}
        self.tx.conn.execute(sa.update(t.cursors).where(*where).values(**values))

    def _retire_reference(
        self, case: Case, cursor: CursorRow, where: tuple[sa.ColumnElement[bool], ...]
    ) -> None:
        c = t.cursors.c
        old = self.tx.conn.execute(
            sa.select(c.reference, c.reference_index, c.assignment_no).where(*where)
        ).one()
        if old.reference is None:
            return
        place = reference_place(case.complaint_id, cursor.party)
        plain = self.vault.unwrap(place, old.reference)
        number = old.assignment_no
        kept = kept_reference_place(case.complaint_id, cursor.party, number)
        self.tx.conn.execute(
            sa.insert(t.agency_references).values(
                complaint_id=case.complaint_id,
                agency=cursor.party,
                assignment_no=number,
                reference=self.vault.wrap(kept, plain),
                reference_index=old.reference_index,
            )
        )


def known_occurrence(case: Case, event: NewEvent) -> bool:
    """Tell whether an agency's update is in the log already."""
    if not event.occurrence_key:
        return False
    return any(
        e.occurrence_key == event.occurrence_key and e.leg == event.leg
        for _, e in case.events
    )
