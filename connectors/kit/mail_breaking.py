"""Rows: the way of a mail breaks, and the hub understands how."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from connectors.errors import (
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Retryable,
)
from connectors.kit.bench import Bench, Tried
from connectors.kit.breaking import FIRST_WORKS, OVERTIME
from connectors.kit.mail_programs import read
from connectors.kit.mail_proxy import MailBreak
from connectors.kit.row import Outcome, judged, untried
from connectors.kit.sample import SAMPLE, hand_over

TLS = "the relay speaks TLS: there is nothing that could be broken on its way"


@dataclass(frozen=True)
class BrokenMail:
    """What must come of a mail whose way is broken; None: it works."""

    fault: MailBreak
    expected: type[ConnectorError] | None

    def __call__(self, bench: Bench) -> Outcome:
        """Break one mail and judge what the system makes of it."""
        if bench.mail is None or bench.mail.proxy is None:
            return untried(TLS)
        if "reference" not in bench.notes:
            return untried(FIRST_WORKS)
        tried = _broken(bench, self.fault)
        if tried.seconds > bench.hurried_seconds * OVERTIME:
            said = f"took {tried.seconds:.1f} s: the deadline is not total"
            return judged(False, said, tried)  # noqa: FBT003
        if self.expected is None:
            return judged(bool(tried.reference), "expected Done", tried)
        said = f"expected {self.expected.__name__}"
        return judged(isinstance(tried.error, self.expected), said, tried)


def _broken(bench: Bench, fault: MailBreak, key: str = "") -> Tried:
    assert bench.mail is not None  # noqa: S101 - asked by every caller
    assert bench.mail.proxy is not None  # noqa: S101
    bench.mail.proxy.next_mail(fault)
    try:
        return bench.submit(hand_over(bench.manifest, SAMPLE, key=key), hurried=True)
    finally:
        bench.mail.proxy.next_mail(None)


def sent_again(bench: Bench) -> Outcome:
    """After a lost answer the mail goes once more, and programs know it by its id."""
    if bench.mail is None or bench.mail.proxy is None:
        return untried(TLS)
    if "reference" not in bench.notes:
        return untried(FIRST_WORKS)
    if not bench.system.capabilities.resends_once:
        return judged(False, "resends_once is not declared")  # noqa: FBT003
    before = len(bench.mail.proxy.passed)
    lost = _broken(bench, MailBreak.LOST, key="bench-again")
    again = bench.submit(hand_over(bench.manifest, SAMPLE, key="bench-again"))
    other = bench.submit(hand_over(bench.manifest, SAMPLE))
    passed = bench.mail.proxy.passed[before:]
    ids = [str(read(one.content).mail["Message-ID"]) for one in passed]
    good = len(ids) == 3 and ids[0] == ids[1] != ids[2]  # noqa: PLR2004 - as above
    said = f"the relay was given {len(ids)} mails with {len(set(ids))} Message-IDs"
    return judged(good, said, lost, again, other)


MAIL_BREAKS: Mapping[str, Callable[[Bench], Outcome]] = {
    "relay_lost": BrokenMail(MailBreak.LOST, OutcomeUnknown),
    "relay_reset": BrokenMail(MailBreak.RESET, OutcomeUnknown),
    "relay_slow": BrokenMail(MailBreak.SLOW, None),
    "relay_drip": BrokenMail(MailBreak.DRIP, OutcomeUnknown),
    "relay_busy": BrokenMail(MailBreak.BUSY, Retryable),
    "relay_nobody": BrokenMail(MailBreak.NOBODY, Refused),
    "relay_too_large": BrokenMail(MailBreak.TOO_LARGE, Refused),
    "relay_login": BrokenMail(MailBreak.LOGIN, Misconfigured),
}
"""Row -> how a mail is broken, and what the hub has to hear of it."""
