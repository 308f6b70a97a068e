"""What follows from the outcome of a call.

The seven outcomes are matched in one place, exhaustively.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from connectors.contract import (
    CannotTell,
    Capabilities,
    Done,
    Found,
    NotFound,
    Pending,
    Skipped,
)
from connectors.errors import (
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Retryable,
)
from hub.domain.delivery import (
    Cursor,
    CursorState,
    DeadKind,
    Plan,
    PlanKind,
    Step,
    is_handed_over,
)
from schemas.agency import Limits

NEGATIVE_LOOKUPS_BEFORE_RESEND = 2
SAME_REFUSALS_BEFORE_PAUSE = 20
RETRY_AFTER_CAP_SECONDS = 24 * 3600.0


class PartySignal(StrEnum):
    """What a call says about its party."""

    NONE = "none"
    HEALTHY = "healthy"
    FAILING = "failing"
    """Feeds the breaker."""
    THROTTLED = "throttled"
    """The whole party waits."""
    REFUSING = "refusing"
    """Many equal refusals in a row pause the party."""
    MISCONFIGURED = "misconfigured"
    """The party is paused with one alert."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What follows from an outcome; written in one transaction."""

    outcome: str
    """done, pending, skipped, retry, unknown, refused, misconfigured, found, …"""
    forward_to: int | None = None
    """New delivered_seq; the frozen range is cleared."""
    clear_sending: bool = False
    """The frozen range ends without the cursor moving."""
    step: Step = Step.CALL
    due_in_seconds: float | None = None
    """None: due at once where something is left, else not due."""
    state: CursorState = CursorState.ACTIVE
    reference: str = ""
    progress: bytes = b""
    dead: DeadKind | None = None
    """Set the range aside as a dead letter of this kind."""
    hand_over: str = ""
    """Event about the hand-over to append, if any."""
    narrow_to_seq: int | None = None
    lookups: int = 0
    resends: int = 0
    failed: bool = False
    """Counts as a failed attempt: age and back-off grow."""
    party: PartySignal = PartySignal.NONE
    party_wait_seconds: float = 0
    why: str = ""
    fingerprint: str = ""
    response: bytes = b""
    contact_gone: bool = False
    """Nothing will ever reach the reporter's contact."""


Outcome = (
    Done
    | Pending
    | Skipped
    | Found
    | NotFound
    | CannotTell
    | Retryable
    | OutcomeUnknown
    | Refused
    | Misconfigured
)


def as_outcome(error: Exception, *, sent: bool) -> Outcome:
    """Read an exception as an outcome; unnamed ones are unknown once sent."""
    if isinstance(error, Retryable | OutcomeUnknown | Refused | Misconfigured):
        return error
    name = type(error).__name__
    why = f"the connector failed with {name}"
    if isinstance(error, ConnectorError) or sent:
        return OutcomeUnknown(why, fingerprint=f"unnamed {name}")
    return Retryable(why, fingerprint=f"unnamed {name}")


def backoff_seconds(limits: Limits, attempts: int, jitter: float) -> float:
    """Space the retries: doubling from the base to the cap, with full jitter.

    `jitter` is a random number in [0, 1); at least a tenth of the step is kept so
    that a retry never follows at once.
    """
    step = min(
        limits.backoff_cap_seconds,
        limits.backoff_base_seconds * 2.0 ** min(attempts, 40),
    )
    return step * (0.1 + 0.9 * jitter)


@dataclass(frozen=True, slots=True)
class Ground:
    """What the decision rests on beside the outcome."""

    cursor: Cursor
    plan: Plan
    can: Capabilities
    limits: Limits
    jitter: float
    events: int = 1
    """How many events the call carried."""

    @property
    def is_submit(self) -> bool:
        """True when the range is the hand-over itself."""
        return not self.is_late and not is_handed_over(self.cursor, self.can)

    @property
    def is_late(self) -> bool:
        """True when one set-aside event is retried."""
        return self.plan.kind is PlanKind.DEAD_LETTER


