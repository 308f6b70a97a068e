"""What another system said as an event: when it counts, and what makes it the same."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from hub.domain.order import BEFORE_NUMBERS, FROM_ABOVE, NUMBER_DIGITS
from hub.ports import JournalRow
from schemas.agency import OrderBy
from schemas.events import CATALOGUE, Cause, NewEvent, new_event
from schemas.parties import Author, AuthorKind, CauseKind, ChannelName
from schemas.payloads import FollowUpKind, LegNews, Said
from schemas.updates import AgencyUpdate

FOLLOW_UP_KINDS = {
    "acknowledged": FollowUpKind.ACK,
    "followed_up": FollowUpKind.SUBSTANTIVE,
    "resolved": FollowUpKind.FINAL,
}
"""What an answer is worth when the agency's word does not say more."""

LATE = timedelta(hours=1)
"""An update that is older when it comes keeps its arrival beside its time."""
EVENT_ID_CHARACTERS_MAX = 100
"""A longer event id of an agency is kept as its hash."""


def of_agency(
    agency: str,
    assignment_no: int,
    row: JournalRow,
    update: AgencyUpdate,
    order_key: str,
    no: int = 1,
) -> NewEvent:
    """Make an agency's word on its own leg; `no` is its number within the row.

    Raises ValueError for a type that agencies may not emit.
    """
    occurred_at, times = _when(update, row)
    payload = LegNews(
        agency=agency,
        assignment_no=assignment_no,
        unit=update.unit,
        kind=FOLLOW_UP_KINDS.get(update.event_type, FollowUpKind.INTERIM),
        raw_status=update.raw_status,
        text=update.text,
        **times,
    )
    return new_event(
        update.event_type,
        payload,
        Author(kind=AuthorKind.AGENCY, id=agency),
        Cause(kind=CauseKind.JOURNAL, id=row.id, no=no),
        occurred_at,
        leg=(agency, assignment_no),
        occurrence_key=occurrence_key(update, row),
        order_key=order_key,
    )


def from_above(
    party: str, row: JournalRow, update: AgencyUpdate, order_key: str, no: int = 1
) -> NewEvent:
    """Make an upstream platform's word on the case: it has no leg, but its own order.

    Raises ValueError for a type that the platform may not emit.
    """
    occurred_at, times = _when(update, row)
    kind = CATALOGUE[update.event_type].payload
    words: dict[str, Any] = {"raw_status": update.raw_status, "text": update.text}
    if kind is Said:
        words["channel"] = ChannelName.PARTNER
    return new_event(
        update.event_type,
        kind(**words, **times),
        Author(kind=AuthorKind.UPSTREAM, id=party),
        Cause(kind=CauseKind.JOURNAL, id=row.id, no=no),
        occurred_at,
        leg=(party, FROM_ABOVE),
        occurrence_key=occurrence_key(update, row),
        order_key=order_key,
    )


def _when(update: AgencyUpdate, row: JournalRow) -> tuple[datetime, dict[str, Any]]:
    """Say from when it counts, and what is kept beside that."""
    occurred_at = update.occurred_at or row.received_at
    if occurred_at > row.received_at:  # its clock is ahead; its word is kept
        return row.received_at, {"claimed_at": occurred_at}
    if row.received_at - occurred_at >= LATE:
        return occurred_at, {"arrived_at": row.received_at}
    return occurred_at, {}


def occurrence_key(update: AgencyUpdate, row: JournalRow) -> str:
    """Identify one update within its leg; never by content alone.

    The agency's event id, else its sequence, else status and time; an update
    that has none of these is itself: its journal row.
    """
    if update.event_id:
        long = len(update.event_id) > EVENT_ID_CHARACTERS_MAX
        return f"id:{_digest(update.event_id) if long else update.event_id}"
    if update.sequence is not None:
        return f"seq:{update.sequence}"
    if update.occurred_at is not None:
        digest = _digest(f"{update.raw_status}\x1f{update.text}")[:16]
        return f"at:{update.occurred_at.isoformat()}:{digest}"
    return f"row:{row.id}"


def says_again(update: AgencyUpdate, last: str) -> bool:
    """Tell whether a view of a case is the last word of its leg, under a later time."""
    said = _digest(f"{update.raw_status}\x1f{update.text}")[:16]
    return update.stands and last.startswith("at:") and last.endswith(f":{said}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def order_key(
    order_by: OrderBy, update: AgencyUpdate, row: JournalRow, numbered: str = ""
) -> str:
    """Make the key that sorts a leg's updates as its agency declares.

    A word without a number stands behind those that were heard before it came, of
    which `numbered` is the last, and before every later one. One without a time
    counts from its arrival.
    """
    arrived = row.received_at.isoformat()
    match order_by:
        case OrderBy.SEQUENCE if update.sequence is not None:
            return f"{update.sequence:0{NUMBER_DIGITS}d}"
        case OrderBy.SEQUENCE:
            return f"{numbered or BEFORE_NUMBERS}a:{arrived}"
        case OrderBy.TIME:
            return (update.occurred_at or row.received_at).isoformat()
        case OrderBy.ARRIVAL:
            return f"a:{arrived}"
