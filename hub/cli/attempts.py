"""`simpul complaints attempts`: every call of a complaint, and what was said in one."""

from pathlib import Path

import click

from hub.cli.errors import Failed
from hub.cli.finding import as_id, find_complaint
from hub.cli.output import answer_list, print_json, print_table
from hub.cli.session import acting, common, opened, why

LISTED = (
    "id",
    "started_at",
    "ended_at",
    "party",
    "step",
    "first_seq",
    "last_seq",
    "outcome",
    "why",
    "mapping_version",
)


@click.command()
@click.argument("name")
@click.option("--open", "attempt", metavar="ID", help="Show what was said in this one.")
@why()
@common
def attempts(
    name: str, attempt: str | None, why: str, data_dir: Path | None, *, as_json: bool
) -> None:
    """List the calls that were made for a complaint.

    --open shows what its party was told and what it answered: words of people, so it
    needs --why, and the audit trail keeps who looked.
    """
    if attempt and not why:
        msg = "--open needs --why TEXT"
        raise click.UsageError(msg)
    with opened(data_dir) as store:
        complaint_id = find_complaint(store, name)
        if attempt is None:
            rows = store.evidence.attempts(complaint_id)
            answer_list(
                rows,
                LISTED,
                as_json=as_json,
                nothing="Nobody was called.",
                then=f"What was said: simpul complaints attempts {name} --open ID "
                "--why TEXT",
            )
            return
        known = as_id(attempt)
        found = (
            store.evidence.open(complaint_id, known, acting(), why) if known else None
        )
    if found is None:
        msg = f"{name} has no attempt {attempt!r}: simpul complaints attempts {name}"
        raise Failed(msg)
    if as_json:
        print_json(found)
        return
    request, response = found.pop("request"), found.pop("response")
    print_table(
        [{"attempt": k, "value": v} for k, v in found.items()], ["attempt", "value"]
    )
    click.echo("\nrequest")
    print_json(request)
    click.echo("\nresponse")
    click.echo("" if response is None else response)