def settle(ground: Ground, outcome: Outcome) -> Settlement:
    """Decide what follows from the outcome of one call. Pure and total."""
    match outcome:
        case Done() | Found():
            found = _done(ground, outcome)
        case Skipped(why=why):
            found = Settlement(
                "skipped",
                forward_to=ground.plan.to_seq,
                party=PartySignal.HEALTHY,
                why=why,
            )
        case Pending(progress=progress, poll_after_seconds=wait, response=response):
            found = Settlement(
                "pending",
                due_in_seconds=wait,
                progress=progress,
                party=PartySignal.HEALTHY,
                response=response,
            )
        case NotFound():
            found = _not_found(ground)
        case CannotTell(why=why):
            found = _again(ground, "cannot_tell", why, Step.FIND)
        case Retryable():
            found = _retry(ground, outcome)
        case OutcomeUnknown():
            found = _unknown(ground, outcome)
        case Refused():
            found = _refused(ground, outcome)
        case Misconfigured():
            found = _misconfigured(ground, outcome)
        case _:
            assert_never(outcome)
    return found


def as_it_is(
    cursor: Cursor, outcome: str, why: str, *, due_in_seconds: float = 0
) -> Settlement:
    """Let a range be tried again with all that is known of it; it did not fail."""
    return Settlement(
        outcome,
        step=cursor.sending_step,
        due_in_seconds=due_in_seconds,
        progress=cursor.progress,
        lookups=cursor.lookups,
        resends=cursor.resends,
        why=why,
    )


RESTS = "rests"
"""Outcome of a turn that was put off: nothing was tried, and nothing failed."""


def rest(cursor: Cursor, seconds: float) -> Settlement:
    """Put a turn off; what comes meanwhile may join it, or call for it at once."""
    why = "not urgent: it waits for more, or for the morning"
    return as_it_is(cursor, RESTS, why, due_in_seconds=seconds)


def _misconfigured(ground: Ground, error: Misconfigured) -> Settlement:
    return replace(
        as_it_is(ground.cursor, "misconfigured", error.why),
        party=PartySignal.MISCONFIGURED,
        fingerprint=error.fingerprint,
        response=error.response,
    )


def _done(ground: Ground, outcome: Done | Found) -> Settlement:
    submit = ground.is_submit
    if submit and not outcome.reference:
        why = "it answered without a reference"
        # Going forward without one would hand the complaint over a second time.
        return _unknown(ground, OutcomeUnknown(why))
    return Settlement(
        "done" if isinstance(outcome, Done) else "found",
        forward_to=ground.plan.to_seq,
        reference=outcome.reference if submit else "",
        hand_over="handed_over" if submit else "",
        party=PartySignal.HEALTHY,
        response=outcome.response if isinstance(outcome, Done) else b"",
    )


def _not_found(ground: Ground) -> Settlement:
    lookups = ground.cursor.lookups + 1
    if lookups < NEGATIVE_LOOKUPS_BEFORE_RESEND:
        return Settlement(
            "not_found",
            step=Step.FIND,
            due_in_seconds=ground.limits.settle_seconds,
            progress=ground.cursor.progress,
            lookups=lookups,
            party=PartySignal.HEALTHY,
        )
    return Settlement(
        "not_found",
        step=Step.CALL,
        due_in_seconds=0,
        progress=ground.cursor.progress,
        party=PartySignal.HEALTHY,
    )


def _retry(ground: Ground, error: Retryable) -> Settlement:
    step = Step.FIND if ground.plan.kind is PlanKind.FIND else Step.CALL
    found = _again(ground, "retry", error.why, step, error)
    wait = min(error.after_seconds or 0, RETRY_AFTER_CAP_SECONDS)
    if not wait or found.due_in_seconds is None:
        return found
    found = replace(found, due_in_seconds=max(found.due_in_seconds, wait))
    if not error.throttled:
        return found
    return replace(found, party=PartySignal.THROTTLED, party_wait_seconds=wait)


