"""Drift: where an agency's view of its cases and ours differ, and what heals it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from connectors.contract import Capabilities
from hub.domain.delivery import CursorState
from hub.domain.lifecycle import CaseState, step
from hub.domain.order import effective_order
from schemas.events import CATALOGUE, LogEvent, NewEvent
from schemas.parties import AuthorKind
from schemas.status import Status
from schemas.updates import AgencyView


class DriftKind(StrEnum):
    """How two views differ."""

    MISSING_THERE = "missing_there"
    """Handed over, and the agency says that it has no such case."""
    MISSING_HERE = "missing_here"
    """The agency has a case that the hub does not know."""
    DIFFERENT_STATUS = "different_status"
    DIFFERENT_REFERENCE = "different_reference"
    """The agency has ours under another reference: the key of the hand-over says so."""
    STALE = "stale"
    """The agency has not been told for long what it should know."""


class Heal(StrEnum):
    """What one command does about it."""

    HEAR = "hear"
    """The agency's view becomes an update, through the journal."""
    TELL = "tell"
    """Ours is newer: the agency is told again."""
    HAND_OVER = "hand_over"
    """It is submitted anew, with a key of its own."""
    NAME = "name"
    """The second reference is kept beside the first."""
    WAKE = "wake"
    """What waits for a retry goes at once."""
    OPERATOR = "operator"
    """Nothing: a person must decide; `why` says what."""


@dataclass(frozen=True, slots=True)
class OurCase:
    """A case that an agency has, as the hub knows it."""

    complaint_id: str
    assignment_no: int
    status: Status
    """Of its leg."""
    is_open: bool
    state: CursorState
    is_behind: bool = False
    """It is still to be told something."""
    is_late: bool = False
    """It should have been told something for longer than `STALE_HOURS`."""
    reference: str = field(default="", repr=False)
    has_leg: bool = True
    """False on a platform above: its statuses are the case's, not comparable ones."""


STALE_HOURS = 24.0


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference."""

    kind: DriftKind
    heal: Heal
    why: str = ""
    complaint_id: str = ""
    assignment_no: int = 0
    ours: str = ""
    theirs: str = ""
    """A canonical status; empty where the agency's word is in no table."""
    reference: str = field(default="", repr=False)
    view: AgencyView | None = field(default=None, repr=False)
    is_behind: bool = False
    """It is still to be told something."""
    from_seq: int = 0
    """The event that put the leg where it stands."""


def compare(cases: Sequence[OurCase], views: Sequence[AgencyView]) -> list[Drift]:
    """Find the differences in cases that both sides know.

    What a system did not tell of is no difference.
    """
    told = {view.reference: view for view in views}
    found = [_compared(case, told.get(case.reference)) for case in cases]
    return [one for one in found if one is not None]


def _compared(case: OurCase, view: AgencyView | None) -> Drift | None:
    blank = Drift(
        DriftKind.DIFFERENT_STATUS,
        Heal.OPERATOR,
        complaint_id=case.complaint_id,
        assignment_no=case.assignment_no,
        ours=case.status,
        reference=case.reference,
        view=view,
        is_behind=case.is_behind,
    )
    if view is not None and not view.present:
        return _missing_there(case, blank)
    if view is not None and case.has_leg and not view.event_type:
        why = "the agency's word is in no table: map it, then compare again"
        return replace(blank, why=why)
    if view is not None and case.has_leg:
        row = CATALOGUE.get(view.event_type)
        says = row.effect.to if row else None
        if says is not None and says is not case.status:
            return replace(blank, theirs=says)
    if not case.is_late:
        return None
    if case.state is CursorState.ACTIVE:
        return replace(blank, kind=DriftKind.STALE, heal=Heal.WAKE)
    why = f"its cursor is {case.state}: simpul dead list, simpul held list"
    return replace(blank, kind=DriftKind.STALE, why=why)


def _missing_there(case: OurCase, blank: Drift) -> Drift | None:
    if not case.is_open:
        return None
    found = replace(blank, kind=DriftKind.MISSING_THERE)
    if not case.has_leg:
        return replace(found, why="the platform had it and has it no more: ask there")
    if case.state is not CursorState.ACTIVE:
        return replace(found, why=f"its cursor is {case.state}: decide that first")
    return replace(found, heal=Heal.HAND_OVER)


def strangers(
    views: Sequence[AgencyView],
    known: Collection[str],
    handed_over: Mapping[str, str],
) -> list[Drift]:
    """Find what the agency has and the hub does not know.

    `known` are references that are ours, `handed_over` names complaints by key.
    """
    found = []
    for view in views:
        if not view.present or view.reference in known:
            continue
        ours = handed_over.get(view.key, "") if view.key else ""
        row = CATALOGUE.get(view.event_type)
        says = row.effect.to if row and row.effect.to else ""
        kind = DriftKind.DIFFERENT_REFERENCE if ours else DriftKind.MISSING_HERE
        why = (
            "" if ours else "it began there, or its hand-over was lost: ask the agency"
        )
        found.append(
            Drift(
                kind,
                Heal.NAME if ours else Heal.OPERATOR,
                why,
                complaint_id=ours,
                theirs=says,
                reference=view.reference,
                view=view,
            )
        )
    return found


def judged(
    drift: Drift, events: Sequence[LogEvent], agency: str, can: Capabilities
) -> Drift | None:
    """Decide whose word is newer, where both know the case and its status differs.

    None: ours is newer and only on its way, or it moved while the agency was asked.
    """
    if drift.kind is not DriftKind.DIFFERENT_STATUS or not drift.theirs:
        return drift
    moved = _last_move(events, (agency, drift.assignment_no))
    view = drift.view
    if moved is None or view is None:
        return replace(drift, why="the leg is not in the log: simpul doctor")
    at, seq, event, status = moved
    if status != drift.ours:
        return None
    drift = replace(drift, from_seq=seq)
    said_at = view.updated_at
    is_own = event.author.kind is AuthorKind.AGENCY and event.author.id == agency
    if is_own and said_at is not None and said_at < at:
        return replace(drift, why="its list is older than its own last word")
    # What an agency says of a case, it says after it was given the case.
    is_first = is_own or event.type == "assigned"
    if is_first or (said_at is not None and said_at > at):
        return replace(drift, heal=Heal.HEAR)
    return _ours_is_newer(drift, can)


def _ours_is_newer(drift: Drift, can: Capabilities) -> Drift | None:
    if drift.is_behind:
        return None
    if can.sends:
        return replace(drift, heal=Heal.TELL)
    return replace(drift, why="ours is newer, and its system takes no later events")


def _last_move(
    events: Sequence[LogEvent], leg: tuple[str, int]
) -> tuple[datetime, int, NewEvent, Status] | None:
    """Find what put a leg where it stands, an event of it or of the case, and where."""
    state, found = CaseState(), None
    for at, seq, event in effective_order([(e.seq, e) for e in events]):
        before = state.legs.get(leg)
        state = step(state, at, seq, event)
        after = state.legs.get(leg)
        if after is not None and (before is None or before.status != after.status):
            found = (at, seq, event, after.status)
    return found
