"""Tells an agency of later events: by type, in one call or in several."""

from collections.abc import Sequence

from connectors.contract import Delivery, Done, Pending, Skipped
from connectors.errors import Misconfigured, OutcomeUnknown, Refused
from connectors.protocols.expressions import Expression, ExpressionError
from connectors.systems.rest.answers import AlreadyThere, Answered
from connectors.systems.rest.body import send_body
from connectors.systems.rest.caller import Caller, kept
from connectors.systems.rest.going_out import Send
from connectors.systems.rest.look_up import Finder
from connectors.systems.rest.progress import Progress
from connectors.systems.rest.steps import (
    Left,
    make_after,
    pending,
    read_first,
    scope_of,
)

TAKES_NONE = "the agency's API takes no later events"
TAKES_NOT_THIS = "the agency's API takes no events of this kind"


class Telling:
    """The later events of one agency."""

    def __init__(self, caller: Caller, calls: Sequence[Send], finder: Finder) -> None:
        self._caller = caller
        self._calls = calls
        self._finder = finder

    @property
    def takes(self) -> tuple[str, ...] | None:
        """Name the event types that are told; None for every one."""
        if not self._calls or any(not call.events for call in self._calls):
            return None
        return tuple(dict.fromkeys(one for call in self._calls for one in call.events))

    @property
    def coalesces(self) -> bool:
        """Tell whether several events may go in one call."""
        if len(self._calls) != 1:
            return False
        (call,) = self._calls
        return bool(call.items) and not (call.after or call.when)

    def send(self, delivery: Delivery, left: Left) -> Done | Pending | Skipped:
        """Go on from where it is; raises the errors of `connectors.errors`."""
        if not self._calls:
            return Skipped(why=TAKES_NONE)
        call = self._call_for(delivery.events[-1].type)
        if call is None:
            return Skipped(why=TAKES_NOT_THIS)
        if len(delivery.events) != 1 and not call.items:
            why = "the API takes one event a call"
            raise Refused(why, fingerprint="rest many events")
        progress = Progress.of(delivery.progress, delivery.key)
        if progress.done:
            return self._follow(call, delivery, progress, left)
        scope = scope_of(self._caller, delivery, progress)
        if call.when is not None and not _is_true(call.when, scope):
            return Skipped(why="agency.toml says when this is told, and it is not now")
        return self._tell(call, delivery, progress, left)

    def _call_for(self, event_type: str) -> Send | None:
        named = (call for call in self._calls if event_type in call.events)
        others = (call for call in self._calls if not call.events)
        return next(named, None) or next(others, None)

    def _tell(
        self, call: Send, delivery: Delivery, progress: Progress, left: Left
    ) -> Done | Pending:
        scope = scope_of(self._caller, delivery, progress)
        scope = read_first(self._caller, call.before, scope, left)
        body = send_body(call, scope)
        try:
            answered = self._caller.make(
                "send", call, scope, body, left(), key=delivery.key
            )
        except AlreadyThere as error:
            done = self._finder.explain("send", delivery, error, None, left)
            answered = Answered(error.answer, None)
            if not call.after:
                return done
        else:
            if not answered.readable:
                raise _unreadable(answered)
        return self._one_more(call, delivery, progress, answered)

    def _follow(
        self, call: Send, delivery: Delivery, progress: Progress, left: Left
    ) -> Done | Pending:
        number = progress.done - 1
        if number >= len(call.after):
            return Done(reference=delivery.reference)
        answered = make_after(
            self._caller, call.after, number, delivery, progress, left
        )
        return self._one_more(call, delivery, progress, answered)

    def _one_more(
        self, call: Send, delivery: Delivery, progress: Progress, answered: Answered
    ) -> Done | Pending:
        made = [call, *call.after][progress.done]
        done, response = progress.done + 1, answered.answer.body
        if done > len(call.after):
            return Done(reference=delivery.reference, response=response)
        added = {} if answered.tree is None else kept(made, answered)
        grown = {"done": done, "kept": {**progress.kept, **added}}
        return pending(progress.model_copy(update=grown), response=response)


def _is_true(when: Expression, scope: dict[str, object]) -> bool:
    try:
        return when.evaluate(scope) is True
    except ExpressionError as error:
        why = f"send.when: {error}"
        raise Misconfigured(why, fingerprint="rest when cannot be told") from error


def _unreadable(answered: Answered) -> OutcomeUnknown:
    status = answered.answer.status
    return OutcomeUnknown(
        f"answered {status} with a body that is not JSON",
        fingerprint=f"http {status} not json POST send",
        response=answered.answer.body,
    )
