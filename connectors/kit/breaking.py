"""Rows: the way to the agency breaks, and the hub understands how."""

from collections.abc import Callable
from dataclasses import dataclass

from connectors.errors import (
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Retryable,
)
from connectors.kit.bench import Bench, Tried
from connectors.kit.proxy import RETRY_AFTER_SECONDS, Break
from connectors.kit.row import Outcome, judged, unsupported, untried
from connectors.kit.sample import SAMPLE, hand_over

NO_WAY = "the system is not HTTP: there is no call that could be broken on its way"
BY_MAIL = "the system is not HTTP but mail: see the rows relay_* and sent_again"
FIRST_WORKS = "no complaint could be handed over before: mend the row `create` first"
OVERTIME = 2.0
"""A call has ended after so many deadlines, or it has none."""


@dataclass(frozen=True)
class Broken:
    """What must come of a call that is broken in one way; None: it works."""

    fault: Break
    expected: type[ConnectorError] | None
    after_seconds: float | None = None

    def __call__(self, bench: Bench) -> Outcome:
        """Break one call and judge what the system makes of it."""
        if bench.proxy is None:
            return unsupported(BY_MAIL if bench.mail is not None else NO_WAY)
        if "reference" not in bench.notes:
            return untried(FIRST_WORKS)
        tried = _broken(bench, self.fault)
        named = self.expected.__name__ if self.expected else "Done"
        said = f"expected {named}"
        good = self._fits(tried)
        if tried.seconds > bench.hurried_seconds * OVERTIME:
            good, said = False, f"took {tried.seconds:.1f} s: the deadline is not total"
        return judged(good, said, tried)

    def _fits(self, tried: Tried) -> bool:
        if self.expected is None:
            return bool(tried.reference)
        if not isinstance(tried.error, self.expected):
            return False
        told = getattr(tried.error, "after_seconds", None)
        return self.after_seconds is None or told == self.after_seconds


def _broken(bench: Bench, fault: Break) -> Tried:
    assert bench.proxy is not None  # noqa: S101 - asked by every caller
    bench.proxy.next_call(fault, writes_before=_steps_before(bench))
    try:
        return bench.submit(hand_over(bench.manifest, SAMPLE), hurried=True)
    finally:
        bench.proxy.next_call(None)


def recovers(bench: Bench) -> Outcome:
    """After a lost answer the case is there once, and the hub gets to know it."""
    able = bench.system.capabilities
    if bench.proxy is None:
        return unsupported(BY_MAIL if bench.mail is not None else NO_WAY)
    if not (able.honours_key or able.finds):
        return unsupported("neither our key nor a look-up: an operator has to decide")
    if "reference" not in bench.notes:
        return untried(FIRST_WORKS)
    delivery = hand_over(bench.manifest, SAMPLE)
    before = _count(bench)
    bench.proxy.next_call(Break.ANSWER_LOST, writes_before=_steps_before(bench))
    lost = bench.submit(delivery, hurried=True)
    bench.proxy.next_call(None)
    again = bench.find(delivery) if able.finds else bench.submit(delivery)
    known = bool(again.reference)
    after = _count(bench)
    once = before is None or after == before + 1
    good = isinstance(lost.error, OutcomeUnknown) and known and once
    said = "" if before is None else f"cases before {before}, after {after}"
    return judged(good, said, lost, again)


def _steps_before(bench: Bench) -> int:
    """Say how many calls prepare the one that files.

    A lost one of them may be made again, since there is no case yet.
    """
    return max(0, int(bench.notes.get("writes", 1)) - 1)


def _count(bench: Bench) -> int | None:
    if bench.officer is None:
        return None
    return bench.officer.count(bench.notes["reference"])


BREAKS: dict[str, Callable[[Bench], Outcome]] = {
    "lost_answer": Broken(Break.ANSWER_LOST, OutcomeUnknown),
    "reset": Broken(Break.RESET, OutcomeUnknown),
    "slow": Broken(Break.SLOW, None),
    "drip": Broken(Break.DRIP, OutcomeUnknown),
    "throttled": Broken(Break.THROTTLED, Retryable, RETRY_AFTER_SECONDS),
    "unavailable": Broken(Break.UNAVAILABLE, Retryable, RETRY_AFTER_SECONDS),
    "server_error": Broken(Break.SERVER_ERROR, OutcomeUnknown),
    "too_large": Broken(Break.TOO_LARGE, Refused),
    "bad_json": Broken(Break.BAD_JSON, OutcomeUnknown),
    "login_page": Broken(Break.LOGIN_PAGE, OutcomeUnknown),
    "expired": Broken(Break.EXPIRED, Misconfigured),
}
"""Row -> how a call is broken, and what the hub has to hear of it."""
