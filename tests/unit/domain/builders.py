"""Events, cursors and grounds with everything that does not matter filled in."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.contract import Capabilities
from hub.domain.delivery import Cursor, CursorState, Plan, PlanKind
from hub.domain.lifecycle import CaseState, fold
from hub.domain.settlement import Ground
from schemas.agency import Limits
from schemas.complaint import NewComplaint, ReportType
from schemas.events import CATALOGUE, Cause, NewEvent, new_event
from schemas.parties import Author, AuthorKind, CauseKind, ChannelName, Role
from schemas.payloads import (
    Assigned,
    Classified,
    Confirmed,
    Corrected,
    DeadlineReached,
    Erasure,
    FlagsChanged,
    HandOver,
    LegNews,
    LegNotice,
    Linked,
    Rated,
    Reasoned,
    Received,
    Registered,
    Relayed,
    Remarked,
    Said,
    SupervisionRequested,
    TriageRequested,
)

START = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
WORKS = ("dinas_pupr", 1)
"""A main leg that is ordered by sequence."""
CIVIL_REGISTRY = ("disdukcapil", 1)
"""A main leg that is ordered by time."""
HEALTH = ("dinkes", 1)
"""A leg that is informed only."""

_FILLED: dict[type, dict[str, Any]] = {
    Received: {
        "channel": ChannelName.WEB,
        "report_type": ReportType.COMPLAINT,
        "reporter_id": "r-1",
        "title": "Jalan berlubang",
        "body": "Jalan di depan pasar berlubang.",
    },
    Registered: {"code": "0123-4567-8", "public_number": "100000000000001"},
    Reasoned: {},
    Classified: {},
    FlagsChanged: {},
    Assigned: {},
    HandOver: {},
    LegNews: {},
    LegNotice: {},
    Confirmed: {"stands_for": "acknowledged"},
    Said: {"channel": ChannelName.WEB, "text": "Apakah ada kabar?"},
    Remarked: {"text": "Diteruskan ke bidang."},
    Rated: {"stars": 4},
    DeadlineReached: {
        "clock": "settle",
        "working_days": 14,
        "started_at": START,
        "reached_at": START,
        "told": ("liaison_officer",),
    },
    Linked: {"other": "c-2"},
    Corrected: {"title": "Jalan amblas"},
    Relayed: {"agency": "dinkes", "origin": "c-2", "stands_for": "followed_up"},
    SupervisionRequested: {"supervision": "ping_pong", "returns": 1},
    Erasure: {},
    TriageRequested: {"why": "no_rule"},
}

_OF_LEG = {Assigned, HandOver, LegNews, LegNotice, Confirmed}


def at(minutes: float) -> datetime:
    """Give an instant some minutes after the start."""
    return START + timedelta(minutes=minutes)


def event(
    name: str,
    minutes: float = 0,
    *,
    leg: tuple[str, int] | None = None,
    author: Author | None = None,
    key: str = "",
    order: str = "",
    **values: Any,
) -> NewEvent:
    """Make an event of a catalogued type by an author who may emit it."""
    row = CATALOGUE[name]
    filled = dict(_FILLED[row.payload])
    if leg is not None and row.payload in _OF_LEG:
        filled |= {"agency": leg[0], "assignment_no": leg[1]}
    if author is None:
        author = Author(kind=min(row.emitters), id="somebody")
    return new_event(
        name,
        row.payload(**filled | values),
        author,
        Cause(kind=CauseKind.JOURNAL, id=f"{name}/{leg}/{key}/{minutes}"),
        at(minutes),
        leg=leg,
        occurrence_key=key,
        order_key=order,
    )


def update(
    name: str, leg: tuple[str, int], number: int, minutes: float, **values: Any
) -> NewEvent:
    """Make an agency's update: its number orders it, or its time on a time leg."""
    moment = at(minutes)
    order = f"{number:020d}" if leg == WORKS else moment.isoformat()
    by = Author(kind=AuthorKind.AGENCY, id=leg[0])
    return event(
        name,
        minutes,
        leg=leg,
        author=by,
        key=f"id:{leg[0]}-{number}",
        order=order,
        **values,
    )


def assigned(
    leg: tuple[str, int], minutes: float = 0, role: Role = Role.MAIN
) -> NewEvent:
    """Open a leg."""
    return event("assigned", minutes, leg=leg, role=role)


def verified_case() -> list[NewEvent]:
    """Give the events up to where agencies are assigned."""
    return [event("received"), event("registered"), event("verified")]


def assigned_case(*legs: tuple[str, int]) -> list[NewEvent]:
    """Give the events of a case with main legs."""
    return [*verified_case(), *(assigned(leg) for leg in legs or (WORKS,))]


def numbered(events: Sequence[NewEvent]) -> list[tuple[int, NewEvent]]:
    """Number events in the order in which they arrived."""
    return list(enumerate(events, start=1))


def folded(events: Sequence[NewEvent]) -> CaseState:
    """Fold events that arrived in this order."""
    return fold(numbered(events))


def cursor(**values: Any) -> Cursor:
    """Make a cursor that was handed over and has nothing frozen."""
    base: dict[str, Any] = {
        "complaint_id": "c-1",
        "party": "dinas_pupr",
        "recipient": "",
        "state": CursorState.ACTIVE,
        "delivered_seq": 3,
        "target_seq": 9,
        "assignment_no": 1,
        "generation": 0,
        "reference": "PUPR-26-000123",
    }
    return Cursor(**base | values)


def ground(
    kind: PlanKind,
    can: Capabilities | None = None,
    *,
    events: int = 1,
    limits: Limits | None = None,
    **values: Any,
) -> Ground:
    """Make the ground of a call; a submit has no reference yet."""
    if kind is PlanKind.SUBMIT:
        values.setdefault("reference", "")
    return Ground(
        cursor=cursor(**values),
        plan=Plan(kind, 4, 7),
        can=can or Capabilities(),
        limits=limits or Limits(),
        jitter=0.5,
        events=events,
    )


def complaint(**values: Any) -> NewComplaint:
    """Make a complaint as a channel hands it over."""
    base: dict[str, Any] = {
        "title": "Jalan berlubang",
        "body": "Jalan di depan pasar Sukamaju berlubang.",
        "channel": ChannelName.WEB,
    }
    return NewComplaint(**base | values)
