"""What the status of an answer means for a call that was to change something."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from typing import Any, assert_never

from connectors.errors import (
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Retryable,
)
from connectors.protocols.http.answer import HttpAnswer

RETRY_AFTER_SECONDS_MAX = 24 * 3600.0


class Verdict(Enum):
    """What the hub is told."""

    OK = auto()
    RETRY = auto()
    """Nothing was done; the server asks to come again later."""
    UNKNOWN = auto()
    """It may have been done."""
    REFUSED = auto()
    """It will never pass as it is."""
    MISCONFIGURED = auto()
    """The way to the server is wrong."""


BY_STATUS: Mapping[int, Verdict] = {
    401: Verdict.MISCONFIGURED,
    403: Verdict.MISCONFIGURED,
    407: Verdict.MISCONFIGURED,
    408: Verdict.UNKNOWN,
    429: Verdict.RETRY,
    503: Verdict.RETRY,
}
"""Single statuses; all others go by their hundred."""

BY_HUNDRED: Mapping[int, Verdict] = {
    2: Verdict.OK,
    # Redirects are not followed: a moved address is for a person to look at.
    3: Verdict.REFUSED,
    4: Verdict.REFUSED,
    5: Verdict.UNKNOWN,
}
"""First digit of the status -> verdict; anything else is unknown."""


def verdict(status: int) -> Verdict:
    """Look a status up."""
    by_hundred = BY_HUNDRED.get(status // 100, Verdict.UNKNOWN)
    return BY_STATUS.get(status, by_hundred)


def require_success(
    answer: HttpAnswer, *, method: str, step: str, now: datetime
) -> None:
    """Return for 2xx.

    Raises Retryable, OutcomeUnknown, Refused or Misconfigured for anything else.
    """
    why = f"answered {answer.status}"
    evidence: dict[str, Any] = {
        "fingerprint": f"http {answer.status} {method} {step}",
        "response": answer.body,
    }
    match verdict(answer.status):
        case Verdict.OK:
            return
        case Verdict.RETRY:
            after = retry_after_seconds(answer.headers, now)
            raise Retryable(why, after_seconds=after, throttled=True, **evidence)
        case Verdict.UNKNOWN:
            raise OutcomeUnknown(why, **evidence)
        case Verdict.REFUSED:
            raise Refused(why, **evidence)
        case Verdict.MISCONFIGURED:
            raise Misconfigured(why, **evidence)
        case other:
            assert_never(other)


def read_json(answer: HttpAnswer, *, method: str, step: str) -> Any:
    """Parse the body of a success; raises OutcomeUnknown when it is not JSON."""
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        why = f"answered {answer.status} with a body that is not JSON"
        fingerprint = f"http {answer.status} not json {method} {step}"
        raise OutcomeUnknown(
            why, fingerprint=fingerprint, response=answer.body
        ) from error


def retry_after_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """Read Retry-After (seconds or an HTTP date), at most 24 h; None if unreadable.

    A date is counted from the server's own Date where it states one, so that its
    clock may be wrong.
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        # A number of ten digits is as good as for ever.
        return min(float(value[:10]), RETRY_AFTER_SECONDS_MAX)
    until = _http_date(value)
    if until is None:
        return None
    wait = (until - (_http_date(headers.get("date", "")) or now)).total_seconds()
    return min(max(wait, 0.0), RETRY_AFTER_SECONDS_MAX)


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
