"""A party that does what the machine says, and forgets nothing."""

from collections import deque
from collections.abc import Callable
from enum import StrEnum

from connectors.contract import (
    CannotTell,
    Capabilities,
    Delivery,
    Done,
    Found,
    NotFound,
    Pending,
    Skipped,
)
from connectors.errors import Misconfigured, OutcomeUnknown, Refused, Retryable
from tests.contract.delivery_machine.ledger import Effect, Ledger

LATE_SECONDS = 1.5
"""How long after a time-out an effect may still come; less than it is waited for."""


class Crash(BaseException):
    """The process dies here; nothing of the hub may catch it."""


class Point(StrEnum):
    """Where the process may die."""

    AFTER_LEASE = "after the lease"
    AFTER_BEGIN = "after the call is committed"
    BEFORE_EFFECT = "in the call, before its effect"
    AFTER_EFFECT = "in the call, after its effect"
    BEFORE_SETTLE = "before the outcome is written"
    AFTER_SETTLE = "after the outcome is written"


class Fate:
    """Where the process dies next, if anywhere."""

    def __init__(self) -> None:
        self.point: Point | None = None

    def reach(self, point: Point) -> None:
        """Die here, once, if it was said."""
        if self.point is point:
            self.point = None
            raise Crash(point)


class Answer(StrEnum):
    """How one call ends."""

    DONE = "done"
    PENDING = "pending"
    SKIPPED = "skipped"
    RETRY = "503"
    THROTTLED = "429"
    REFUSED = "422"
    MISCONFIGURED = "401"
    LOST_REQUEST = "time-out, nothing was done"
    LOST_REPLY = "time-out after commit"
    LOST_REPLY_STALE = "time-out after commit, and the next look-up is stale"
    LATE_EFFECT = "time-out, and it is done a moment later"
    NO_REFERENCE = "done, without a reference"
    ODD = "an exception that nobody named, after commit"


COMMITS = frozenset(
    {
        Answer.DONE,
        Answer.LOST_REPLY,
        Answer.LOST_REPLY_STALE,
        Answer.LATE_EFFECT,
        Answer.NO_REFERENCE,
        Answer.ODD,
    }
)
"""Answers of a party that has the delivery."""
ALREADY_THERE = frozenset(
    {Answer.PENDING, Answer.SKIPPED, Answer.REFUSED, Answer.NO_REFERENCE}
)
"""Who honours keys does not say this of what it has."""
ERRORS: dict[Answer, Callable[[], Exception]] = {
    Answer.RETRY: lambda: Retryable("503"),
    Answer.THROTTLED: lambda: Retryable("429", after_seconds=20, throttled=True),
    Answer.REFUSED: lambda: Refused("422"),
    Answer.MISCONFIGURED: lambda: Misconfigured("401"),
    Answer.LOST_REQUEST: lambda: OutcomeUnknown("timed out"),
    Answer.LOST_REPLY: lambda: OutcomeUnknown("timed out"),
    Answer.LOST_REPLY_STALE: lambda: OutcomeUnknown("timed out"),
    Answer.LATE_EFFECT: lambda: OutcomeUnknown("timed out"),
    Answer.ODD: lambda: ZeroDivisionError("in the connector"),
}


class ScriptedParty:
    """A `contract.Target` whose answers are said beforehand; else all goes well."""

    capabilities = Capabilities()

    def __init__(self, can: Capabilities, ledger: Ledger, fate: Fate) -> None:
        self.capabilities = can
        self.answers: deque[Answer] = deque()
        self.meanwhile: Callable[[], None] | None = None
        """What happens elsewhere during the next call, after its effect."""
        self._ledger = ledger
        self._fate = fate

    def submit(self, delivery: Delivery) -> Done | Pending | Skipped:
        """Take a complaint."""
        return self._take(delivery)

    def send(self, delivery: Delivery) -> Done | Pending | Skipped:
        """Take later events."""
        return self._take(delivery)

    def find(self, delivery: Delivery) -> Found | NotFound | CannotTell:
        """Tell whether there is something under the key; stale as often as was said."""
        answer = self._next()
        self._ledger.asked(delivery)
        self._fate.reach(Point.BEFORE_EFFECT)
        self._others_act()
        self._fate.reach(Point.AFTER_EFFECT)
        if answer in ERRORS:
            raise _error(answer)
        if answer is not Answer.DONE:
            return CannotTell(why="a page of HTML")
        effect = self._ledger.look_up(delivery.key)
        return NotFound() if effect is None else Found(reference=effect.reference)

    def _take(self, delivery: Delivery) -> Done | Pending | Skipped:
        answer = self._next()
        self._ledger.called(delivery)
        self._fate.reach(Point.BEFORE_EFFECT)
        known = self._known(delivery)
        if known is not None and answer in ALREADY_THERE:
            answer = Answer.DONE
        if known is None and answer in COMMITS:
            known = self._commit(delivery, answer)
        self._others_act()
        self._fate.reach(Point.AFTER_EFFECT)
        if answer in ERRORS:
            raise _error(answer)
        return self._say(answer, delivery, known)

    def _say(
        self, answer: Answer, delivery: Delivery, known: Effect | None
    ) -> Done | Pending | Skipped:
        if answer is Answer.PENDING:
            return Pending(progress=self._token(delivery), poll_after_seconds=3)
        if answer is Answer.SKIPPED:
            return Skipped(why="not taken")
        named = known is not None and answer is not Answer.NO_REFERENCE
        return Done(reference=known.reference if known and named else "")

    def _token(self, delivery: Delivery) -> bytes:
        return f"{delivery.key}:{len(delivery.progress)}".encode()

    def _known(self, delivery: Delivery) -> Effect | None:
        if not self.capabilities.honours_key:
            return None
        return self._ledger.effect_of(delivery.key)

    def _commit(self, delivery: Delivery, answer: Answer) -> Effect:
        late = LATE_SECONDS if answer is Answer.LATE_EFFECT else 0.0
        stale = int(answer is Answer.LOST_REPLY_STALE)
        return self._ledger.record(delivery, late_seconds=late, stale_lookups=stale)

    def _next(self) -> Answer:
        return self.answers.popleft() if self.answers else Answer.DONE

    def _others_act(self) -> None:
        act, self.meanwhile = self.meanwhile, None
        if act is not None:
            act()


def _error(answer: Answer) -> Exception:
    return ERRORS[answer]()
