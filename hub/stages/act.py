"""Acting: what people decide or say about one complaint becomes events in its log."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict
from uuid import UUID

from pydantic import BaseModel, ValidationError

from hub.domain.lifecycle import CaseState
from hub.domain.reference import Reference
from hub.domain.transfers import alarm, hops, needs_final
from hub.domain.workflow import (
    WORKFLOW,
    Actor,
    Verb,
    emitters_lack,
    may,
    open_verbs,
    reason_of,
)
from hub.ports import Cases, Moment, Moved
from schemas.events import CATALOGUE, Cause, NewEvent, new_event
from schemas.parties import Author, AuthorKind, CauseKind, Role
from schemas.payloads import FollowUpKind, Linked, SupervisionRequested

KINDS: Mapping[str, FollowUpKind] = {
    "acknowledge": FollowUpKind.ACK,
    "answer": FollowUpKind.SUBSTANTIVE,
    "settle": FollowUpKind.FINAL,
}
"""What an answer is worth unless it is said."""
TRANSFERS = Author(kind=AuthorKind.RULE, id="transfers")


class NotPossibleError(ValueError):
    """It cannot be done so; the text says what can be. Nothing changed."""


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks for."""

    complaint_id: str
    verb: str
    actor: Actor
    action_id: str
    """Names this request: the same one is carried out once."""
    agency: str = ""
    reason: str = ""
    text: str = ""
    """Words for the reporter and the agencies."""
    why: str = ""
    """For the audit trail only."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the event's payload that only this verb has."""


class Act:
    """Carries out what people ask for, or says why not."""

    def __init__(self, cases: Cases, reference: Reference | None = None) -> None:
        """`reference` has the units, categories and days that are checked."""
        self._cases = cases
        self._reference = reference or Reference()

    def __call__(self, request: Request) -> Moved:
        """Append what a verb stands for. Idempotent by the request's `action_id`.

        Raises NotPossibleError, and ConnectionError when the database is away.
        """
        verb = WORKFLOW.get(request.verb)
        if verb is None:
            msg = f"no such verb: {request.verb}; there are {', '.join(WORKFLOW)}"
            raise NotPossibleError(msg)
        _check_actor(verb, request)
        if verb.event == "merged_into":
            return self._merge(verb, request)

        def decide(now: Moment) -> Sequence[NewEvent]:
            _check_open(now, verb)
            event = _event(verb, request, now, self._reference)
            _check_legal(verb, request, now, event)
            return (event, *_alarm(now, event))

        moved = self._cases.act(
            request.complaint_id, _cause(request), decide, **_noted(verb, request)
        )
        if moved is None:
            msg = f"no complaint {request.complaint_id}"
            raise NotPossibleError(msg)
        return moved

    def _merge(self, verb: Verb, request: Request) -> Moved:
        """Let the complaint follow another one from now on."""
        other = str(request.details.get("other", ""))
        if not _is_id(other) or other == request.complaint_id:
            msg = "merge needs another complaint, that it is to follow"
            raise NotPossibleError(msg)

        def decide(secondary: Moment, primary: Moment) -> tuple[NewEvent, NewEvent]:
            _check_open(secondary, verb)
            if secondary.state.facts.get("confidential"):
                msg = "a confidential complaint follows none: others would read of it"
                raise NotPossibleError(msg)
            if secondary.began_above:
                msg = (
                    f"it began on {secondary.began_above}, which alone tells its "
                    "reporter and would hear no more: let the other one follow it"
                )
                raise NotPossibleError(msg)
            _check_leader(verb, primary)
            into = _event(verb, request, secondary, self._reference)
            _check_legal(verb, request, secondary, into)
            payload = Linked(other=request.complaint_id)
            author, cause = request.actor.author, _cause(request)
            return into, new_event("merged_from", payload, author, cause, secondary.at)

        moved = self._cases.merge(
            request.complaint_id,
            other,
            _cause(request),
            decide,
            **_noted(verb, request),
        )
        if moved is None:
            msg = f"no complaint {request.complaint_id}, or none {other}"
            raise NotPossibleError(msg)
        return moved


