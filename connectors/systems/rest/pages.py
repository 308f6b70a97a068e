"""Gets one page of a list: by number, offset, cursor or link."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin

from connectors.errors import OutcomeUnknown
from connectors.systems.rest.answers import AlreadyThere, Answered
from connectors.systems.rest.body import plain_body
from connectors.systems.rest.caller import Caller
from connectors.systems.rest.calls import Call
from connectors.systems.rest.coming_in import Paging
from connectors.systems.rest.templates import as_text

_NEXT = re.compile(r'<([^<]*?)>\s*;(?:[^<,]*;)?\s*rel="?next"?')
"""Its address may have a `>` that nobody escaped, as of a filter `at>=…`."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page is among the pages of one round."""

    number: int = 0
    """Pages before it."""
    offset: int = 0
    """Items before it."""
    cursor: str = ""
    """Cursor or address that the page before it gave."""
    previous: str = ""
    """Hash of the page before it: some servers repeat their last page for ever."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """One page as it came."""

    answered: Answered
    digest: str
    repeated: bool

    @property
    def body(self) -> bytes:
        """The answer as it came."""
        return self.answered.answer.body


def fetch(
    caller: Caller,
    step: str,
    call: Call,
    paging: Paging,
    scope: Mapping[str, Any],
    at: Position,
    seconds: float,
) -> Fetched:
    """Get a page.

    Raises the errors of `connectors.errors`; OutcomeUnknown for one that cannot be
    read, with what came as evidence.
    """
    if paging.kind == "link" and at.cursor:
        answer = caller.follow(step, at.cursor, call, seconds)
    else:
        body = plain_body(call, scope)
        answer = caller.send(step, call, scope, body, seconds)
    try:
        answered = caller.judged(step, call, answer)
    except AlreadyThere as error:
        why = f"answered {answer.status}, which is no page"
        fingerprint = f"http {answer.status} {call.method} {step}"
        raise OutcomeUnknown(
            why, fingerprint=fingerprint, response=answer.body
        ) from error
    if not answered.readable or answered.tree is None:
        raise unreadable(answered, call, step, "with a page that cannot be read")
    digest = hashlib.sha256(answer.body).hexdigest()
    return Fetched(answered, digest, repeated=digest == at.previous)


def unreadable(answered: Answered, call: Call, step: str, how: str) -> OutcomeUnknown:
    """Say that a page cannot be used; its bytes are the evidence."""
    status = answered.answer.status
    return OutcomeUnknown(
        f"answered {status} {how}",
        fingerprint=f"http {status} unreadable page {call.method} {step}",
        response=answered.answer.body,
    )


def names_of(paging: Paging, at: Position) -> dict[str, Any]:
    """Return what a page's call may speak of."""
    return {
        "page": paging.first + at.number,
        "offset": at.offset,
        "cursor": at.cursor,
    }


def after(
    paging: Paging, at: Position, fetched: Fetched, items: int, base: str
) -> Position | None:
    """Return where the next page is; None where there is none.

    Pages end where one is empty or repeated, never where one is short: a server may
    give fewer than it was asked for.
    """
    if paging.kind == "none" or fetched.repeated:
        return None
    cursor = ""
    if paging.kind == "cursor" and paging.next is not None:
        answer = fetched.answered.answer
        cursor = as_text(paging.next.take(fetched.answered.tree, answer.headers))
    elif paging.kind == "link":
        cursor = _linked(paging, fetched, base)
    elif items == 0:
        return None
    if paging.kind in {"cursor", "link"} and cursor in {"", at.cursor}:
        return None
    return Position(at.number + 1, at.offset + items, cursor, fetched.digest)


def _linked(paging: Paging, fetched: Fetched, base: str) -> str:
    answer = fetched.answered.answer
    if paging.next is not None:
        address = as_text(paging.next.take(fetched.answered.tree, answer.headers))
    else:
        found = _NEXT.search(answer.headers.get("link", "")[:4000])
        address = found[1] if found else ""
    return urljoin(f"{base}/", address) if address else ""


def skew_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """Tell how far the server's clock is ahead of ours by its Date; None if unsaid."""
    try:
        theirs = parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, OverflowError):
        return None
    if theirs.tzinfo is None:
        return None
    return (theirs - now).total_seconds()
