"""What a step of a clock becomes: the event, and for whom it is."""

from collections.abc import Mapping
from datetime import datetime

from hub.domain.deadlines import WAITS, Clock, Step
from schemas.deadlines import ClockKind, ClockStage
from schemas.events import Cause, NewEvent, new_event
from schemas.parties import Author, AuthorKind, CauseKind
from schemas.payloads import DeadlineReached, Reasoned

EVENTS: Mapping[ClockStage, str] = {
    ClockStage.WARNING: "deadline_warned",
    ClockStage.BREACH: "deadline_breached",
    ClockStage.ESCALATION: "escalated",
    ClockStage.HAND_OVER: "handed_to_overseer",
}
"""Stage -> event."""
OF_AGENCY = frozenset({ClockKind.FIRST_FOLLOW_UP, ClockKind.SETTLE})
"""Clocks that an agency must stop; it is told of them. Others are the centre's."""
TOLD: Mapping[ClockStage, tuple[str, ...]] = {
    ClockStage.WARNING: ("liaison_officer",),
    ClockStage.BREACH: ("agency_admin",),
    ClockStage.ESCALATION: ("head", "national_admin"),
    ClockStage.HAND_OVER: ("overseer",),
}
"""Stage of an agency's clock -> the roles that it is for."""
TOLD_AT_CENTRE: Mapping[ClockStage, tuple[str, ...]] = {
    **dict.fromkeys(ClockStage, ("national_admin",)),
    ClockStage.HAND_OVER: ("overseer",),
}
"""The same where the centre is late."""
REASONS: Mapping[ClockKind, str] = {ClockKind.MISSING_DOCUMENTS: "no_answer"}
"""Silence has none: nobody decided anything, and nobody accepted."""


def event_of(clock: Clock, step: Step, now: datetime) -> NewEvent:
    """Make the event of a step that is due; it happens when it is noted."""
    author = Author(kind=AuthorKind.CLOCK, id=clock.kind)
    cause = Cause(kind=CauseKind.CLOCK, id=step.cause_id)
    if step.stage is ClockStage.RUN_OUT:
        payload = Reasoned(reason_code=REASONS.get(clock.kind, ""))
        return new_event(WAITS[clock.kind], payload, author, cause, now)
    agency, number = clock.run.leg or ("", None)
    is_agencys = clock.kind in OF_AGENCY
    reached = DeadlineReached(
        clock=clock.kind,
        agency=agency,
        assignment_no=number,
        working_days=clock.working_days,
        started_at=clock.run.started_at,
        due_at=clock.due_at,
        reached_at=step.at,
        told=(TOLD if is_agencys else TOLD_AT_CENTRE)[step.stage],
        calendar=clock.calendar,
    )
    leg = clock.run.leg if is_agencys else None
    return new_event(EVENTS[step.stage], reached, author, cause, now, leg=leg)
