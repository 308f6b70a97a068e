"""`simpul complaints`: what the hub knows of complaints, without people's words."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.attachments import attachments
from hub.cli.attempts import attempts
from hub.cli.casework import add_verbs
from hub.cli.finding import find_complaint
from hub.cli.output import answer_action, answer_list, print_json, print_table, say
from hub.cli.placing import add_placing
from hub.cli.session import acting, common, confirm, opened, why, yes_option
from schemas.status import Status

if TYPE_CHECKING:
    from hub.bootstrap import Store

LISTED = (
    "public_number",
    "received_at",
    "channel",
    "type",
    "status",
    "triage",
    "overdue",
)
LEGS = ("name", "title", "role", "status", "reference")
SET_ASIDE = frozenset({"held", "parked"})
CURSORS = (
    "party",
    "state",
    "delivered_seq",
    "target_seq",
    "due_at",
    "failures",
    "contact",
)
ATTACHED = ("party", "event", "came_with", "n", "state", "why", "at", "fetches")
TRACED = ("at", "what", "who", "detail")
CLOCKS = (
    "clock",
    "agency",
    "state",
    "working_days",
    "started_at",
    "due_at",
    "stopped_at",
    "ended_by",
    "calendar",
)


@click.group()
def complaints() -> None:
    """List, show, trace, decide, erase; clocks and their deadlines.

    NAME is a tracking code, a public number or an id.
    """


@complaints.command("list")
@click.option(
    "--status", type=click.Choice([s.value for s in Status]), help="Only of this one."
)
@click.option("--overdue", is_flag=True, help="Only those over a limit.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@common
def list_(
    status: str | None,
    limit: int,
    data_dir: Path | None,
    *,
    overdue: bool,
    as_json: bool,
) -> None:
    """List complaints, newest first."""
    with opened(data_dir) as store:
        rows = store.queries.complaints(
            status=status or "", overdue=overdue, limit=limit
        )
    answer_list(
        rows,
        LISTED,
        as_json=as_json,
        nothing="No complaints.",
        then="One of them: simpul complaints show NUMBER",
    )


@complaints.command()
@click.argument("name")
@common
def show(name: str, data_dir: Path | None, *, as_json: bool) -> None:
    """Show the state, the agencies' legs and who has been told how much."""
    with opened(data_dir) as store:
        complaint_id = find_complaint(store, name)
        found = store.queries.complaint(complaint_id) or {}
        found["cursors"] = store.queries.cursors_of(complaint_id)
        found["attachments"] = store.attachments.of(complaint_id)
        found |= _names(store, complaint_id)
    if as_json:
        print_json(found)
        return
    legs, cursors = found.pop("legs"), found.pop("cursors")
    files = found.pop("attachments")
    state: list[dict[str, Any]] = [
        {"state": key, "value": value} for key, value in found.items()
    ]
    print_table(state, ["state", "value"])
    click.echo()
    print_table(legs, LEGS)
    click.echo()
    print_table(cursors, CURSORS)
    if files:
        click.echo()
        print_table(files, ATTACHED)
    if any(row["state"] in SET_ASIDE for row in cursors):
        say("A hand-over is set aside: simpul dead list")
    say(f"What happened when: simpul complaints trace {found['public_number']}")


def _names(store: "Store", complaint_id: str) -> dict[str, str]:
    """Say what the codes of a complaint mean."""
    from hub.bootstrap.reference import load_reference

    told = store.told.one(complaint_id)
    reference = load_reference(store.settings, manifests={})
    return {
        "category_name": reference.categories.names(told.category if told else ""),
        "region_name": reference.regions.name(told.region if told else ""),
    }


@complaints.command()
@click.argument("name")
@common
def trace(name: str, data_dir: Path | None, *, as_json: bool) -> None:
    """Show raw messages, events, attempts and dead letters in order of time.

    Below each message stands why it became what it is: rule and evidence of each
    decision.
    """
    with opened(data_dir) as store:
        rows = store.queries.trace(find_complaint(store, name))
    answer_list(
        rows,
        TRACED,
        as_json=as_json,
        nothing="Nothing happened.",
        then="Whose address or code decided it: simpul channels trace JOURNAL_ID "
        "--open --why TEXT",
    )


@complaints.command()
@click.argument("name")
@why(required=True)
@common
def reachable(name: str, why: str, data_dir: Path | None, *, as_json: bool) -> None:
    """Tell a reporter again whose address or number was taken for gone."""
    with opened(data_dir) as store:
        complaint_id = find_complaint(store, name)
        changed = store.operations.reachable(complaint_id, acting(), why)
    answer_action(
        {"id": complaint_id, "contacts": changed},
        f"{changed} contacts of {name} are told again, from now on."
        if changed
        else f"No contact of {name} was taken for unreachable.",
        as_json=as_json,
        then=f"Who is told what: simpul complaints show {name}",
    )


@complaints.command()
@click.argument("name")
@common
def clocks(name: str, data_dir: Path | None, *, as_json: bool) -> None:
    """Show every clock: since when it runs, when it is due, where it stands."""
    from hub.cli.deadlines import clock_row

    with opened(data_dir) as store:
        found, now = store.clocks.clocks_of(find_complaint(store, name))
    answer_list(
        [clock_row(clock, now) for clock in found],
        CLOCKS,
        as_json=as_json,
        nothing="No clock ever ran.",
        then="The limits and the calendar behind them: simpul deadlines limits",
    )


@complaints.command()
@click.argument("name")
@why()
@yes_option
@common
def erase(
    name: str, why: str, data_dir: Path | None, *, yes: bool, as_json: bool
) -> None:
    """Request erasure: the parties are told, then the data keys are destroyed."""
    with opened(data_dir) as store:
        complaint_id = find_complaint(store, name)
        confirm(f"Erase complaint {name} for ever?", yes=yes)
        store.eraser.request(complaint_id, acting(), why)
        hours = store.settings.privacy.erase_after_hours
    answer_action(
        {"id": complaint_id, "erasure": "requested"},
        f"Erasure of {name} is requested; a running hub carries it out once every "
        f"party was told, after {hours:g} hours at the latest.",
        as_json=as_json,
        then=f"How far it is: simpul complaints trace {name}",
    )


add_verbs(complaints)
add_placing(complaints)
complaints.add_command(attachments)
complaints.add_command(attempts)
