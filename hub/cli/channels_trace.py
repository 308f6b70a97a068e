"""`simpul channels trace`: why one message became what it is."""

from pathlib import Path

import click

from hub.cli.errors import Failed
from hub.cli.finding import as_id
from hub.cli.output import print_json, print_table, say
from hub.cli.session import acting, common, opened, why
from hub.database.tracing import evidence_text

DECISIONS = ("decision", "rule", "evidence", "private")


@click.command()
@click.argument("journal_id")
@click.option("--open", "opening", is_flag=True, help="Show private evidence, too.")
@why()
@common
def trace(
    journal_id: str, why: str, data_dir: Path | None, *, opening: bool, as_json: bool
) -> None:
    """Show what became of one message, and every decision on the way.

    JOURNAL_ID is in what `simpul complaints trace --json` and `simpul quarantine list`
    print. --open shows addresses and codes that decided something: data of people, so
    it needs --why, and the audit trail keeps who looked.
    """
    if opening and not why:
        msg = "--open needs --why TEXT"
        raise click.UsageError(msg)
    row_id = as_id(journal_id)
    with opened(data_dir) as store:
        if row_id is None:
            found = None
        elif opening:
            found = store.traces.open(row_id, acting(), why)
        else:
            found = store.traces.of(row_id)
    if found is None:
        msg = f"no message has the id {journal_id!r}: simpul quarantine list"
        raise Failed(msg)
    if as_json:
        print_json(found)
        return
    decisions = found.pop("trace")
    print_table(
        [{"message": name, "value": value} for name, value in found.items()],
        ["message", "value"],
    )
    click.echo()
    rows = [
        one
        | {
            "evidence": evidence_text(one["evidence"]),
            "private": evidence_text(one.get("private", {})),
        }
        for one in decisions
    ]
    if not rows:
        say("No decision was recorded: it came before they were, or is not worked yet.")
        return
    print_table(rows, DECISIONS if opening else DECISIONS[:-1])