def _again(
    ground: Ground, name: str, why: str, step: Step, error: Retryable | None = None
) -> Settlement:
    """Try later with the same range and key, or give up by age.

    While it is unknown whether it was done, giving up leaves it held.
    """
    cursor = ground.cursor
    fingerprint = error.fingerprint if error else f"{name}: {why}"
    if cursor.stopped_age_seconds >= ground.limits.give_up_after_seconds:
        unknown = step is Step.FIND or cursor.unsure
        kind = DeadKind.HELD if unknown else DeadKind.GAVE_UP
        return _set_aside(ground, kind, name, why, fingerprint)
    return Settlement(
        name,
        step=step,
        due_in_seconds=backoff_seconds(ground.limits, cursor.attempts, ground.jitter),
        progress=cursor.progress,
        lookups=cursor.lookups,
        resends=cursor.resends,
        failed=True,
        party=PartySignal.FAILING,
        why=why,
        fingerprint=fingerprint,
        response=error.response if error else b"",
    )


def _unknown(ground: Ground, error: OutcomeUnknown) -> Settlement:
    cursor, can = ground.cursor, ground.can
    if ground.plan.kind is PlanKind.FIND:
        return _again(ground, "cannot_tell", error.why, Step.FIND)
    aside = _set_aside(ground, DeadKind.HELD, "unknown", error.why, error.fingerprint)
    too_old = cursor.stopped_age_seconds >= ground.limits.give_up_after_seconds
    # A late call has neither look-up nor second try of its own; a key needs neither.
    if too_old or (ground.is_late and not can.honours_key):
        return replace(aside, response=error.response)
    later = Settlement(
        "unknown",
        due_in_seconds=ground.limits.settle_seconds,
        progress=cursor.progress,
        failed=True,
        party=PartySignal.FAILING,
        why=error.why,
        fingerprint=error.fingerprint,
        response=error.response,
    )
    if can.honours_key:
        backoff = backoff_seconds(ground.limits, cursor.attempts, ground.jitter)
        return replace(later, due_in_seconds=max(ground.limits.settle_seconds, backoff))
    if can.finds_after(hand_over=ground.is_submit):
        return replace(later, step=Step.FIND)
    if can.resends_once and cursor.resends == 0:
        return replace(later, resends=1)
    return replace(aside, response=error.response)


def _refused(ground: Ground, error: Refused) -> Settlement:
    if ground.plan.kind is PlanKind.FIND:  # of the look-up, not of the delivery
        return _again(ground, "cannot_tell", error.why, Step.FIND)
    # Who honours our key says "already there" of what it has; others may have it.
    unknown = ground.cursor.unsure and not ground.can.honours_key
    if ground.events > 1 and not unknown:
        return Settlement(
            "refused",
            clear_sending=True,
            due_in_seconds=0,
            narrow_to_seq=ground.plan.to_seq,
            party=PartySignal.REFUSING,
            why=error.why,
            fingerprint=error.fingerprint,
            response=error.response,
        )
    kind = DeadKind.HELD if unknown else DeadKind.REFUSED
    aside = _set_aside(ground, kind, "refused", error.why, error.fingerprint)
    return replace(
        aside,
        party=PartySignal.REFUSING,
        response=error.response,
        contact_gone=error.contact_gone,
    )


def _set_aside(
    ground: Ground, kind: DeadKind, outcome: str, why: str, fingerprint: str
) -> Settlement:
    """Make a dead letter: a hand-over stops its cursor, a later event does not."""
    party = PartySignal.NONE if kind is DeadKind.REFUSED else PartySignal.FAILING
    if not ground.is_submit:
        return Settlement(
            outcome,
            forward_to=None if ground.is_late else ground.plan.to_seq,
            dead=kind,
            party=party,
            why=why,
            fingerprint=fingerprint,
        )
    held = kind is DeadKind.HELD
    return Settlement(
        outcome,
        state=CursorState.HELD if held else CursorState.PARKED,
        dead=kind,
        hand_over="hand_over_held" if held else "hand_over_failed",
        step=Step.CALL,
        party=party,
        why=why,
        fingerprint=fingerprint,
    )


def age_without_stops(
    now: datetime, failing_since: datetime | None, stopped_seconds: float
) -> float:
    """Compute the age of a failure in seconds, without pauses and open breakers."""
    if failing_since is None:
        return 0.0
    return max(0.0, (now - failing_since).total_seconds() - stopped_seconds)
