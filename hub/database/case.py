"""One complaint in memory, while events are appended to it."""

from dataclasses import dataclass, field

from hub.database.vault import DataKey
from hub.domain.delivery import CursorState
from hub.domain.lifecycle import CaseState
from schemas.events import LogEvent, NewEvent


@dataclass
class CursorRow:
    """The part of a cursor that appending moves."""

    party: str
    recipient: str
    state: CursorState
    delivered_seq: int
    target_seq: int
    assignment_no: int
    due: bool = False
    is_new: bool = False
    changed: bool = False
    reassigned: bool = False


@dataclass
class Case:
    """One complaint under its row lock, while events are appended."""

    complaint_id: str
    code: str
    public_number: str
    key: DataKey | None
    data_key_id: str
    reporter_id: str = ""
    channel: str = ""
    events: list[tuple[int, NewEvent]] = field(default_factory=list)
    state: CaseState = field(default_factory=CaseState)
    cursors: dict[tuple[str, str], CursorRow] = field(default_factory=dict)
    added: list[LogEvent] = field(default_factory=list)
    causes: set[tuple[str, str, int]] = field(default_factory=set)
    is_new: bool = False
