"""`simpul deadlines`: the limits, the working days, and counting anew."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.output import answer_action, print_json, print_table, say
from hub.cli.session import common, opened
from hub.domain.calendar import FIRST_YEAR, LAST_YEAR

if TYPE_CHECKING:
    from hub.domain.deadlines import Clock, Deadlines

LIMITS = (
    "clock",
    "working_days",
    "agency",
    "report_type",
    "supervisory_grade",
    "valid_from",
    "from",
)
DAYS = ("day", "weekday", "working", "why")
AT_ONCE = 100
"""Complaints that are counted anew in one transaction."""


@click.group()
def deadlines() -> None:
    """Limits and working days: show, recompute."""


@deadlines.command()
@common
def limits(data_dir: Path | None, *, as_json: bool) -> None:
    """Show how many working days each clock has, and the ladder after that."""
    with opened(data_dir) as store:
        table, rows = store.deadlines.table, store.deadlines.limits.rows
    shown = [
        {**row.model_dump(mode="json"), "from": "deadlines.toml" if own else "default"}
        for own, row in rows
    ]
    ladder = table.ladder.model_dump()
    if as_json:
        print_json({"limits": shown, "ladder": ladder})
        return
    print_table(shown, LIMITS)
    say(
        f"A warning at {table.ladder.warning_percent} % of a limit; after its end an "
        f"escalation in {table.ladder.escalation_after} and a hand-over to the "
        f"overseer in {table.ladder.hand_over_after} working days."
    )
    say("The days that count: simpul deadlines calendar")


@deadlines.command()
@click.option(
    "--year",
    type=click.IntRange(FIRST_YEAR, LAST_YEAR),
    help="By default that of the database's clock.",
)
@click.option("--agency", default="", help="As it is for this agency's legs.")
@click.option("--region", default="", help="As it is in this region, by its code.")
@common
def calendar(
    year: int | None, agency: str, region: str, data_dir: Path | None, *, as_json: bool
) -> None:
    """Show the days of a year that differ from an ordinary week."""
    with opened(data_dir) as store:
        wanted = year or store.queries.now().year
        rules = store.deadlines
    found = rules.calendar(agency, region)
    rows = _special_days(rules, wanted, agency, region)
    if as_json:
        document = {
            "year": wanted,
            "version": found.version,
            "zone": found.zone.key,
            "day_ends": found.day_ends.isoformat("minutes"),
            "working_days": sum(map(found.is_working, _days_of(wanted))),
            "days": rows,
        }
        print_json(document)
        return
    print_table(rows, DAYS)
    say(
        f"{sum(map(found.is_working, _days_of(wanted)))} working days in {wanted}; "
        f"each ends at {found.day_ends:%H:%M} in {found.zone.key}. "
        f"Calendar {found.version}."
    )


@deadlines.command()
@common
def recompute(data_dir: Path | None, *, as_json: bool) -> None:
    """Count every clock anew, after a change of limits or calendar.

    Nobody is told anything by this; a running hub does what is due then. A stricter
    limit without valid_from judges what is finished, too. Every
    process of the hub must have been started with the new file before.
    """
    seen = changed = 0
    with opened(data_dir) as store:
        last = ""
        while ids := store.clocks.ids_after(last, AT_ONCE):
            changed += store.clocks.wind(ids)
            seen, last = seen + len(ids), ids[-1]
    answer_action(
        {"complaints": seen, "changed": changed},
        f"{changed} of {seen} complaints have another next instant.",
        as_json=as_json,
        then="Do the records agree? simpul doctor",
    )


def clock_row(clock: "Clock", now: datetime) -> dict[str, Any]:
    """Show one clock as a row."""
    run = clock.run
    agency, number = run.leg or ("", None)
    return {
        "clock": clock.kind,
        "agency": agency,
        "assignment_no": number,
        "state": clock.state(now),
        "working_days": clock.working_days,
        "started_at": run.started_at,
        "due_at": clock.due_at,
        "stopped_at": run.stopped_at,
        "ended_by": run.ended_by,
        "pauses": [{"from": begin, "until": end} for begin, end in run.pauses],
        "terms": [
            {"since": t.since, "working_days": t.working_days, "due_at": t.due_at}
            for t in clock.terms
        ],
        "steps": [{"stage": step.stage, "at": step.at} for step in clock.steps],
        "calendar": clock.calendar,
    }


def _special_days(
    rules: "Deadlines", year: int, agency: str, region: str
) -> list[dict[str, Any]]:
    """Name holidays, and the days that the deployment's file has otherwise."""
    found = rules.calendar(agency, region)
    names = {day: name for day, name in rules.public.items() if day.year == year}
    for override in rules.overrides(agency, region):
        names |= dict.fromkeys(override.days(), override.why)
    return [
        {
            "day": day,
            "weekday": f"{day:%a}",
            "working": found.is_working(day),
            "why": names[day],
        }
        for day in sorted(names)
        if day.year == year
    ]


def _days_of(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [
        first + timedelta(days=n) for n in range((date(year, 12, 31) - first).days + 1)
    ]
