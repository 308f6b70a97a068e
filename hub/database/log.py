"""The log: the one place that appends events and moves the targets of cursors."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub.database import tables as t
from hub.database.case import Case, CursorRow
from hub.database.directory import PartyRow, read_parties
from hub.database.engine import Tx
from hub.database.projection import (
    event_row,
    leg_rows,
    projection,
    read_events,
    reference_place,
)
from hub.database.types import Instant
from hub.database.vault import Vault
from hub.domain.delivery import CursorState
from hub.domain.lifecycle import CaseState, fold
from hub.domain.privacy import interested
from schemas.events import CATALOGUE, LogEvent, NewEvent, Scope
from schemas.parties import PartyKind

ALWAYS_TOLD = frozenset({"erasure_requested", "returned", "withdrawn", "merged_into"})
"""Told to an agency even when its legs have ended."""


class Appender:
    """Appends to many complaints in one transaction, then writes in bulk."""

    def __init__(self, tx: Tx, vault: Vault, *, hinting: bool) -> None:
        self.tx = tx
        self.vault = vault
        self.hinting = hinting
        self._parties: dict[str, PartyRow] | None = None
        self._cases: dict[str, Case] = {}

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

    def open(self, complaint_id: str) -> Case | None:
        """Lock and read an existing complaint; None when there is none."""
        if complaint_id in self._cases:
            return self._cases[complaint_id]
        c = t.complaints.c
        row = self.tx.conn.execute(
            sa.select(c.id, c.code, c.public_number, c.data_key_id, c.channel)
            .where(c.id == complaint_id)
            .with_for_update(key_share=True)
        ).one_or_none()
        if row is None:
            return None
        keys = self.vault.keys(self.tx.conn, [row.data_key_id])
        case = Case(
            complaint_id,
            row.code,
            row.public_number,
            keys.get(row.data_key_id),
            row.data_key_id,
            channel=row.channel,
        )
        case.events = [(e.seq, e) for e in read_events(self.tx, complaint_id)]
        case.causes = {(e.cause.kind, e.cause.id, e.cause.no) for _, e in case.events}
        case.state = fold(case.events)
        case.reporter_id = str(case.state.facts.get("reporter_id", ""))
        case.cursors = self._read_cursors(complaint_id)
        self._cases[complaint_id] = case
        return case

    def _read_cursors(self, complaint_id: str) -> dict[tuple[str, str], CursorRow]:
        c = t.cursors.c
        rows = self.tx.conn.execute(
            sa.select(
                c.party,
                c.recipient,
                c.state,
                c.delivered_seq,
                c.target_seq,
                c.assignment_no,
            )
            .where(c.complaint_id == complaint_id)
            .order_by(c.party, c.recipient)
            .with_for_update(key_share=True)
        )
        return {
            (r.party, r.recipient): CursorRow(
                r.party,
                r.recipient,
                CursorState(r.state),
                r.delivered_seq,
                r.target_seq,
                r.assignment_no,
            )
            for r in rows
        }

    def add_cursor(self, case: Case, party: str, recipient: str) -> None:
        """Give a party a cursor that begins at the complaint's head."""
        if party in self.parties and (party, recipient) not in case.cursors:
            head = case.events[-1][0] if case.events else 0
            case.cursors[(party, recipient)] = CursorRow(
                party, recipient, CursorState.ACTIVE, head, head, 0, is_new=True
            )

    def append(self, case: Case, events: Iterable[NewEvent]) -> list[LogEvent]:
        """Append events; a repeated cause or occurrence is left out."""
        return [found for event in events if (found := self._append(case, event))]

    def _append(self, case: Case, event: NewEvent) -> LogEvent | None:
        cause = (event.cause.kind, event.cause.id, event.cause.no)
        if cause in case.causes or _known_occurrence(case, event):
            return None
        seq = len(case.events) + 1
        after = fold([*case.events, (seq, event)])
        first = not any(
            e.type == event.type and e.leg == event.leg for _, e in case.events
        )
        event = _confirm_if_nothing_changed(
            case.state,
            after,
            event,
            first_of_kind=first and event.type == "acknowledged",
        )
        if event.type == "assigned" and event.leg in after.legs:
            self._assign_cursor(case, event, seq)
        written = LogEvent(
            **event.model_dump(),
            complaint_id=case.complaint_id,
            seq=seq,
            event_id=str(uuid7()),
            recorded_at=self.tx.now,
            status_after=after.status,
        )
        case.events.append((seq, written))
        case.causes.add(cause)
        case.state = after
        case.added.append(written)
        self._wake(case, written)
        return written

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

    def _wake(self, case: Case, event: LogEvent) -> None:
        for cursor in case.cursors.values():
            party = self.parties.get(cursor.party)
            if party is None or cursor.state is CursorState.ENDED:
                continue
            if not interested(event, party.kind, party.party, party.wants):
                continue
            if party.kind is PartyKind.AGENCY and not _still_told(
                case, event, party.party
            ):
                continue
            cursor.target_seq = event.seq
            cursor.changed = True
            cursor.due = cursor.state is CursorState.ACTIVE

    def flush(self) -> list[tuple[str, str]]:
        """Write everything; returns the (lane, complaint_id) pairs that became due."""
        due: list[tuple[str, str]] = []
        for complaint_id in sorted(self._cases):
            case = self._cases[complaint_id]
            if not case.added and not any(
                c.is_new or c.changed for c in case.cursors.values()
            ):
                continue
            self._write_complaint(case)
            self._write_events(case)
            self._write_legs(case)
            due += self._write_cursors(case)
            case.added = []
        return due

    def _write_complaint(self, case: Case) -> None:
        values = projection(case.state)
        if case.is_new:
            first = case.added[0]
            self.tx.conn.execute(
                sa.insert(t.complaints).values(
                    id=case.complaint_id,
                    code=case.code,
                    public_number=case.public_number,
                    data_key_id=case.data_key_id,
                    received_at=first.occurred_at,
                    **values,
                )
            )
            return
        self.tx.conn.execute(
            sa.update(t.complaints)
            .where(t.complaints.c.id == case.complaint_id)
            .values(**values)
        )

    def _write_events(self, case: Case) -> None:
        rows = [
            event_row(event, case.key, case.data_key_id, self._config_version(event))
            for event in case.added
        ]
        if rows:
            self.tx.conn.execute(sa.insert(t.log), rows)

    def _config_version(self, event: LogEvent) -> str:
        party = self.parties.get(event.leg[0]) if event.leg else None
        return party.config_version if party else ""

    def _write_legs(self, case: Case) -> None:
        conn, c = self.tx.conn, t.legs.c
        known = set()
        if not case.is_new:
            known = {
                (r.agency, r.assignment_no)
                for r in conn.execute(
                    sa.select(c.agency, c.assignment_no).where(
                        c.complaint_id == case.complaint_id
                    )
                )
            }
        for row in leg_rows(case.complaint_id, case.state):
            if (row["agency"], row["assignment_no"]) not in known:
                conn.execute(sa.insert(t.legs).values(**row))
                continue
            conn.execute(
                sa.update(t.legs)
                .where(
                    c.complaint_id == case.complaint_id,
                    c.agency == row["agency"],
                    c.assignment_no == row["assignment_no"],
                )
                .values(**row)
            )

    def _write_cursors(self, case: Case) -> list[tuple[str, str]]:
        due: list[tuple[str, str]] = []
        for _, cursor in sorted(case.cursors.items()):
            if not (cursor.is_new or cursor.changed):
                continue
            party = self.parties[cursor.party]
            values: dict[str, Any] = {
                "target_seq": cursor.target_seq,
                "assignment_no": cursor.assignment_no,
            }
            if cursor.due:
                values |= {"due_at": self.tx.now, "hinted_at": self._hinted()}
                due.append((party.lane, case.complaint_id))
            if cursor.is_new:
                self._insert_cursor(case, cursor, party.lane, values)
            else:
                self._update_cursor(case, cursor, values)
            cursor.is_new = cursor.changed = cursor.due = cursor.reassigned = False
        return due

    def _hinted(self) -> Any:
        return self.tx.now if self.hinting else None

    def _insert_cursor(
        self, case: Case, cursor: CursorRow, lane: str, values: dict[str, Any]
    ) -> None:
        self.tx.conn.execute(
            sa.insert(t.cursors).values(
                complaint_id=case.complaint_id,
                party=cursor.party,
                recipient=cursor.recipient,
                lane=lane,
                state=cursor.state,
                delivered_seq=cursor.delivered_seq,
                **values,
            )
        )

    def _update_cursor(
        self, case: Case, cursor: CursorRow, values: dict[str, Any]
    ) -> None:
        c = t.cursors.c
        where = (
            c.complaint_id == case.complaint_id,
            c.party == cursor.party,
            c.recipient == cursor.recipient,
        )
        if cursor.reassigned:
            self._retire_reference(case, cursor, where)
            values |= {
                "delivered_seq": cursor.delivered_seq,
                "state": cursor.state,
                "reference": None,
                "reference_index": None,
                "sending_from_seq": None,
                "sending_to_seq": None,
                "sending_key": "",
                "sending_open": False,
                "lease_until": None,
                "lease_epoch": c.lease_epoch + 1,
            }
        elif "due_at" in values:
            # A range that waits for its next attempt keeps its own time.
            values["due_at"] = sa.case(
                (c.sending_to_seq.is_not(None), c.due_at),
                else_=sa.literal(self.tx.now, Instant()),
            )
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
        row = f"{case.complaint_id}.{cursor.party}.{old.assignment_no}"
        kept = f"agency_references|reference|{row}"
        self.tx.conn.execute(
            sa.insert(t.agency_references).values(
                complaint_id=case.complaint_id,
                agency=cursor.party,
                assignment_no=old.assignment_no,
                reference=self.vault.wrap(kept, plain),
                reference_index=old.reference_index,
            )
        )


