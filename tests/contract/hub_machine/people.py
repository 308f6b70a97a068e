"""What people ask for: any verb of the workflow, filled from its event's payload."""

import random
from collections.abc import Sequence
from typing import Any

from uuid_utils.compat import uuid7

from hub.domain.lifecycle import fold
from hub.domain.workflow import WORKFLOW, Actor, ActorRole, Verb, open_verbs
from hub.stages.act import Request
from schemas.events import CATALOGUE, LogEvent
from schemas.parties import Author, AuthorKind
from tests.contract.hub_machine.agencies import MANIFESTS
from tests.unit.domain.histories.payloads import payload

AUTHORS = {
    ActorRole.REPORTER: AuthorKind.REPORTER,
    ActorRole.OPERATOR: AuthorKind.OPERATOR,
}
"""Role -> what its people are as authors; all others are officers."""
FILLED_BY_THE_HUB = {
    "agency",
    "assignment_no",
    "attachments",
    "channel",
    "hops",
    "order_by",
    "reason_code",
    "text",
}


def some_verb(log: Sequence[LogEvent], dice: random.Random) -> str:
    """Choose a verb; mostly one that is legal now."""
    fits = open_verbs(fold([(e.seq, e) for e in log]))
    return dice.choice(fits if fits and dice.random() < 0.8 else sorted(WORKFLOW))


def asked(
    verb_name: str, log: Sequence[LogEvent], others: Sequence[str], dice: random.Random
) -> Request:
    """Make a request about one complaint; mostly, but not always, a sensible one."""
    verb = WORKFLOW[verb_name]
    agency = _agency(verb, log, dice)
    return Request(
        complaint_id=log[0].complaint_id,
        verb=verb.name,
        actor=_actor(verb, log, agency, dice),
        action_id=str(uuid7()),
        agency=agency,
        reason=dice.choice(verb.reasons) if verb.reasons else "",
        text="kata" if "text" in CATALOGUE[verb.event].payload.model_fields else "",
        why="telepon",
        details=_details(verb, others, dice),
    )


def _agency(verb: Verb, log: Sequence[LogEvent], dice: random.Random) -> str:
    if verb.event == "assigned":
        return dice.choice(sorted(MANIFESTS))
    if not verb.on_leg:
        return ""
    legs = fold([(e.seq, e) for e in log]).legs
    legal = verb.legal_in or frozenset()
    fits = sorted({key[0] for key, leg in legs.items() if leg.status in legal})
    return dice.choice(fits if fits and dice.random() < 0.9 else sorted(MANIFESTS))


def _actor(
    verb: Verb, log: Sequence[LogEvent], agency: str, dice: random.Random
) -> Actor:
    roles = sorted(verb.who) if dice.random() < 0.9 else sorted(ActorRole)
    role = dice.choice(roles)
    kind = AUTHORS.get(role, AuthorKind.OFFICER)
    name = log[0].facts["reporter_id"] if kind is AuthorKind.REPORTER else "siti"
    within = role in {ActorRole.AGENCY_ADMIN, ActorRole.LIAISON_OFFICER}
    return Actor(Author(kind=kind, id=name), role, agency if within else "")


def _details(verb: Verb, others: Sequence[str], dice: random.Random) -> dict[str, Any]:
    kind = CATALOGUE[verb.event].payload
    other = dice.choice(others) if others else str(uuid7())
    given: dict[str, Any] = {"agency": "", "assignment_no": 1, "other": other}
    made = payload(kind, dice, **given).model_dump(exclude_unset=True)
    return {k: v for k, v in made.items() if k not in FILLED_BY_THE_HUB}
