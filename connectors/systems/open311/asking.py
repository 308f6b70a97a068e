"""What asking has in common: calls, whose fault an error is, pages as messages."""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from connectors.contract import OpenCase
from connectors.protocols.http.answer import HttpAnswer
from connectors.systems.open311.calls import (
    Calls,
    is_unknown_case,
    reading,
    require,
)
from connectors.systems.open311.form import credentials
from connectors.systems.open311.reading import KIND, NOTICED
from connectors.systems.open311.settings import Open311Settings
from schemas.raw import RawMessage

CONTENT_TYPE_CHARACTERS_MAX = 300


def ask_for(
    calls: Calls,
    settings: Open311Settings,
    cases: Sequence[OpenCase],
    ends_at: float,
) -> HttpAnswer:
    """Ask how these cases stand."""
    ids = ",".join(case.reference for case in cases)
    pairs = [*credentials(settings, key=False), ("service_request_id", ids)]
    return reading(lambda: calls.get("cases", "requests", pairs, ends_at))


def require_known(
    calls: Calls, settings: Open311Settings, answer: HttpAnswer, ends_at: float
) -> None:
    """Return where an error concerns the one id that was asked for.

    A bare 500 is told from an outage, and a 404 from a wrong jurisdiction, by asking
    for something that is always there. Raises the errors of `connectors.errors` else.
    """
    if not may_be_an_id(answer):
        reading(lambda: require(answer, "GET", "cases"))
    pairs = credentials(settings, key=False)
    health = reading(lambda: calls.get("services", "services", pairs, ends_at))
    reading(lambda: require(health, "GET", "services"))


def may_be_an_id(answer: HttpAnswer) -> bool:
    """Tell whether an unknown id may be all that is wrong."""
    return answer.status == HTTPStatus.INTERNAL_SERVER_ERROR or is_unknown_case(answer)


def skew_seconds(answer: HttpAnswer, now: datetime, took: float) -> float | None:
    """Measure the server's clock against ours, to about a second."""
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", ""))
    except (ValueError, OverflowError):
        return None
    theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
    return (theirs - now).total_seconds() - took / 2


def page_message(
    name: str, kind: str, answer: HttpAnswer, noticed: dict[str, str]
) -> RawMessage:
    """Make a message of a page as it came; the same page is the same message."""
    meta = {KIND: kind}
    if noticed:
        meta[NOTICED] = json.dumps(noticed, sort_keys=True)
    content = hashlib.sha256(answer.body + meta.get(NOTICED, "").encode()).hexdigest()
    declared = answer.headers.get("content-type", "")[:CONTENT_TYPE_CHARACTERS_MAX]
    return RawMessage(
        source=f"agency:{name}",
        lane=f"updates.{name}",
        source_key=f"{kind}:{content[:40]}",
        body=answer.body,
        content_type=declared or "application/octet-stream",
        meta=meta,
        spoolable=False,
        expects_complaint=False,
    )
