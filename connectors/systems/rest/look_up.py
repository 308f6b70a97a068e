"""Looks a delivery up by our key, and reads conflicts by what it finds."""

from collections.abc import Mapping
from typing import Any

from connectors.contract import (
    CannotTell,
    Delivery,
    Done,
    Found,
    NotFound,
    Pending,
)
from connectors.errors import OutcomeUnknown, Refused, Retryable
from connectors.protocols.expressions import Expression, ExpressionError
from connectors.protocols.records.paths import MISSING
from connectors.protocols.records.words import as_reference
from connectors.systems.rest.answers import AlreadyThere, Answered
from connectors.systems.rest.body import plain_body
from connectors.systems.rest.caller import Caller, kept
from connectors.systems.rest.going_out import Find
from connectors.systems.rest.places import Place
from connectors.systems.rest.progress import Progress
from connectors.systems.rest.settings import RestSettings
from connectors.systems.rest.steps import Left, pending, scope_of

LookUp = Found | NotFound | CannotTell


class Finder:
    """Asks the API whether a delivery with our key was done."""

    def __init__(self, caller: Caller, settings: RestSettings) -> None:
        self._caller = caller
        self._settings = settings
        self._looks = {"submit": settings.find, "send": settings.find_event}

    def find(self, delivery: Delivery, left: Left) -> LookUp | Pending:
        """Look it up: an event where the case has a reference, else the case.

        A case that is found goes on with what follows its hand-over.

        Raises Retryable or Misconfigured; anything else unclear is CannotTell.
        """
        step = "send" if delivery.reference else "submit"
        progress = Progress.of(delivery.progress, delivery.key)
        if progress.done or progress.reference:
            return CannotTell(why="a look-up by key cannot tell of the calls after it")
        try:
            found, answered = self._look_up(step, delivery, left)
            if step == "submit" and self._settings.follow_ups:
                return self._go_on(found, answered, progress)
        except (OutcomeUnknown, Refused) as error:
            return CannotTell(why=f"the look-up {error.why}")
        return found

    def _go_on(
        self, found: LookUp, answered: Answered | None, progress: Progress
    ) -> LookUp | Pending:
        look = self._settings.find
        if not isinstance(found, Found) or answered is None or look is None:
            return found
        if lost := sorted(set(self._settings.submit.keep) - set(look.keep)):
            names = ", ".join(lost)
            why = f"what follows may need {names}: say in find.keep where it is, too"
            return CannotTell(why=why)
        kept_here = {**progress.kept, **kept(look, answered)}
        update = {"reference": found.reference, "kept": kept_here, "token": ""}
        return pending(progress.model_copy(update=update))

    def explain(
        self,
        step: str,
        delivery: Delivery,
        error: AlreadyThere,
        reference: Place | None,
        left: Left,
    ) -> Done:
        """Read "already there": done if we can name it under our key, else refused.

        A rule that says so may have the reference in its answer.
        """
        answer = error.answer
        if step == "send" and error.declared:
            return Done(reference=delivery.reference, response=answer.body)
        what = f"POST {step}"
        if self._looks[step] is not None:
            found = self._found(step, delivery, left)
            if isinstance(found, Found):
                return Done(reference=found.reference, response=answer.body)
            if isinstance(found, CannotTell):
                why = f"answered {answer.status}, and then: {found.why}"
                fingerprint = f"http {answer.status} unclear {what}"
                raise OutcomeUnknown(why, fingerprint=fingerprint, response=answer.body)
        elif error.declared and reference is not None:
            return self._of_answer(error, reference, what)
        why = f"answered {answer.status}"
        fingerprint = f"http {answer.status} {what}"
        raise Refused(why, fingerprint=fingerprint, response=answer.body)

    def _of_answer(self, error: AlreadyThere, place: Place, what: str) -> Done:
        answer = error.answer
        tree = self._caller.tree(answer)
        if found := as_reference(place.take(tree, answer.headers)):
            return Done(reference=found, response=answer.body)
        why = "is there already, but the answer does not name it"
        fingerprint = f"http {answer.status} unnamed {what}"
        raise OutcomeUnknown(why, fingerprint=fingerprint, response=answer.body)

    def _found(self, step: str, delivery: Delivery, left: Left) -> LookUp:
        try:
            return self._look_up(step, delivery, left)[0]
        except (Retryable, OutcomeUnknown, Refused) as error:
            return CannotTell(why=error.why)

    def _look_up(
        self, step: str, delivery: Delivery, left: Left
    ) -> tuple[LookUp, Answered | None]:
        look = self._looks[step]
        if look is None:
            return CannotTell(why="agency.toml declares no look-up for this"), None
        name = f"find {step}"
        progress = Progress.of(delivery.progress, delivery.key)
        scope = scope_of(self._caller, delivery, progress)
        if look.parameter:
            query = {**look.query, look.parameter: "{key}"}
            look = look.model_copy(update={"query": query})
        try:
            answered = self._caller.make(
                name, look, scope, plain_body(look, scope), left()
            )
        except AlreadyThere as error:
            return CannotTell(why=f"the look-up answered {error.answer.status}"), None
        if not answered.readable:
            why = f"answered {answered.answer.status} with a body that is not JSON"
            return CannotTell(why=f"the look-up {why}"), None
        items = look.items.take(answered.tree, answered.answer.headers)
        return judge_findings(look, items, delivery), answered


def judge_findings(look: Find, items: Any, delivery: Delivery) -> LookUp:
    """Say what a list of findings means; several cases for one key are unclear."""
    if not isinstance(items, list):
        place = str(look.items) or "its top"
        return CannotTell(why=f"the look-up has no list at {place}")
    if look.where is not None:
        try:
            items = [item for item in items if _is_ours(look.where, item, delivery)]
        except ExpressionError as error:
            return CannotTell(why=f"find.where: {error}")
    return _named(look, items, delivery) if items else NotFound()


def _named(look: Find, items: list[Any], delivery: Delivery) -> LookUp:
    if look.key is not None:
        items = [item for item in items if look.key.take(item) == delivery.key]
    if look.reference is None and items:
        return Found(reference=delivery.reference)
    references = {as_reference(_at(look.reference, item)) for item in items}
    if len(references) != 1:
        return CannotTell(why="the look-up does not name exactly one case for our key")
    (reference,) = references
    if not reference:
        return CannotTell(why=f"the look-up has no reference at {look.reference}")
    return Found(reference=reference)


def _is_ours(where: Expression, item: Any, delivery: Delivery) -> bool:
    seen: Mapping[str, Any] = {
        "item": item,
        "key": delivery.key,
        "reference": delivery.reference,
        "complaint": {"public_number": delivery.complaint.get("public_number")},
    }
    return where.evaluate(seen) is True


def _at(place: Place | None, item: Any) -> Any:
    return MISSING if place is None else place.take(item)
