"""The fold: what a complaint is now, as a pure function of its log.

Events are read in *effective* order, not in the order in which they arrived, so
that every arrival order and every repetition gives the same legs and status.
The fold reads clear facts only, and therefore survives erasure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from hub.domain.conflicts import STANDS, overtakes
from hub.domain.order import effective_order
from schemas.events import CATALOGUE, NewEvent, Scope
from schemas.parties import AuthorKind, Role
from schemas.status import Status

REOPEN_WINDOW = timedelta(days=14)
"""A reporter's reply within this time after closing opens the case again."""

S = Status
_BEFORE_AGENCY = frozenset({S.RECEIVED, S.ON_HOLD, S.VERIFIED})
_WITH_AGENCY = frozenset(
    {S.ASSIGNED, S.ASSIGNED_UNIT, S.RETURN_REQUESTED, S.IN_PROGRESS, S.ON_HOLD}
)
OPEN = _BEFORE_AGENCY | _WITH_AGENCY | {S.APPEALED}
"""Statuses in which something is still to be done."""

CASE_MOVES: dict[str, frozenset[Status]] = {
    "put_on_hold": OPEN - {S.ON_HOLD, S.APPEALED},
    "resumed": frozenset({S.ON_HOLD}),
    "verified": frozenset({S.RECEIVED, S.ON_HOLD}),
    # On hold: an agency waits for a reporter who does not answer.
    "closed_by_silence": frozenset({S.IN_PROGRESS, S.ON_HOLD}),
    "closed": frozenset({S.IN_PROGRESS, S.APPEALED}),
    "accepted": _WITH_AGENCY | {S.CLOSED},
    "reopened": frozenset({S.CLOSED, S.APPEALED}),
    "appealed": frozenset({S.CLOSED}),
    "withdrawn": OPEN,
    "archived": OPEN,
    "rejected": _BEFORE_AGENCY,
    "restored": frozenset({S.ARCHIVED}),
    "emergency_redirected": _BEFORE_AGENCY,
    "merged_into": OPEN,
}
"""Event type -> statuses of the case in which it is legal."""

ASSIGNABLE = frozenset({S.VERIFIED, S.APPEALED, S.CLOSED}) | _WITH_AGENCY
"""Statuses of the case in which an agency may be assigned."""

_WORKED = frozenset({S.ASSIGNED, S.ASSIGNED_UNIT, S.IN_PROGRESS, S.ON_HOLD})
LEG_MOVES: dict[str, frozenset[Status]] = {
    "unit_assigned": frozenset({S.ASSIGNED, S.ASSIGNED_UNIT, S.RETURN_REQUESTED}),
    "acknowledged": _WORKED | {S.RETURN_REQUESTED},
    "work_started": _WORKED | {S.RETURN_REQUESTED, S.CLOSED},
    "followed_up": _WORKED | {S.RETURN_REQUESTED, S.CLOSED},
    "leg_put_on_hold": _WORKED,
    "return_requested": _WORKED | {S.RETURN_REQUESTED},
    "return_refused": frozenset({S.RETURN_REQUESTED}),
    "returned": _WORKED | {S.RETURN_REQUESTED},
    "resolved": _WORKED | {S.CLOSED},
}
"""Event type -> statuses of the leg in which it is legal."""

LEG_RANK: dict[Status, int] = {
    S.RETURN_REQUESTED: 0,
    S.ASSIGNED: 1,
    S.ASSIGNED_UNIT: 2,
    S.ON_HOLD: 3,
    S.IN_PROGRESS: 4,
    S.CLOSED: 5,
    S.RETURNED: 6,
}
"""How far a leg is; the case stands where its least advanced open main leg is."""

ENDED_LEG = frozenset({S.CLOSED, S.RETURNED})
ARCHIVED_BY_CLOCK = "archived_by_clock"
"""Remembered, since nobody decided it: a reply that crosses it takes it back."""
ENDED_CASE = frozenset(
    {S.ARCHIVED, S.REJECTED, S.MERGED, S.EMERGENCY_REDIRECTED, S.WITHDRAWN}
)
"""Statuses in which no agency has anything to do."""


@dataclass(frozen=True, slots=True)
class LegState:
    """One assignment of the complaint to one agency."""

    agency: str
    assignment_no: int
    role: Role
    unit: str
    hops: int
    order_by: str
    status: Status
    opened_seq: int
    closed_seq: int | None = None
    final: bool = False
    """It cannot be given back: whoever stands above has decided."""

    @property
    def key(self) -> tuple[str, int]:
        """Name the leg: (agency, assignment_no)."""
        return (self.agency, self.assignment_no)

    @property
    def is_open(self) -> bool:
        """True until the agency settled it or gave it back."""
        return self.status not in ENDED_LEG