def _is_id(name: str) -> bool:
    try:
        UUID(name)
    except ValueError:
        return False
    return True


class _Noted(TypedDict):
    by: str
    action: str
    reason: str


def _noted(verb: Verb, request: Request) -> _Noted:
    """What the audit trail keeps."""
    return {
        "by": request.actor.author.id,
        "action": f"complaint_{verb.event}",
        "reason": request.why,
    }


def _cause(request: Request, no: int = 1) -> Cause:
    return Cause(kind=CauseKind.ACTION, id=request.action_id, no=no)


def _check_open(now: Moment, verb: Verb) -> None:
    if now.is_erased:
        msg = "it was erased, or is to be: nothing is decided about it any more"
        raise NotPossibleError(msg)
    if now.is_followed and verb.event == "withdrawn":
        msg = "others follow it, and wait for its answer: it is not withdrawn for them"
        raise NotPossibleError(msg)
    if now.follows and verb.event != "flags_changed":
        msg = f"it follows {now.follows}: decide about that one"
        raise NotPossibleError(msg)


def _check_leader(verb: Verb, primary: Moment) -> None:
    _check_open(primary, verb)
    state = primary.state
    if state.facts.get("confidential"):
        msg = "a confidential complaint is followed by nobody: others would read of it"
        raise NotPossibleError(msg)
    if verb.legal_in is not None and state.status not in verb.legal_in:
        msg = f"the other one is {state.status}: only an open one is followed"
        raise NotPossibleError(msg)


def _alarm(now: Moment, event: NewEvent) -> Sequence[NewEvent]:
    """Ask for a supervisor where a complaint wanders from agency to agency."""
    why = alarm(now.state, event)
    if not why:
        return ()
    returns = hops(now.state) + (event.type == "returned")
    payload = SupervisionRequested(supervision=why, returns=returns)
    cause = event.cause.model_copy(update={"no": 2})
    return (new_event("supervision_requested", payload, TRANSFERS, cause, now.at),)


def _check_actor(verb: Verb, request: Request) -> None:
    actor = request.actor
    if not may(verb, actor, request.agency) or emitters_lack(verb, actor):
        who = ", ".join(sorted(verb.who))
        msg = f"{actor.role} may not {verb.name} here; those who may: {who}"
        raise NotPossibleError(msg)


def _check_legal(verb: Verb, request: Request, now: Moment, event: NewEvent) -> None:
    state, fits = now.state, verb.legal_in
    leg = state.legs.get(event.leg) if event.leg else None
    stands = leg.status if leg is not None and verb.on_leg else state.status
    legal = fits is None or stands in fits
    if legal and not now.is_illegal(event):
        return
    if legal and leg is not None and leg.final:
        msg = f"{request.agency} keeps it: that its assignment is final was decided"
        raise NotPossibleError(msg)
    possible = ", ".join(open_verbs(state)) or "nothing"
    whose = f"the leg of {request.agency}" if verb.on_leg else "the complaint"
    msg = (
        f"{whose} is {stands}: {verb.name} is for {', '.join(sorted(fits or ()))}; "
        f"what can be done now: {possible}"
    )
    raise NotPossibleError(msg)


