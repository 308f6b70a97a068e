"""No cap, no order and no gap between polls hides an update of the feed."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import PollAsk
from connectors.protocols.http.answer import HttpAnswer
from connectors.protocols.open311.dates import read_date, write_date
from connectors.systems.open311.calls import Calls
from connectors.systems.open311.feed_polling import PAGE_SIZES, FeedPoller
from connectors.systems.open311.reading import Reader
from connectors.systems.open311.settings import Open311Settings
from tests.unit.connectors.open311.builders import SETTINGS, journal_entry, manifest

BEGAN = datetime(2026, 11, 20, tzinfo=UTC)
ROUNDS_MAX = 2000


class Feed:
    """Stands in for the calls to a server that cuts its pages."""

    def __init__(self, moments: list[int], cap: int, *, newest_first: bool) -> None:
        self._rows = [
            (BEGAN + timedelta(seconds=at), f"u-{n}") for n, at in enumerate(moments, 1)
        ]
        self._rows.sort(reverse=newest_first)
        self._cap = cap
        self.asked = 0

    def get(
        self, step: str, place: str, pairs: list[tuple[str, str]], ends_at: Any = None
    ) -> HttpAnswer:
        self.asked += 1
        query = dict(pairs)
        start, end = (read_date(query[n], UTC) for n in ("start_date", "end_date"))
        assert start is not None
        assert end is not None
        rows = [
            {
                "update_id": name,
                "service_request_id": "A-1",
                "status": "open",
                "updated_datetime": write_date(at),
            }
            for at, name in self._rows
            if start <= at <= end
        ]
        return HttpAnswer(200, {}, json.dumps(rows[: self._cap]).encode())


def read_all(feed: Feed, nows: list[datetime]) -> tuple[set[str], int]:
    """Poll at these instants, each time until there is no more."""
    settings = Open311Settings(**{**SETTINGS, "updates": "feed"})
    reader = Reader(manifest(), "feed")
    poller = FeedPoller("perumda_contoh", settings, cast("Calls", feed), reader)
    found: set[str] = set()
    checkpoint: bytes | None = None
    for now in nows:
        for _ in range(ROUNDS_MAX):
            page = poller.page(PollAsk(checkpoint, now, lambda _, __: ()))
            checkpoint = page.checkpoint
            for raw in page.raws:
                found |= {
                    getattr(one, "event_id", "")
                    for one in reader.read(journal_entry(raw))
                }
            if not page.more:
                break
        else:
            msg = "the poll does not come to an end"
            raise AssertionError(msg)
    return found, feed.asked


@given(
    moments=st.lists(st.integers(0, 3 * 86_400), max_size=150),
    burst=st.lists(st.integers(40_000, 40_060), max_size=80),
    cap=st.sampled_from(sorted(PAGE_SIZES)),
    newest_first=st.booleans(),
    pauses=st.lists(st.integers(1, 40), min_size=1, max_size=6),
)
def test_every_update_is_read_whatever_the_server_cuts(
    moments: list[int],
    burst: list[int],
    cap: int,
    pauses: list[int],
    *,
    newest_first: bool,
) -> None:
    together = Counter([*moments, *burst])
    # Two seconds share the end of a window, and neither may fill a page.
    kept = [at for at, times in together.items() for _ in range(min(times, cap // 3))]
    nows = [BEGAN + timedelta(hours=sum(pauses[:n])) for n in range(len(pauses))]
    nows.append(max(nows[-1], BEGAN) + timedelta(days=4))
    feed = Feed(kept, cap, newest_first=newest_first)

    found, _ = read_all(feed, nows)

    assert found == {f"u-{n}" for n in range(1, len(kept) + 1)}


def test_a_quiet_feed_is_asked_once_a_poll() -> None:
    feed = Feed([10, 20, 30], 50, newest_first=False)
    nows = [BEGAN + timedelta(minutes=5 * n) for n in range(1, 13)]

    found, asked = read_all(feed, nows)

    assert len(found) == 3
    # The very first window is a day and the margin: two calls.
    assert asked <= len(nows) + 1
