"""What people decide about a complaint: each verb, its event, who may say it, and why.

When a verb is legal is not said here: that is the fold's (`hub.domain.lifecycle`), for
people and for agencies alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from hub.domain.lifecycle import ASSIGNABLE, CASE_MOVES, LEG_MOVES, OPEN, CaseState
from schemas.events import CATALOGUE
from schemas.parties import Author
from schemas.status import Status


class ActorRole(StrEnum):
    """In what capacity somebody acts."""

    REPORTER = "reporter"
    NATIONAL_ADMIN = "national_admin"
    """Verifies, classifies, assigns, and decides above the agencies."""
    AGENCY_ADMIN = "agency_admin"
    """Assigns within an agency, and answers for it."""
    LIAISON_OFFICER = "liaison_officer"
    """Answers for a unit."""
    OPERATOR = "operator"
    """Runs the hub, and enters what others decided."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts; an agency's people act on its own legs only."""

    author: Author
    role: ActorRole
    agency: str = ""


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing that somebody may decide or say."""

    name: str
    """As it is typed."""
    event: str
    """What it appends."""
    who: frozenset[ActorRole]
    reasons: tuple[str, ...] = ()
    """The codes to choose from; where there is one only, it need not be given."""
    on_leg: bool = False
    """It is about one agency's leg."""

    @property
    def legal_in(self) -> frozenset[Status] | None:
        """Statuses, of the leg or of the case, in which it can be said; None: all."""
        # What moves nothing the fold takes anywhere; for people it has its time.
        if self.event in _IN_TIME:
            return _IN_TIME[self.event]
        return CASE_MOVES.get(self.event) or LEG_MOVES.get(self.event)


_IN_TIME: Mapping[str, frozenset[Status]] = {
    "assigned": ASSIGNABLE,
    "corrected": OPEN,
    "rated": frozenset({Status.CLOSED, Status.APPEALED}),
}
R = ActorRole
_CENTRE = frozenset({R.NATIONAL_ADMIN, R.OPERATOR})
_OFFICE = _CENTRE | {R.AGENCY_ADMIN}
_DESK = frozenset({R.AGENCY_ADMIN, R.LIAISON_OFFICER, R.OPERATOR})
_CITIZEN = frozenset({R.REPORTER, R.OPERATOR})
_HOLD = ("needs_details", "needs_place", "needs_time", "needs_documents")
_ARCHIVE = (
    "no_answer",
    "unclear",
    "too_general",
    "wrong_format",
    "unlawful",
    "spam",
    "duplicate",
)
_REJECT = ("out_of_scope", "in_court", "spam", "unlawful")

# fmt: off
_VERBS = (
    # At the centre
    Verb("verify", "verified", _CENTRE, ("complete",)),
    Verb("hold", "put_on_hold", _OFFICE, _HOLD),
    Verb("resume", "resumed", _OFFICE, ("new_facts", "by_mistake")),
    Verb("classify", "classified", _OFFICE),
    Verb("protect", "flags_changed", _OFFICE | {R.REPORTER, R.LIAISON_OFFICER}),
    Verb("assign", "assigned", _CENTRE),
    Verb("archive", "archived", _OFFICE, _ARCHIVE),
    Verb("restore", "restored", _CENTRE, ("by_mistake", "new_facts")),
    Verb("reject", "rejected", _CENTRE, _REJECT),
    Verb("redirect", "emergency_redirected", _CENTRE, ("emergency",)),
    Verb("merge", "merged_into", _CENTRE),
    Verb("close", "closed", _OFFICE, ("settled",)),
    Verb("reopen", "reopened", _OFFICE, ("new_facts", "by_mistake", "disputed")),
    # On a leg
    Verb("unit", "unit_assigned", _DESK, on_leg=True),
    Verb("acknowledge", "acknowledged", _DESK, on_leg=True),
    Verb("start", "work_started", _DESK, on_leg=True),
    Verb("answer", "followed_up", _DESK, on_leg=True),
    Verb("settle", "resolved", _DESK, on_leg=True),
    Verb("wait", "leg_put_on_hold", _DESK, _HOLD, on_leg=True),
    Verb("return", "return_requested", _DESK, ("not_competent",), on_leg=True),
    Verb("take-back", "returned", _CENTRE, ("not_competent",), on_leg=True),
    Verb("keep", "return_refused", _CENTRE, ("competent",), on_leg=True),
    # The reporter
    Verb("reply", "reporter_replied", _CITIZEN),
    Verb("correct", "corrected", _CITIZEN),
    Verb("accept", "accepted", _CITIZEN, ("settled",)),
    Verb("dispute", "reopened", _CITIZEN, ("disputed",)),
    Verb("appeal", "appealed", _CITIZEN, ("disputed",)),
    Verb("rate", "rated", _CITIZEN),
    Verb("withdraw", "withdrawn", _CITIZEN, ("at_own_request",)),
)
# fmt: on

WORKFLOW: Mapping[str, Verb] = MappingProxyType({verb.name: verb for verb in _VERBS})
"""Verb -> what it is."""


def may(verb: Verb, actor: Actor, agency: str = "") -> bool:
    """Tell whether somebody may say a verb; on a leg, of which agency."""
    if actor.role not in verb.who:
        return False
    return not (verb.on_leg and actor.agency and actor.agency != agency)


def open_verbs(state: CaseState) -> list[str]:
    """Name the verbs that are legal now, for somebody, on some leg.

    Nothing is decided about a complaint that follows another one.
    """
    if state.status is Status.MERGED:
        return []
    legs = {leg.status for leg in state.legs.values()}
    return [
        verb.name
        for verb in WORKFLOW.values()
        if (fits := verb.legal_in) is None
        or (fits & legs if verb.on_leg else state.status in fits)
    ]


def reason_of(verb: Verb, given: str) -> str:
    """Take the given reason, or the only one there is; raises ValueError."""
    if not verb.reasons:
        if given:
            msg = f"{verb.name} takes no reason"
            raise ValueError(msg)
        return ""
    if not given and len(verb.reasons) == 1:
        return verb.reasons[0]
    if given not in verb.reasons:
        msg = f"{verb.name} needs one of these reasons: {', '.join(verb.reasons)}"
        raise ValueError(msg)
    return given


def emitters_lack(verb: Verb, actor: Actor) -> bool:
    """Tell whether the catalogue has no such author for the verb's event."""
    return actor.author.kind not in CATALOGUE[verb.event].emitters
