"""The event catalogue: every event type, who may emit it, who sees it, what it does.

One type per transition; there is no generic "status changed".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from pydantic import BaseModel

from schemas import payloads as p
from schemas.base import Model
from schemas.parties import AuthorKind
from schemas.status import Status


class Audience(StrEnum):
    """Who may see an event."""

    REPORTER = "reporter"
    LEG_AGENCY = "leg_agency"
    """The agency whose leg the event is about."""
    AGENCIES = "agencies"
    """Every agency with an open leg."""
    UPSTREAM = "upstream"
    SUBSCRIBER = "subscriber"
    PUBLIC = "public"


class Scope(StrEnum):
    """What an event changes."""

    CASE = "case"
    LEG = "leg"
    NOTHING = "nothing"


class Effect(Model):
    """The effect of an event on the fold."""

    scope: Scope
    to: Status | None = None
    """Status that the case or leg takes; none where only facts change."""


@dataclass(frozen=True)
class EventType:
    """One row of the catalogue."""

    name: str
    meaning: str
    payload: type[BaseModel]
    emitters: frozenset[AuthorKind]
    visible_to: frozenset[Audience]
    wanted_by: frozenset[Audience]
    """Who is told by default; a party's configuration may narrow it."""
    effect: Effect


A, E = Audience, AuthorKind
_ALL = frozenset(Audience)
_CIVIL = frozenset({E.OFFICER, E.OPERATOR, E.RULE, E.UPSTREAM})
_AGENCY = frozenset({E.AGENCY, E.OFFICER, E.OPERATOR})
_CITIZEN = frozenset({E.REPORTER, E.OPERATOR})
"""Who writes on paper, or calls, is entered by an operator."""
_FROM_ABOVE = _CITIZEN | {E.UPSTREAM}
"""Whose complaint began on an upstream platform speaks there."""
_WITHIN = frozenset({A.REPORTER, A.AGENCIES, A.UPSTREAM, A.SUBSCRIBER})
_NEWS = frozenset({A.REPORTER, A.AGENCIES, A.UPSTREAM})
_OFFICES = frozenset({A.AGENCIES, A.UPSTREAM})
_OWN_LEG = frozenset({A.LEG_AGENCY, A.UPSTREAM})
_WATCH = frozenset({A.LEG_AGENCY, A.UPSTREAM, A.SUBSCRIBER})
_UP = frozenset({A.UPSTREAM})
_REPORTER = frozenset({A.REPORTER})
_REPORTER_UP = frozenset({A.REPORTER, A.UPSTREAM})
_NOBODY: frozenset[Audience] = frozenset()


def _case(to: Status | None = None) -> Effect:
    return Effect(scope=Scope.CASE, to=to)


def _leg(to: Status | None = None) -> Effect:
    return Effect(scope=Scope.LEG, to=to)


_NONE = Effect(scope=Scope.NOTHING)
_Row = tuple[
    str,
    str,
    type[BaseModel],
    Iterable[AuthorKind],
    frozenset[Audience],
    frozenset[Audience],
    Effect,
]

