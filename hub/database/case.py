"""One complaint in memory, while events are appended to it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hub.database.vault import DataKey
from hub.domain.delivery import CursorState
from hub.domain.folding import Folding
from hub.domain.lifecycle import CaseState, LegState
from schemas.events import LogEvent, NewEvent
from schemas.status import Status


@dataclass
class CursorRow:
    """The part of a cursor that appending moves."""

    party: str
    recipient: str
    state: CursorState
    delivered_seq: int
    target_seq: int
    assignment_no: int
    due_at: datetime | None = None
    hinted_at: datetime | None = None
    sending_to_seq: int | None = None
    """End of a frozen range: it is being sent, or waits for its next attempt."""
    due: bool = False
    """It has something new, and its time is still to be set."""
    may_rest_s: float = 0.0
    """How long what is new may wait for more."""
    urgent: bool = False
    """A reporter is to be told at once, also where a range waits for its time."""
    woken: bool = False
    """Its time was set."""
    is_new: bool = False
    changed: bool = False
    reassigned: bool = False
    reference: str = field(default="", repr=False)
    """The party's own id of the case, where it had the case before we did."""

    @property
    def told_to_seq(self) -> int:
        """Up to where the party may have been told: a call may have been done."""
        return max(self.delivered_seq, self.sending_to_seq or 0)


@dataclass(frozen=True, slots=True)
class Written:
    """An event with what the log gives it."""

    event: NewEvent
    complaint_id: str
    seq: int
    event_id: str
    recorded_at: datetime
    status_after: Status
    key: DataKey | None
    """Covers its words; None: they are not kept."""
    data_key_id: str

    def as_event(self) -> LogEvent:
        """Show it as it stands in the log."""
        given: dict[str, Any] = dict(self.event)
        return LogEvent.model_construct(
            **given,
            complaint_id=self.complaint_id,
            seq=self.seq,
            event_id=self.event_id,
            recorded_at=self.recorded_at,
            status_after=self.status_after,
        )


@dataclass
class Case:
    """One complaint under its row lock, while events are appended."""

    complaint_id: str
    code: str
    public_number: str
    key: DataKey | None
    """None once it was erased."""
    data_key_id: str
    reporter_id: str = ""
    channel: str = ""
    received_at: datetime | None = None
    """When a new one came in; None where its first event says when it was filed."""
    folding: Folding = field(default_factory=Folding)
    legs: dict[tuple[str, int], LegState] = field(default_factory=dict)
    """As they are stored."""
    cursors: dict[tuple[str, str], CursorRow] = field(default_factory=dict)
    added: list[Written] = field(default_factory=list)
    causes: set[tuple[str, str, int]] = field(default_factory=set)
    is_new: bool = False

    @property
    def events(self) -> Sequence[tuple[int, NewEvent]]:
        """Every event, numbered."""
        return self.folding.events

    @property
    def state(self) -> CaseState:
        """What the complaint is now."""
        return self.folding.state
