"""What operators do to dead letters and held hand-overs; every action is audited."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub.database import contacts
from hub.database import tables as t
from hub.database.audit import note
from hub.database.case import Case
from hub.database.engine import Database, Tx, retrying
from hub.database.letters import FRESH, UNFROZEN, next_requested
from hub.database.log import Appender
from hub.database.projection import reference_place
from hub.database.types import Instant
from hub.database.vault import Vault
from hub.domain.deadlines import Deadlines
from schemas.events import Cause, new_event
from schemas.parties import Author, AuthorKind, CauseKind
from schemas.payloads import HandOver


class Operations:
    """Each verb is idempotent and tells how many letters it changed."""

    def __init__(self, db: Database, vault: Vault, deadlines: Deadlines) -> None:
        self._db = db
        self._vault = vault
        self._deadlines = deadlines

    @retrying
    def retry(self, ids: Sequence[str], by: str, reason: str) -> int:
        """Ask for open dead letters to be sent again, with their own keys.

        "Requested" is not "done": the letter is resolved when its call succeeds. Until
        then it is tried again by itself, like every delivery, and given up by age.
        """
        with self._db.write() as tx:
            letters = _open(tx, ids)
            for letter in letters:
                _change(tx, letter, "requested", by, reason)
                self._make_due(tx, letter)
                note(
                    tx,
                    by=by,
                    action="dead_letter_retried",
                    subject=letter.id,
                    reason=reason,
                )
        return len(letters)

    @retrying
    def discard(self, ids: Sequence[str], by: str, reason: str) -> int:
        """Set dead letters aside for good; a discarded hand-over stays parked."""
        with self._db.write() as tx:
            letters = [x for x in _open(tx, ids) if not x.is_submit]
            for letter in letters:
                _change(tx, letter, "discarded", by, reason)
                note(
                    tx,
                    by=by,
                    action="dead_letter_discarded",
                    subject=letter.id,
                    reason=reason,
                )
        return len(letters)

    @retrying
    def resolve_held(
        self, letter_id: str, by: str, reason: str, *, reference: str
    ) -> bool:
        """Say that a held delivery was done; a hand-over needs the agency's reference.

        Returns False when there is no such open letter. Raises ValueError when a
        hand-over comes without a reference, or was superseded by a new assignment.
        """
        with self._db.write() as tx:
            log = Appender(tx, self._vault, self._deadlines, hinting=False)
            case = _case_of(log, letter_id)  # its lock comes before the cursor's
            letters = [x for x in _open(tx, [letter_id]) if x.kind == "held"]
            if not letters:
                return False
            letter = letters[0]
            if letter.is_submit:
                if not reference:
                    msg = "a hand-over is resolved with the agency's reference"
                    raise ValueError(msg)
                if case is not None:
                    self._handed_over(log, case, letter, by, reference)
            _change(tx, letter, "resolved", by, reason)
            note(tx, by=by, action="held_resolved", subject=letter.id, reason=reason)
        return True

    def _make_due(self, tx: Tx, letter: Any) -> None:
        values: dict[str, Any] = {"due_at": tx.now, "hinted_at": None}
        if letter.is_submit:
            values |= {
                "state": "active",
                "failing_since": None,
                "failures": 0,
                "resends": 0,
            }
        elif _takes_the_turn(tx, letter):
            values |= FRESH
        tx.conn.execute(
            sa.update(t.cursors).where(*_cursor_of(letter)).values(**values)
        )

    def _handed_over(
        self, log: Appender, case: Case, letter: Any, by: str, reference: str
    ) -> None:
        cursor, tx = case.cursors[(letter.party, letter.recipient)], log.tx
        if cursor.delivered_seq >= letter.last_seq:
            msg = (
                f"{letter.party} was assigned anew since: discard it; what the agency "
                "says under the old reference is matched by simpul quarantine match"
            )
            raise ValueError(msg)
        number = max(1, cursor.assignment_no)  # on a platform there is none
        event = new_event(
            "handed_over",
            HandOver(agency=letter.party, assignment_no=number, reference=reference),
            Author(kind=AuthorKind.OPERATOR, id=by),
            Cause(kind=CauseKind.ACTION, id=str(uuid7())),
            tx.now,
            leg=(letter.party, number),
        )
        log.append(case, [event])
        log.flush()
        place = reference_place(letter.complaint_id, letter.party)
        index = self._vault.blind(f"reference:{letter.party}", reference)
        c = t.cursors.c
        tx.conn.execute(
            sa.update(t.cursors)
            .where(*_cursor_of(letter))
            .values(
                **UNFROZEN
                | {
                    "state": "active",
                    "reference": self._vault.wrap(place, reference.encode()),
                    "reference_index": index,
                    "delivered_seq": letter.last_seq,
                    "due_at": sa.case(
                        (c.target_seq > letter.last_seq, sa.literal(tx.now, Instant())),
                        else_=None,
                    ),
                }
            )
        )
        j = t.journal.c
        tx.conn.execute(
            sa.update(t.journal)
            .where(j.waiting_for == index, j.state.in_(("waiting", "quarantined")))
            .values(state="waiting", due_at=tx.now, hinted_at=None)
        )

    @retrying
    def reachable(self, complaint_id: str, by: str, reason: str) -> int:
        """Take a reporter's contacts for reachable again, from now on; idempotent."""
        with self._db.write() as tx:
            changed = contacts.forgive(tx, complaint_id)
            if changed:
                note(
                    tx,
                    by=by,
                    action="contact_reachable",
                    subject=complaint_id,
                    reason=reason,
                )
        return changed


def _case_of(log: Appender, letter_id: str) -> Case | None:
    c = t.dead_letters.c
    query = sa.select(c.complaint_id).where(c.id == letter_id)
    found = log.tx.conn.execute(query).scalar_one_or_none()
    return None if found is None else log.open(str(found))


def _open(tx: Tx, ids: Sequence[str]) -> list[Any]:
    """Lock open letters, after their cursors: that is the order of the whole hub."""
    c, cursor = t.dead_letters.c, t.cursors.c
    wanted = (c.state == "open", c.id.in_(list(ids)))
    theirs = sa.select(c.complaint_id, c.party, c.recipient).where(*wanted)
    key = (cursor.complaint_id, cursor.party, cursor.recipient)
    tx.conn.execute(
        sa.select(*key)
        .where(sa.tuple_(*key).in_(theirs))
        .order_by(*key)
        .with_for_update(key_share=True)
    ).all()
    query = sa.select(t.dead_letters).where(*wanted)
    return list(tx.conn.execute(query.order_by(c.id).with_for_update(key_share=True)))


def _change(tx: Tx, letter: Any, state: str, by: str, reason: str) -> None:
    tx.conn.execute(
        sa.update(t.dead_letters)
        .where(t.dead_letters.c.id == letter.id)
        .values(state=state, by=by[:100], reason=reason[:300], changed_at=tx.now)
    )


def _takes_the_turn(tx: Tx, letter: Any) -> bool:
    """Tell whether a letter goes before the one whose failed tries the cursor keeps."""
    row = tx.conn.execute(sa.select(t.cursors).where(*_cursor_of(letter))).one()
    if row.sending_to_seq is not None or row.sending_dead_letter_id == letter.id:
        return False
    return bool(next_requested(tx, row).id == letter.id)


def _cursor_of(letter: Any) -> tuple[sa.ColumnElement[bool], ...]:
    c = t.cursors.c
    return (
        c.complaint_id == letter.complaint_id,
        c.party == letter.party,
        c.recipient == letter.recipient,
    )
