"""What a hand-over and a later delivery share: reading first, and one step a call."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.contract import Delivery, FileOutcome, Pending
from connectors.errors import OutcomeUnknown
from connectors.systems.rest.answers import AlreadyThere, Answered
from connectors.systems.rest.body import plain_body
from connectors.systems.rest.caller import Caller, again, kept
from connectors.systems.rest.calls import Call
from connectors.systems.rest.progress import Progress
from connectors.systems.rest.scope import of_delivery

AT_ONCE = 0.0

Left = Callable[[], float]
"""Seconds that are left of the delivery's time."""


def clock(seconds: float) -> Left:
    """Begin the time of a delivery; all its calls share it."""
    ends_at = time.monotonic() + seconds
    return lambda: max(ends_at - time.monotonic(), 0.001)


def scope_of(caller: Caller, delivery: Delivery, progress: Progress) -> dict[str, Any]:
    """Return what the calls of a delivery may speak of."""
    scope = {**caller.common(), **of_delivery(delivery), **progress.kept}
    scope["uploads"] = list(progress.uploads)
    if progress.reference:
        scope["reference"] = progress.reference
    return scope


def read_first(
    caller: Caller, calls: Sequence[Call], scope: Mapping[str, Any], left: Left
) -> dict[str, Any]:
    """Make the calls that only read; returns the scope with what they keep."""
    grown = dict(scope)
    for number, call in enumerate(calls):
        step = f"before {number}"
        answered = caller.read(step, call, grown, left())
        try:
            grown |= kept(call, answered)
        except OutcomeUnknown as error:
            raise again(error) from error
    return grown


def make_after(
    caller: Caller,
    calls: Sequence[Call],
    number: int,
    delivery: Delivery,
    progress: Progress,
    left: Left,
) -> Answered:
    """Make one of the calls that follow; what is there already is done."""
    call = calls[number]
    scope = scope_of(caller, delivery, progress)
    key = f"{delivery.key}-{number + 1}"
    body = plain_body(call, scope)
    try:
        return caller.make(f"after {number}", call, scope, body, left(), key=key)
    except AlreadyThere as error:
        if error.declared:
            return Answered(error.answer, None)
        why = "answered 409"
        fingerprint = f"http 409 {call.method} after {number}"
        response = error.answer.body
        raise OutcomeUnknown(why, fingerprint=fingerprint, response=response) from error


def pending(
    progress: Progress,
    *,
    after_seconds: float = AT_ONCE,
    response: bytes = b"",
    files: Sequence[FileOutcome] = (),
) -> Pending:
    """Let the hub keep what is done before anything else is."""
    return Pending(
        files=tuple(files),
        progress=progress.written(),
        poll_after_seconds=after_seconds,
        response=response,
    )