@dataclass(frozen=True, slots=True)
class CaseState:
    """What a complaint is now."""

    head_seq: int = 0
    base: Status = Status.RECEIVED
    """Where the case stands before any agency has it."""
    override: Status | None = None
    """A status that the legs do not decide: on hold, archived, withdrawn …"""
    legs: dict[tuple[str, int], LegState] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    merged_into: str = ""
    closed_at: datetime | None = None
    decided: tuple[str, int] = ("", 0)
    """The last decision about the case that moved it: (type, seq)."""
    illegal: tuple[int, ...] = ()
    """Seqs of events that were not legal where they stand in effective order."""
    overtaken: tuple[tuple[int, int], ...] = ()
    """(seq of an agency's word, seq of the decision that stands against it)."""

    def expects(self, agency: str) -> bool:
        """Tell whether an agency still has something to do."""
        return (
            self.override is not S.CLOSED
            and self.status not in ENDED_CASE
            and any(leg.is_open for leg in self.legs.values() if leg.agency == agency)
        )

    @property
    def status(self) -> Status:
        """The complaint's status."""
        if self.override is not None:
            return self.override
        return _of_legs(self.legs.values()) or self.base


def _of_legs(legs: Iterable[LegState]) -> Status | None:
    least: Status | None = None
    has_main = has_closed = False
    for leg in legs:
        if leg.role is not Role.MAIN:
            continue
        has_main = True
        if leg.is_open:
            if least is None or LEG_RANK[leg.status] < LEG_RANK[least]:
                least = leg.status
        elif leg.status is S.CLOSED:
            has_closed = True
    if least is not None:
        return least
    if has_closed:
        return S.CLOSED
    return S.VERIFIED if has_main else None


def fold(events: Sequence[tuple[int, NewEvent]]) -> CaseState:
    """Fold numbered events (seq, event) into the state of their complaint."""
    state = CaseState()
    for at, seq, event in effective_order(events):
        state = step(state, at, seq, event)
    return replace(state, head_seq=max((seq for seq, _ in events), default=0))


def is_read_anew(event: NewEvent) -> bool:
    """Tell words that the hub read anew out of an earlier message: nobody spoke."""
    return event.facts.get("rereads") is not None


def why_unmoved(state: CaseState, seq: int) -> str:
    """Say why an event moves nothing where it stands; empty when it may."""
    if seq in state.illegal:
        return "illegal_transition: kept in the log, moves nothing"
    for overtaken, by in state.overtaken:
        if overtaken == seq:
            return f"overtaken by event {by}: kept in the log, moves nothing"
    return ""


def step(state: CaseState, at: datetime, seq: int, event: NewEvent) -> CaseState:
    """Apply the event that stands next in effective order, at its effective instant.

    `head_seq` is left as it is.
    """
    name = event.type
    if name == "confirmed":
        name = str(event.facts.get("stands_for", ""))
    row = CATALOGUE.get(name)
    if row is None or row.effect.scope is Scope.NOTHING:
        return state
    if name == "assigned":
        return _open_leg(state, seq, event)
    if row.effect.scope is Scope.LEG:
        return _move_leg(state, at, seq, name, event)
    if event.type != name:
        event = event.model_copy(update={"type": name})
    return _move_case(state, at, seq, name, event)


def _illegal(state: CaseState, seq: int) -> CaseState:
    return replace(state, illegal=(*state.illegal, seq))


def _open_leg(state: CaseState, seq: int, event: NewEvent) -> CaseState:
    leg = event.leg
    if leg is None or leg in state.legs or state.status not in ASSIGNABLE:
        return _illegal(state, seq)
    facts = event.facts
    opened = LegState(
        agency=leg[0],
        assignment_no=leg[1],
        role=Role(facts.get("role", Role.MAIN)),
        unit=facts.get("unit", ""),
        hops=facts.get("hops", 0),
        order_by=facts.get("order_by", "arrival"),
        status=S.ASSIGNED,
        opened_seq=seq,
        final=facts.get("final", False),
    )
    state = replace(state, legs={**state.legs, leg: opened})
    if opened.role is Role.MAIN and state.override in {S.CLOSED, S.APPEALED}:
        return replace(state, override=None)
    return state


def _move_leg(
    state: CaseState, at: datetime, seq: int, name: str, event: NewEvent
) -> CaseState:
    leg = state.legs.get(event.leg) if event.leg is not None else None
    if leg is None or leg.status not in LEG_MOVES[name]:
        return _illegal(state, seq)
    if leg.role is Role.MAIN and overtakes(state.decided, name, event):
        pair = (seq, state.decided[1])
        return replace(state, overtaken=(*state.overtaken, pair))
    if leg.final and name == "return_requested":
        return replace(state, overtaken=(*state.overtaken, (seq, leg.opened_seq)))
    wished = CATALOGUE[name].effect.to
    to = wished or leg.status
    moved = replace(
        leg,
        status=to,
        unit=event.facts.get("unit") or leg.unit,
        closed_seq=seq if to in ENDED_LEG else None,
    )
    before = state.status
    state = replace(state, legs={**state.legs, leg.key: moved})
    goes_on = wished is not None and wished is not S.CLOSED
    if state.override is S.CLOSED and goes_on and leg.role is Role.MAIN:
        state = replace(state, override=None)
    return _mark_closing(state, before, at)


