"""Spans of time and instants, as they are typed."""

import re
from datetime import datetime, timedelta
from typing import Any

import click

HOURS = {"h": 1, "d": 24, "w": 168}
SPAN = re.compile(r"(\d+(?:\.\d+)?)([hdw])")


class Span(click.ParamType[float]):
    """A span of time such as `7d`, `12h` or `2w`, as days."""

    name = "span"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read it; a number is days already."""
        if isinstance(value, float):
            return value
        found = SPAN.fullmatch(str(value))
        if found is None:
            self.fail(f"{value!r} is no span; examples: 12h, 7d, 2w", param, ctx)
        return float(found[1]) * HOURS[found[2]] / 24


class When(click.ParamType[timedelta | datetime]):
    """How long ago, such as `2d`, or an instant such as `2026-11-24T08:00`.

    An instant without a zone is in the local one.
    """

    name = "when"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta | datetime:
        """Read it."""
        if isinstance(value, timedelta | datetime):
            return value
        found = SPAN.fullmatch(str(value))
        if found is not None:
            return timedelta(hours=float(found[1]) * HOURS[found[2]])
        try:
            return datetime.fromisoformat(str(value)).astimezone()
        except ValueError:
            self.fail(
                f"{value!r} is no time; examples: 12h, 2d, 2026-11-24T08:00", param, ctx
            )


def instant(when: timedelta | datetime | None, now: datetime) -> datetime | None:
    """Name the instant that is meant; None: none was given."""
    return now - when if isinstance(when, timedelta) else when