def _known_occurrence(case: Case, event: NewEvent) -> bool:
    if not event.occurrence_key:
        return False
    return any(
        e.occurrence_key == event.occurrence_key and e.leg == event.leg
        for _, e in case.events
    )


def _confirm_if_nothing_changed(
    before: CaseState, after: CaseState, event: NewEvent, *, first_of_kind: bool
) -> NewEvent:
    """Store an agency's update that changes nothing so that it wakes nobody."""
    row = CATALOGUE[event.type]
    if not event.occurrence_key or row.effect.scope is not Scope.LEG:
        return event
    news = event.sealed.get("text") or event.facts.get("attachments")
    moved = before.legs != _without_seqs(after, before) or before.status != after.status
    if news or moved or first_of_kind:
        return event
    facts = {**event.facts, "stands_for": event.type}
    return event.model_copy(update={"type": "confirmed", "facts": facts})


def _without_seqs(after: CaseState, before: CaseState) -> dict[tuple[str, int], Any]:
    return {
        key: replace(leg, closed_seq=before.legs[key].closed_seq)
        if key in before.legs
        else leg
        for key, leg in after.legs.items()
    }


def _still_told(case: Case, event: LogEvent, agency: str) -> bool:
    if event.type in ALWAYS_TOLD or (event.leg is not None and event.leg[0] == agency):
        return True
    return any(leg.is_open for leg in case.state.legs.values() if leg.agency == agency)
