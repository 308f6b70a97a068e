"""What a due cursor needs next."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from connectors.contract import Capabilities


class CursorState(StrEnum):
    """Whether a cursor is driven."""

    ACTIVE = "active"
    HELD = "held"
    """Nobody knows whether the hand-over was done; an operator decides."""
    PARKED = "parked"
    """The hand-over was refused or given up; mending un-parks."""
    ENDED = "ended"
    """Nothing more goes to this party (merged, erased)."""


class DeadKind(StrEnum):
    """Why a delivery was set aside."""

    HELD = "held"
    REFUSED = "refused"
    GAVE_UP = "gave_up"


class Step(StrEnum):
    """What is done with the frozen range next."""

    CALL = "call"
    FIND = "find"


class PlanKind(StrEnum):
    """What one lease does."""

    SUBMIT = "submit"
    SEND = "send"
    FIND = "find"
    ADVANCE = "advance"
    """Nothing that this party wants: the cursor moves without a call."""
    DEAD_LETTER = "dead_letter"
    """One set-aside event alone, marked late."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """What one party has been told of one complaint."""

    complaint_id: str
    party: str
    recipient: str
    state: CursorState
    delivered_seq: int
    target_seq: int
    assignment_no: int
    generation: int
    reference: str
    sending_from_seq: int | None = None
    sending_to_seq: int | None = None
    sending_step: Step = Step.CALL
    sending_key: str = ""
    sending_mapping: str = ""
    dead_letter_id: str = ""
    """The dead letter that is being retried with this cursor's lease."""
    dead_letter_seq: int | None = None
    progress: bytes = b""
    lookups: int = 0
    resends: int = 0
    stopped_age_seconds: float = 0
    """Age of the first failure of this range, without pauses and open breakers."""
    attempts: int = 0
    """Failed attempts of the frozen range so far; spaces the retries."""
    unsure: bool = False
    """A call of this range may have been done, and no look-up has said no since."""
    last_status_sent: str = ""
    narrow_to_seq: int | None = None
    """Send the events up to here one by one: together they were refused."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with a lease."""

    kind: PlanKind
    from_seq: int
    """First seq that the call covers (exclusive lower bound is from_seq - 1)."""
    to_seq: int
    frozen: bool = False
    """True when the range and its key were fixed by an earlier attempt."""


def plan(cursor: Cursor, wanted: Sequence[int], can: Capabilities) -> Plan:
    """Decide what a leased cursor does next.

    `wanted` are the seqs after `delivered_seq`, up to `target_seq`, that the
    party is told of, in order.
    """
    if cursor.sending_to_seq is not None and cursor.sending_from_seq is not None:
        kind = PlanKind.FIND
        if cursor.sending_step is Step.CALL:
            kind = PlanKind.SEND if is_handed_over(cursor, can) else PlanKind.SUBMIT
        return Plan(kind, cursor.sending_from_seq, cursor.sending_to_seq, frozen=True)
    if cursor.dead_letter_seq is not None:
        seq = cursor.dead_letter_seq
        return Plan(PlanKind.DEAD_LETTER, seq, seq)
    first = cursor.delivered_seq + 1
    if not wanted:
        return Plan(PlanKind.ADVANCE, first, cursor.target_seq)
    if not is_handed_over(cursor, can):
        return Plan(PlanKind.SUBMIT, first, wanted[0])
    narrow = cursor.narrow_to_seq is not None and wanted[0] <= cursor.narrow_to_seq
    last = wanted[-1] if can.coalesces and not narrow else wanted[0]
    return Plan(PlanKind.SEND, first, last)


def is_handed_over(cursor: Cursor, can: Capabilities) -> bool:
    """Tell whether the party has the complaint, or is only ever told."""
    return bool(cursor.reference) or not can.submits
