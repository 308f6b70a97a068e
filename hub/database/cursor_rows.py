"""Rows of cursors and answers as the cursors that the domain knows."""

from typing import Any

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag

from hub import telemetry
from hub.database.attempts import begun_mapping, may_be_done
from hub.database.engine import Tx
from hub.database.projection import reference_place, told_seqs
from hub.database.vault import KeyDestroyedError, Vault
from hub.domain.breaker import Party
from hub.domain.delivery import Cursor, CursorState, Step
from hub.domain.settlement import age_without_stops

CLOSED = (InvalidTag, KeyDestroyedError, ValueError)
"""What a cursor raises whose sealed parts cannot be opened."""


def row_key(table: sa.Table, row: Any) -> tuple[sa.ColumnElement[bool], ...]:
    """Name one row by its primary key."""
    return tuple(
        column == getattr(row, column.name) for column in table.primary_key.columns
    )


def tell_closed(row: Any, error: Exception) -> None:
    """Log a cursor that cannot be opened, and therefore not be delivered."""
    telemetry.log.error(
        "cursor_closed", complaint_id=row.complaint_id, party=row.party, error=error
    )


def cursor_of(
    tx: Tx, vault: Vault, row: Any, party: Party | None, letter: Any = None
) -> Cursor:
    """Read a cursor row, with its sealed parts opened; raises one of `CLOSED`."""
    reference = ""
    if row.reference is not None:
        place = reference_place(row.complaint_id, row.party)
        reference = vault.unwrap(place, row.reference).decode()
    progress = b""
    if row.progress is not None:
        place = f"cursors|progress|{row.complaint_id}.{row.party}"
        progress = vault.unwrap(place, row.progress)
    unsure = bool(row.failures) and may_be_done(tx, row, letter)
    stopped = party.stopped_at(tx.now) - row.party_stopped_s if party else 0.0
    late_seq, mapping = None, row.sending_mapping
    if letter is not None:
        late_seq = _first_told(tx, letter, row)
        mapping = begun_mapping(tx, row, letter, late_seq)
    return Cursor(
        complaint_id=row.complaint_id,
        party=row.party,
        recipient=row.recipient,
        state=CursorState(row.state),
        delivered_seq=row.delivered_seq,
        target_seq=row.target_seq,
        assignment_no=row.assignment_no,
        generation=row.generation,
        reference=reference,
        sending_from_seq=row.sending_from_seq,
        sending_to_seq=row.sending_to_seq,
        sending_step=Step(row.sending_step),
        sending_key=row.sending_key,
        sending_mapping=mapping,
        dead_letter_id=letter.id if letter else "",
        dead_letter_seq=late_seq,
        progress=progress,
        lookups=row.lookups,
        resends=row.resends,
        stopped_age_seconds=age_without_stops(
            tx.now, row.failing_since, max(0.0, stopped)
        ),
        attempts=row.failures,
        unsure=unsure,
        last_status_sent=row.last_status_sent,
        narrow_to_seq=row.narrow_to_seq,
    )


def _first_told(tx: Tx, letter: Any, row: Any) -> int:
    """A letter's range may begin with events that its party is not told."""
    first, last = letter.first_seq, letter.last_seq
    told = told_seqs(tx, row.complaint_id, row.party, first, last)
    return told[0] if told else int(first)


def answer_cursor(tx: Tx, row: Any) -> Cursor:
    """Read an answer as a cursor with one thing to say."""
    return Cursor(
        complaint_id=row.journal_id,
        party=row.party,
        recipient="",
        state=CursorState.ACTIVE,
        delivered_seq=0,
        target_seq=1,
        assignment_no=0,
        generation=0,
        reference="",
        sending_from_seq=1,
        sending_to_seq=1,
        sending_key=row.key,
        resends=row.resends,
        stopped_age_seconds=age_without_stops(tx.now, row.failing_since, 0.0),
        attempts=row.failures,
    )
