"""Asking for updates: our open cases by id, or the feed by windows of time."""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from connectors.contract import OpenCase, Page, PollAsk
from connectors.errors import Refused
from connectors.protocols.http.answer import HttpAnswer
from connectors.protocols.open311.dates import write_date
from connectors.protocols.open311.records import RequestUpdate, ServiceRequest
from connectors.systems.open311.calls import (
    Calls,
    is_unknown_case,
    read_tree,
    reading,
    require,
)
from connectors.systems.open311.checkpoint import (
    CasesCheckpoint,
    FeedCheckpoint,
    dump,
    load,
    whole,
)
from connectors.systems.open311.form import credentials
from connectors.systems.open311.reading import (
    CASES,
    FEED,
    KIND,
    NOTICED,
    Reader,
    stamp,
)
from connectors.systems.open311.settings import Open311Settings
from schemas.raw import RawMessage

FIRST_WINDOW = timedelta(days=1)
"""How far back the very first window of a feed begins."""
PAGE_SIZES = frozenset({20, 25, 30, 50, 100, 200, 250, 500, 1000})
"""Where servers cut a page: so many updates may be all, or the first of more."""
TOO_MANY = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.REQUEST_URI_TOO_LONG,
    }
)
"""What a server may answer to more ids than it takes."""
_SECOND = timedelta(seconds=1)
_CONTENT_TYPE_CHARACTERS_MAX = 300


