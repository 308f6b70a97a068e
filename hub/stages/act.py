"""Acting: what people decide or say about one complaint becomes events in its log."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError

from hub.domain.lifecycle import CaseState
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
from schemas.parties import CauseKind, Role
from schemas.payloads import FollowUpKind
from schemas.status import Status

KINDS: Mapping[str, FollowUpKind] = {
    "acknowledge": FollowUpKind.ACK,
    "answer": FollowUpKind.SUBSTANTIVE,
    "settle": FollowUpKind.FINAL,
}
"""What an answer is worth unless it is said."""


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

    def __init__(self, cases: Cases) -> None:
        self._cases = cases

    def __call__(self, request: Request) -> Moved:
        """Append what a verb stands for. Idempotent by the request's `action_id`.

        Raises NotPossibleError, and ConnectionError when the database is away.
        """
        verb = WORKFLOW.get(request.verb)
        if verb is None:
            msg = f"no such verb: {request.verb}; there are {', '.join(WORKFLOW)}"
            raise NotPossibleError(msg)
        _check_actor(verb, request)

        def decide(now: Moment) -> NewEvent:
            if now.is_erased:
                msg = "it was erased: nothing is decided about it any more"
                raise NotPossibleError(msg)
            event = _event(verb, request, now)
            _check_legal(verb, request, now, event)
            return event

        moved = self._cases.act(
            request.complaint_id,
            Cause(kind=CauseKind.ACTION, id=request.action_id),
            decide,
            by=request.actor.author.id,
            action=f"complaint_{verb.event}",
            reason=request.why,
        )
        if moved is None:
            msg = f"no complaint {request.complaint_id}"
            raise NotPossibleError(msg)
        return moved


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
    if (fits is None or stands in fits) and not now.is_illegal(event):
        return
    possible = ", ".join(open_verbs(state)) or "nothing"
    whose = f"the leg of {request.agency}" if verb.on_leg else "the complaint"
    msg = (
        f"{whose} is {stands}: {verb.name} is for {', '.join(sorted(fits or ()))}; "
        f"what can be done now: {possible}"
    )
    raise NotPossibleError(msg)


def _event(verb: Verb, request: Request, now: Moment) -> NewEvent:
    try:
        reason = reason_of(verb, request.reason)
        leg, values = _PLACED.get(verb.event, _on_case)(verb, request, now)
        values |= {"reason_code": reason, "text": request.text}
        payload = _payload(CATALOGUE[verb.event].payload, values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        msg = f"{place}: {first['msg']}"
        raise NotPossibleError(msg) from error
    except ValueError as error:
        raise NotPossibleError(str(error)) from error
    cause = Cause(kind=CauseKind.ACTION, id=request.action_id)
    return new_event(verb.event, payload, request.actor.author, cause, now.at, leg=leg)


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
    returned = sum(leg.status is Status.RETURNED for leg in state.legs.values())
    values = {
        "role": Role.MAIN,
        "why": "an official chose it",
        **request.details,
        "agency": agency,
        "assignment_no": number + 1,
        "order_by": order_by,
        "hops": returned,
    }
    return (agency, number + 1), values


def _facts(verb: Verb, request: Request, now: Moment) -> tuple[_Leg, dict[str, Any]]:
    if not request.details:
        msg = f"{verb.name} needs something to set"
        raise ValueError(msg)
    return _on_case(verb, request, now)


def _flags(verb: Verb, request: Request, now: Moment) -> tuple[_Leg, dict[str, Any]]:
    """A flag is taken away by two persons only."""
    leg, values = _facts(verb, request, now)
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
    "flags_changed": _flags,
    "reporter_replied": _said,
    **{verb.event: _on_leg for verb in WORKFLOW.values() if verb.on_leg},
}
"""Event -> where it belongs, and its fields; others are about the case."""