def _move_case(
    state: CaseState, at: datetime, seq: int, name: str, event: NewEvent
) -> CaseState:
    before = state.status
    if name == "received":
        if state.facts:
            return _illegal(state, seq)
        return replace(state, facts=dict(event.facts))
    if name in CASE_MOVES and before not in CASE_MOVES[name]:
        return _illegal(state, seq)
    if name == "reporter_replied":
        if is_read_anew(event):
            return state
        state = _reply(state, at)
        reopens = before is S.CLOSED and state.status is not S.CLOSED
        return replace(state, decided=("reopened", seq)) if reopens else state
    handler = _CASE_EFFECTS.get(name, _take_facts)
    state = _mark_closing(handler(state, event), before, at)
    if name == "archived" and event.author.kind is AuthorKind.CLOCK:
        name = ARCHIVED_BY_CLOCK
    return _decide(state, before, name, seq)


def _decide(state: CaseState, before: Status, name: str, seq: int) -> CaseState:
    """Remember a decision that moved the case, or says again where it is to stand."""
    if state.status is before and name not in STANDS:
        return state
    return replace(state, decided=(name, seq))


def _mark_closing(state: CaseState, before: Status, at: datetime) -> CaseState:
    if state.status is S.CLOSED and before is not S.CLOSED:
        return replace(state, closed_at=at)
    return state


def _reply(state: CaseState, at: datetime) -> CaseState:
    by_clock = state.override is S.ARCHIVED and state.decided[0] == ARCHIVED_BY_CLOCK
    if state.override is S.ON_HOLD or by_clock:
        return replace(state, override=None)
    closed = state.status is S.CLOSED and state.closed_at is not None
    if closed and state.closed_at is not None and at - state.closed_at <= REOPEN_WINDOW:
        return _reopen(state)
    return state


def _reopen(state: CaseState) -> CaseState:
    legs = {
        key: replace(leg, status=S.IN_PROGRESS, closed_seq=None)
        if leg.role is Role.MAIN and leg.status is S.CLOSED
        else leg
        for key, leg in state.legs.items()
    }
    return replace(state, legs=legs, override=None, closed_at=None)


def _override(state: CaseState, event: NewEvent) -> CaseState:
    return replace(state, override=CATALOGUE[event.type].effect.to)


def _back(state: CaseState, event: NewEvent) -> CaseState:
    del event
    return replace(state, override=None)


def _verify(state: CaseState, event: NewEvent) -> CaseState:
    del event
    return replace(state, base=S.VERIFIED, override=None)


def _merge(state: CaseState, event: NewEvent) -> CaseState:
    return replace(state, override=S.MERGED, merged_into=event.facts["other"])


def _reopen_by_word(state: CaseState, event: NewEvent) -> CaseState:
    del event
    return _reopen(state)


def _flags(state: CaseState, event: NewEvent) -> CaseState:
    """Take the stricter flag; a downgrade needs a second person."""
    facts = dict(state.facts)
    for flag in ("anonymous", "confidential"):
        wished = event.facts.get(flag)
        if wished is None:
            continue
        agreed = bool(event.facts.get("second_person"))
        facts[flag] = wished if agreed else bool(facts.get(flag)) or wished
    return replace(state, facts=facts)


def _correct(state: CaseState, event: NewEvent) -> CaseState:
    """What is put right ends the wait for it, as a reply does."""
    if state.override is S.ON_HOLD and not is_read_anew(event):
        state = replace(state, override=None)
    return _take_facts(state, event)


_OF_THE_EVENT = frozenset({"reason_code", "channel", "attachments", "rereads"})
"""Facts that say nothing of the complaint."""


def _take_facts(state: CaseState, event: NewEvent) -> CaseState:
    kept = {k: v for k, v in event.facts.items() if k not in _OF_THE_EVENT}
    return replace(state, facts={**state.facts, **kept})


_CASE_EFFECTS = {
    "put_on_hold": _override,
    "resumed": _back,
    "verified": _verify,
    "closed_by_silence": _override,
    "closed": _override,
    "accepted": _override,
    "appealed": _override,
    "withdrawn": _override,
    "archived": _override,
    "rejected": _override,
    "emergency_redirected": _override,
    "restored": _back,
    "merged_into": _merge,
    "reopened": _reopen_by_word,
    "flags_changed": _flags,
    "corrected": _correct,
}
