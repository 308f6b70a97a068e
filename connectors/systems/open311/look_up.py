"""Looking for a hand-over whose answer was lost, among the cases of its days."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.contract import CannotTell, Delivery, Found, NotFound
from connectors.protocols.open311.dates import write_date
from connectors.protocols.open311.records import ServiceRequest, as_text
from connectors.systems.open311.calls import Calls, read_tree, require
from connectors.systems.open311.feed_polling import PAGE_SIZES
from connectors.systems.open311.form import credentials
from connectors.systems.open311.keys import MARK, as_digits
from connectors.systems.open311.reading import Reader
from connectors.systems.open311.settings import Open311Settings

PAGES_MAX = 50
LookUp = Found | NotFound | CannotTell


class WindowLookUp:
    """Reads GET requests of a window to its end, and looks for our key in each."""

    def __init__(self, settings: Open311Settings, calls: Calls, reader: Reader) -> None:
        self._settings = settings
        self._calls = calls
        self._reader = reader

    def __call__(self, delivery: Delivery, now: datetime, ends_at: float) -> LookUp:
        """Find the one case with our key.

        It is not there only where every page was seen, and where the server repeats
        what carries the key. Raises the errors of `connectors.errors`.
        """
        digits = as_digits(delivery.key)
        seen: dict[str, ServiceRequest] = {}
        for page in range(1, PAGES_MAX + 1):
            cases = self._page(delivery, now, page, ends_at)
            new = {case.id: case for case in cases if case.id not in seen}
            if not new:
                # Also where the server repeats its last page, or knows no pages.
                return self._judge(seen, digits, whole=not cases or page > 2)  # noqa: PLR2004 - pages are known
            seen |= new
            if len(cases) not in PAGE_SIZES and page == 1:
                return self._judge(seen, digits, whole=True)
        return CannotTell(why=f"the look-up has more than {PAGES_MAX} pages")

    def _page(
        self, delivery: Delivery, now: datetime, page: int, ends_at: float
    ) -> list[ServiceRequest]:
        margin = timedelta(days=self._settings.find_days)
        told = [event.occurred_at for event in delivery.events]
        pairs = [
            *credentials(self._settings, key=False),
            ("start_date", write_date(min(told, default=now) - margin)),
            ("end_date", write_date(now.astimezone(UTC) + margin)),
        ]
        if page > 1:
            pairs.append(("page", str(page)))
        answer = self._calls.get("find submit", "requests", pairs, ends_at)
        require(answer, "GET", "find submit")
        return self._reader.cases(read_tree(answer, "GET", "find submit"))

    def _judge(
        self, seen: Mapping[str, ServiceRequest], digits: str, *, whole: bool
    ) -> LookUp:
        name = self._settings.key_attribute
        found = {case.id for case in seen.values() if _carries(case, name, digits)}
        found -= {""}
        if len(found) == 1:
            return Found(reference=found.pop())
        if found:
            return CannotTell(why="the look-up names several cases with our key")
        if not whole:
            return CannotTell(why="the look-up may have been cut to one page")
        silent = [case for case in seen.values() if not _tells(case, name)]
        if silent:
            return CannotTell(why="the look-up repeats neither our key nor our words")
        return NotFound()


def _carries(case: ServiceRequest, name: str, digits: str) -> bool:
    if name and digits in _values(case.fields, name):
        return True
    return re.search(rf"{MARK}: {digits}\b", case.description) is not None


def _tells(case: ServiceRequest, name: str) -> bool:
    return bool(case.description or (name and _values(case.fields, name)))


def _values(fields: Mapping[str, Any], name: str) -> set[str]:
    """Read an attribute where servers repeat it: at the top, or among attributes."""
    values = {as_text(fields.get(name))}
    for inner in ("attributes", "extended_attributes", "extras"):
        below = fields.get(inner)
        if isinstance(below, Mapping):
            values.add(as_text(below.get(name)))
    return values - {""}