class CasePoller:
    """Goes through the open cases, some at a time, round after round."""

    def __init__(
        self, name: str, settings: Open311Settings, calls: Calls, reader: Reader
    ) -> None:
        self._name = name
        self._settings = settings
        self._calls = calls
        self._reader = reader

    def page(self, ask: PollAsk) -> Page:
        """Ask how the next cases stand.

        Where an answer leaves cases out, or fails as a whole, fewer are asked for, down
        to one: a page that is cut, or an id that the server stumbles over, must not
        hide the others.
        """
        at = load(ask.checkpoint, CasesCheckpoint, CASES) or CasesCheckpoint()
        size = min(at.size or self._settings.batch, self._settings.batch)
        cases = list(ask.cases(at.after, size))
        if not cases:
            return Page(raws=(), checkpoint=dump(_next_round(at)))
        began, ends_at = time.monotonic(), self._calls.ends_at()
        asked = ask_for(self._calls, self._settings, cases, ends_at)
        skew = skew_seconds(asked, ask.now, time.monotonic() - began)
        found = self._found(asked, cases, ends_at)
        missing = len(cases) - len({case.id for case in found})
        if missing and len(cases) > 1:
            smaller = at.model_copy(update={"size": max(1, len(cases) // 2)})
            return Page(raws=(), checkpoint=dump(smaller), more=True, skew_seconds=skew)
        noticed, gathered = _notice(at, found, ask.now)
        last = len(cases) < size
        after = at.model_copy(
            update={
                "after": cases[-1].position,
                "size": min(size * 2, self._settings.batch),
                "gathered": {**at.gathered, **gathered},
            }
        )
        raws = (_raw(self._name, CASES, asked, noticed),) if found else ()
        return Page(
            raws=raws,
            checkpoint=dump(_next_round(after) if last else after),
            more=not last,
            skew_seconds=skew,
        )

    def _found(
        self, answer: HttpAnswer, cases: Sequence[OpenCase], ends_at: float
    ) -> list[ServiceRequest]:
        """Read those cases of ours that the answer tells of.

        Raises Retryable where the server fails, and not for one of the ids; Refused
        where it does not mind which ids it is asked for.
        """
        if answer.status != HTTPStatus.OK:
            if len(cases) == 1:
                require_known(self._calls, self._settings, answer, ends_at)
            elif answer.status not in TOO_MANY and not may_be_an_id(answer):
                reading(lambda: require(answer, "GET", "cases"))
            return []
        tree = reading(lambda: read_tree(answer, "GET", "cases"))
        told = self._reader.cases(tree)
        ours = {case.reference for case in cases}
        found = [case for case in told if case.id in ours]
        if len(cases) == 1 and not found and len(told) > 1:
            why = "it answers other cases than the one that it is asked for by id"
            raise Refused(why, fingerprint="open311 ids ignored")
        return found


class FeedPoller:
    """Reads GET servicerequestupdates in windows that overlap by a margin."""

    def __init__(
        self, name: str, settings: Open311Settings, calls: Calls, reader: Reader
    ) -> None:
        self._name = name
        self._settings = settings
        self._calls = calls
        self._reader = reader
        self._margin = timedelta(seconds=settings.margin_seconds)
        self._longest = timedelta(hours=settings.window_hours)

    def page(self, ask: PollAsk) -> Page:
        """Ask for one window.

        A window whose answer may have been cut is asked for again by halves, so that
        no order of the answer, and no cap, hides an update.
        """
        at = load(ask.checkpoint, FeedCheckpoint, FEED) or _first(ask.now)
        window = self._window(at, whole(ask.now))
        pairs = [
            *credentials(self._settings),
            ("start_date", write_date(window.start)),
            ("end_date", write_date(window.until)),
        ]
        began = time.monotonic()
        answer = self._calls.get("updates", "servicerequestupdates", pairs)
        skew = skew_seconds(answer, ask.now, time.monotonic() - began)
        reading(lambda: require(answer, "GET", "updates"))
        tree = reading(lambda: read_tree(answer, "GET", "updates"))
        updates = self._reader.updates(tree)
        if window.is_cut(updates):
            halves = dump(window.halved())
            return Page(raws=(), checkpoint=halves, more=True, skew_seconds=skew)
        then = window.passed(at)
        raws = (_raw(self._name, FEED, answer, {}),) if updates else ()
        more = then.goal is not None or then.start < whole(ask.now)
        return Page(raws=raws, checkpoint=dump(then), more=more, skew_seconds=skew)

    def _window(self, at: FeedCheckpoint, now: datetime) -> "_Window":
        """Choose what to ask: the margin is read anew, parts of a window are not."""
        if at.goal is not None and at.until is not None:
            return _Window(at.start, at.until, at.goal)
        start = whole(at.start) - self._margin
        goal = max(min(whole(at.start) + self._longest, now), start + _SECOND)
        return _Window(start, goal, goal)


@dataclass(frozen=True, slots=True)
class _Window:
    """One call of the feed, and the end of the whole that it is a part of."""

    start: datetime
    until: datetime
    goal: datetime

    def is_cut(self, updates: Sequence[RequestUpdate]) -> bool:
        """Tell whether the answer may be the first page of more."""
        if len(updates) not in PAGE_SIZES or self.until - self.start <= _SECOND:
            return False
        times = [one.updated_at for one in updates if one.updated_at is not None]
        # A server that minds no window would be asked by halves for ever.
        return bool(times) and self.start <= min(times) and max(times) <= self.until

    def halved(self) -> FeedCheckpoint:
        """Ask for the first half next."""
        half = max(
            whole(self.start + (self.until - self.start) / 2), self.start + _SECOND
        )
        return FeedCheckpoint(start=self.start, until=half, goal=self.goal)

    def passed(self, at: FeedCheckpoint) -> FeedCheckpoint:
        """Go on behind it: with the next part, twice as long, or with a new window."""
        if self.until >= self.goal:
            return FeedCheckpoint(start=max(self.until, at.start))
        longer = self.until + 2 * (self.until - self.start)
        until = min(longer, self.goal)
        return FeedCheckpoint(start=self.until, until=until, goal=self.goal)


def _first(now: datetime) -> FeedCheckpoint:
    return FeedCheckpoint(start=whole(now - FIRST_WINDOW))


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


def _next_round(at: CasesCheckpoint) -> CasesCheckpoint:
    """Begin anew; cases that are no longer open are forgotten."""
    return CasesCheckpoint(seen=at.gathered)


def _notice(
    at: CasesCheckpoint, found: Sequence[ServiceRequest], now: datetime
) -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    """Note since when cases without a time of their own have stood as they do."""
    noticed: dict[str, str] = {}
    gathered: dict[str, tuple[str, str]] = {}
    for case in found:
        if case.updated_at is not None:
            continue
        name = _digest(case.id)[:16]
        stands = _digest(f"{case.status}\x1f{case.status_code}\x1f{case.notes}")[:16]
        before = at.gathered.get(name) or at.seen.get(name) or ("", "")
        since = before[1] if before[0] == stands else stamp(now)
        noticed[case.id] = since
        gathered[name] = (stands, since)
    return noticed, gathered


def _raw(
    name: str, kind: str, answer: HttpAnswer, noticed: dict[str, str]
) -> RawMessage:
    meta = {KIND: kind}
    if noticed:
        meta[NOTICED] = json.dumps(noticed, sort_keys=True)
    # The same page again is the same message: it says nothing new.
    content = hashlib.sha256(answer.body + meta.get(NOTICED, "").encode()).hexdigest()
    declared = answer.headers.get("content-type", "")[:_CONTENT_TYPE_CHARACTERS_MAX]
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


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
