"""Asking for updates by time: the feed of a server, in windows that overlap."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.contract import Page, PollAsk
from connectors.protocols.open311.dates import write_date
from connectors.protocols.open311.records import RequestUpdate
from connectors.systems.open311.asking import page_message, skew_seconds
from connectors.systems.open311.calls import Calls, read_tree, reading, require
from connectors.systems.open311.checkpoint import FeedCheckpoint, dump, load, whole
from connectors.systems.open311.form import credentials
from connectors.systems.open311.reading import FEED, Reader
from connectors.systems.open311.settings import Open311Settings

FIRST_WINDOW = timedelta(days=1)
"""How far back the very first window of a feed begins."""
PAGE_SIZES = frozenset({20, 25, 30, 50, 100, 200, 250, 500, 1000})
"""Where servers cut a page: so many updates may be all, or the first of more."""
_SECOND = timedelta(seconds=1)


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
        raws = (page_message(self._name, FEED, answer, {}),) if updates else ()
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
