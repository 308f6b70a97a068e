"""When a cursor that has something new is driven: at once, or after a rest."""

from datetime import datetime, timedelta

from hub.database.case import CursorRow
from hub.database.directory import PartyRow
from hub.domain.pacing import is_urgent
from schemas.events import NewEvent
from schemas.parties import PartyKind


def call_for(cursor: CursorRow, party: PartyRow, event: NewEvent) -> None:
    """Note how soon a party is to be told; the most urgent news decides."""
    rest = 0.0
    if party.kind is PartyKind.REPORTER:
        urgent = is_urgent(event.type)
        cursor.urgent |= urgent
        rest = 0.0 if urgent else party.burst_s
    cursor.may_rest_s = min(cursor.may_rest_s, rest) if cursor.due else rest


def set_time(cursor: CursorRow, now: datetime) -> bool:
    """Set when a cursor is driven; True where it rests until more has come."""
    urgent, cursor.urgent = cursor.urgent, False
    if cursor.sending_to_seq is not None and not urgent:
        return False  # a range that waits for its next attempt keeps its own time
    at = now + timedelta(seconds=cursor.may_rest_s)
    if at > now and cursor.due_at is not None:
        at = min(at, cursor.due_at)  # the first of a burst says how long it lasts
    cursor.due_at = at
    return at > now