# fmt: off
# name, meaning, payload, emitters, visible to, wanted by, effect
_ROWS: tuple[_Row, ...] = (
    # The case
    ("received", "A complaint was accepted and normalised.",
     p.Received, {E.REPORTER, E.UPSTREAM, E.AGENCY}, _ALL, _NOBODY,
     _case(Status.RECEIVED)),
    ("registered", "It has its code and public number.",
     p.Registered, {E.RULE}, _REPORTER_UP, _REPORTER_UP, _case()),
    ("put_on_hold", "The reporter must complete it.",
     p.Reasoned, _CIVIL, _WITHIN, _NEWS, _case(Status.ON_HOLD)),
    ("resumed", "The hold ended.",
     p.Reasoned, _CIVIL, _WITHIN, _NEWS, _case(Status.RECEIVED)),
    ("verified", "It is clear, complete and in scope.",
     p.Reasoned, _CIVIL, _ALL, _UP, _case(Status.VERIFIED)),
    ("classified", "Type, category or grade was set by an official.",
     p.Classified, _CIVIL, _WITHIN, _OFFICES, _case()),
    ("flags_changed", "Anonymity or confidentiality changed.",
     p.FlagsChanged, _CIVIL | {E.REPORTER, E.AGENCY}, _WITHIN, _OFFICES, _case()),
    ("emergency_advised", "It sounds like an emergency: the reporter is to call.",
     p.Reasoned, {E.RULE}, _WITHIN, _REPORTER, _NONE),
    ("triage_requested", "No rule places it; an officer must.",
     p.TriageRequested, {E.RULE}, _NOBODY, _NOBODY, _NONE),
    ("supervision_requested", "It wanders; a supervisor must look at it.",
     p.SupervisionRequested, {E.RULE}, _UP, _UP, _case()),
    # The hand-over
    ("assigned", "An agency must act (main) or is informed (cc).",
     p.Assigned, _CIVIL, _ALL, _OWN_LEG, _leg(Status.ASSIGNED)),
    ("handed_over", "The agency's system has it, under its own reference.",
     p.HandOver, {E.RULE, E.OPERATOR}, _WITHIN, _REPORTER_UP, _NONE),
    ("hand_over_held", "It is unknown whether the agency has it.",
     p.HandOver, {E.RULE}, _NOBODY, _NOBODY, _NONE),
    ("hand_over_failed", "The agency's system refused it.",
     p.HandOver, {E.RULE}, _NOBODY, _NOBODY, _NONE),
    ("hand_over_delayed", "The agency's system cannot be reached for a long time.",
     p.LegNotice, {E.CLOCK}, _REPORTER, _REPORTER, _NONE),
    # The agency's leg
    ("unit_assigned", "The agency gave it to a unit.",
     p.LegNews, _AGENCY, _ALL, _NEWS, _leg(Status.ASSIGNED_UNIT)),
    ("acknowledged", "The agency saw it; no answer yet.",
     p.LegNews, _AGENCY, _ALL, _NEWS, _leg()),
    ("work_started", "The agency works on it.",
     p.LegNews, _AGENCY, _ALL, _NEWS, _leg(Status.IN_PROGRESS)),
    ("followed_up", "The agency answered.",
     p.LegNews, _AGENCY, _ALL, _NEWS, _leg(Status.IN_PROGRESS)),
    ("leg_put_on_hold", "The agency waits for the reporter.",
     p.LegNews, _AGENCY, _ALL, _NEWS, _leg(Status.ON_HOLD)),
    ("return_requested", "The agency says it is not competent.",
     p.LegNews, _AGENCY, _WITHIN, _UP, _leg(Status.RETURN_REQUESTED)),
    ("return_refused", "The agency stays competent.",
     p.LegNews, _CIVIL, _WITHIN, _OWN_LEG, _leg(Status.ASSIGNED)),
    ("returned", "The leg ended: another agency is competent.",
     p.LegNews, _CIVIL, _WITHIN, _OWN_LEG, _leg(Status.RETURNED)),
    ("resolved", "The agency settled its leg.",
     p.LegNews, _AGENCY, _ALL, _NEWS, _leg(Status.CLOSED)),
    ("confirmed", "An agency or the platform repeated what was known.",
     p.Confirmed, {E.AGENCY, E.UPSTREAM}, _NOBODY, _NOBODY, _NONE),
    ("update_unclear", "An update of the agency could not be understood yet.",
     p.LegNotice, {E.RULE}, _REPORTER, _REPORTER, _NONE),
    # The reporter and others
    ("reporter_replied", "The reporter wrote again.",
     p.Said, _FROM_ABOVE, _WITHIN, _OFFICES, _case()),
    ("remarked", "The platform wrote something that decides nothing.",
     p.Remarked, {E.UPSTREAM}, _WITHIN, _NEWS, _NONE),
    ("corrected", "The reporter put something right.",
     p.Corrected, _CITIZEN, _WITHIN, _OFFICES, _case()),
    ("third_party_comment", "Somebody who is not the reporter wrote.",
     p.Said, {E.THIRD_PARTY}, _OFFICES, frozenset({A.AGENCIES}), _NONE),
    ("accepted", "The reporter accepts the answer.",
     p.Reasoned, _FROM_ABOVE, _WITHIN, _OFFICES, _case(Status.CLOSED)),
    ("rated", "The reporter rated the answer.",
     p.Rated, _CITIZEN, _WITHIN, _UP, _case()),
    ("appealed", "The reporter asked for a review.",
     p.Reasoned, _CITIZEN, _WITHIN, _OFFICES, _case(Status.APPEALED)),
    ("withdrawn", "The reporter took it back.",
     p.Reasoned, _FROM_ABOVE, _ALL, _OFFICES, _case(Status.WITHDRAWN)),
    # Deadlines
    ("deadline_warned", "Most of a limit is used.",
     p.DeadlineReached, {E.CLOCK}, _OWN_LEG, frozenset({A.LEG_AGENCY}), _NONE),
    ("deadline_breached", "A limit is over.",
     p.DeadlineReached, {E.CLOCK}, _WATCH, _OWN_LEG, _NONE),
    ("escalated", "A limit is over for days: those above are asked to act.",
     p.DeadlineReached, {E.CLOCK}, _WATCH, _OWN_LEG, _NONE),
    ("handed_to_overseer", "A limit is over for so long that the overseer gets it.",
     p.DeadlineReached, {E.CLOCK}, _WATCH, frozenset({A.UPSTREAM, A.SUBSCRIBER}),
     _NONE),
    # How it ends, and goes on
    ("closed_by_silence", "Nobody answered the last follow-up in time.",
     p.Reasoned, {E.CLOCK}, _ALL, _NEWS, _case(Status.CLOSED)),
    ("closed", "An official closed it.",
     p.Reasoned, _CIVIL, _ALL, _NEWS, _case(Status.CLOSED)),
    ("reopened", "The case is worked on again.",
     p.Reasoned, _CIVIL | {E.REPORTER}, _ALL, _NEWS, _case(Status.IN_PROGRESS)),
    ("archived", "Closed without action.",
     p.Reasoned, _CIVIL | {E.CLOCK}, _ALL, _NEWS, _case(Status.ARCHIVED)),
    ("rejected", "Out of scope.",
     p.Reasoned, _CIVIL, _ALL, _NEWS, _case(Status.REJECTED)),
    ("restored", "Taken out of the archive.",
     p.Reasoned, _CIVIL, _ALL, _NEWS, _case(Status.RECEIVED)),
    ("emergency_redirected", "The reporter was sent to an emergency line.",
     p.Reasoned, _CIVIL, _WITHIN, _REPORTER,
     _case(Status.EMERGENCY_REDIRECTED)),
    ("merged_into", "It follows another complaint from now on.",
     p.Linked, _CIVIL, _WITHIN, _NEWS, _case(Status.MERGED)),
    ("merged_from", "Another complaint follows this one.",
     p.Linked, _CIVIL, _WITHIN, _NOBODY, _NONE),
    ("relayed", "An agency spoke of a complaint that follows this one.",
     p.Relayed, {E.AGENCY, E.UPSTREAM}, _WITHIN, _NEWS, _NONE),
    # Personal data
    ("erasure_requested", "Personal data is to go, everywhere.",
     p.Erasure, {E.REPORTER, E.OPERATOR, E.OFFICER}, _WITHIN,
     _NEWS | {A.SUBSCRIBER}, _NONE),
    ("erased", "The data keys are destroyed.",
     p.Erasure, {E.CLOCK, E.OPERATOR}, _NOBODY, _NOBODY, _NONE),
)
# fmt: on

CATALOGUE: Mapping[str, EventType] = MappingProxyType(
    {
        name: EventType(name, meaning, payload, frozenset(by), seen, wanted, effect)
        for name, meaning, payload, by, seen, wanted, effect in _ROWS
    }
)
"""Event type name -> row. The contract that agencies and subscribers read."""

AGENCY_EVENTS = frozenset(
    name for name, row in CATALOGUE.items() if AuthorKind.AGENCY in row.emitters
) - {"received", "confirmed", "flags_changed", "relayed"}
"""What an agency's status table may map to."""

UPSTREAM_EVENTS = frozenset(
    name
    for name, row in CATALOGUE.items()
    if AuthorKind.UPSTREAM in row.emitters
    and row.payload in {p.Reasoned, p.Said, p.Remarked}
)
"""What an upstream platform's status table may map to: it acts on the case."""
