"""The deadlines of a deployment: its file, and the public calendar of Indonesia."""

from collections.abc import Mapping
from datetime import date
from functools import cache

from connectors import registry
from hub.domain.calendar import FIRST_YEAR, LAST_YEAR
from hub.domain.deadlines import Deadlines
from hub.settings import Settings
from schemas.deadlines import DeadlineTable

FILE = "deadlines.toml"
CATEGORIES = ("public", "government")
"""National holidays, and joint leave ("cuti bersama") of government offices."""


def load_deadlines(settings: Settings) -> Deadlines:
    """Load the limits and the calendar; raises registry.ConfigError."""
    table = DeadlineTable()
    folder = settings.agencies_dir
    if folder is not None and (folder / FILE).exists():
        table = registry.load_deadlines(folder / FILE)
    return Deadlines(table, public_holidays)


@cache
def public_holidays() -> Mapping[date, str]:
    """Name the days on which government offices of Indonesia are closed."""
    import holidays  # noqa: PLC0415 - many commands count no days

    found = holidays.country_holidays(
        "ID",
        years=range(FIRST_YEAR, LAST_YEAR + 1),
        categories=CATEGORIES,
        language="id",
    )
    return dict(found)