def _event(verb: Verb, request: Request, now: Moment, reference: Reference) -> NewEvent:
    try:
        reason = reason_of(verb, request.reason)
        leg, values = _PLACED.get(verb.event, _on_case)(verb, request, now)
        values |= reference.held(verb.event, request.agency, values, now.at)
        values |= {"reason_code": reason, "text": request.text}
        payload = _payload(CATALOGUE[verb.event].payload, values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        msg = f"{place}: {first['msg']}"
        raise NotPossibleError(msg) from error
    except ValueError as error:
        raise NotPossibleError(str(error)) from error
    author = request.actor.author
    return new_event(verb.event, payload, author, _cause(request), now.at, leg=leg)


def _payload(kind: type[BaseModel], values: dict[str, Any]) -> BaseModel:
    """Take what the payload has a field for; words without a field are refused."""
    if values["text"] and "text" not in kind.model_fields:
        msg = "nobody reads a text of this; use the reason for the audit trail"
        raise ValueError(msg)
    return kind(**{k: v for k, v in values.items() if k in kind.model_fields})


_Leg = tuple[str, int] | None
_Place = Callable[[Verb, Request, Moment], tuple[_Leg, dict[str, Any]]]


def _on_case(verb: Verb, request: Request, now: Moment) -> tuple[_Leg, dict[str, Any]]:
    del now
    if not verb.on_leg and request.agency:
        msg = f"{verb.name} is about the complaint, not about an agency"
        raise ValueError(msg)
    return None, dict(request.details)


def _on_leg(verb: Verb, request: Request, now: Moment) -> tuple[_Leg, dict[str, Any]]:
    number = _last_number(now.state, request.agency)
    if not number:
        has = ", ".join(sorted({agency for agency, _ in now.state.legs})) or "nobody"
        msg = f"{request.agency or 'no agency'} does not have it; {has} has"
        raise ValueError(msg)
    values = {
        "kind": KINDS.get(verb.name, FollowUpKind.INTERIM),
        **request.details,
        "agency": request.agency,
        "assignment_no": number,
    }
    return (request.agency, number), values


def _new_leg(verb: Verb, request: Request, now: Moment) -> tuple[_Leg, dict[str, Any]]:
    del verb
    agency, state = request.agency, now.state
    order_by = now.agencies.get(agency)
    if order_by is None:
        known = ", ".join(sorted(now.agencies)) or "none"
        msg = f"no agency {agency!r}; there are: {known}"
        raise ValueError(msg)
    number = _last_number(state, agency)
    if number and state.legs[agency, number].is_open:
        msg = f"{agency} has it already: its leg is {state.legs[agency, number].status}"
        raise ValueError(msg)
    values = {
        "role": Role.MAIN,
        "why": "an official chose it",
        **request.details,
        "agency": agency,
        "assignment_no": number + 1,
        "order_by": order_by,
        "hops": hops(state),
    }
    if values["role"] == Role.MAIN and needs_final(state) and not values.get("final"):
        msg = (
            f"it was given back {hops(state)} times: the next agency keeps it; "
            "say that this is final"
        )
        raise ValueError(msg)
    return (agency, number + 1), values


def _facts(verb: Verb, request: Request, now: Moment) -> tuple[_Leg, dict[str, Any]]:
    if all(value in ("", None) for value in request.details.values()):
        msg = f"{verb.name} needs something to set"
        raise ValueError(msg)
    return _on_case(verb, request, now)


def _flags(verb: Verb, request: Request, now: Moment) -> tuple[_Leg, dict[str, Any]]:
    """A flag is taken away by two persons only."""
    leg, values = _facts(verb, request, now)
    if not {"anonymous", "confidential"} & values.keys():
        msg = "say which flag: anonymous or confidential"
        raise ValueError(msg)
    lost = [
        flag
        for flag in ("anonymous", "confidential")
        if values.get(flag) is False and now.state.facts.get(flag)
    ]
    second = values.get("second_person", "")
    if lost and second in {"", request.actor.author.id}:
        msg = f"{' and '.join(lost)}: taken away only when a second person agreed"
        raise ValueError(msg)
    return leg, values


def _last_number(state: CaseState, agency: str) -> int:
    return max((number for name, number in state.legs if name == agency), default=0)


def _said(verb: Verb, request: Request, now: Moment) -> tuple[_Leg, dict[str, Any]]:
    leg, values = _on_case(verb, request, now)
    return leg, {"channel": now.state.facts["channel"], **values}


_PLACED: Mapping[str, _Place] = {
    "assigned": _new_leg,
    "classified": _facts,
    "corrected": _facts,
    "flags_changed": _flags,
    "reporter_replied": _said,
    **{verb.event: _on_leg for verb in WORKFLOW.values() if verb.on_leg},
}
"""Event -> where it belongs, and its fields; others are about the case."""
