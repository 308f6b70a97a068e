"""`simpul channels sources`: how it goes with the mailboxes that are asked."""

from pathlib import Path

import click

from hub.cli.output import answer_list
from hub.cli.session import common, opened

LISTED = ("source", "state", "last_success_at", "age_seconds", "failures", "why")


@click.command("sources")
@common
def sources(data_dir: Path | None, *, as_json: bool) -> None:
    """List the mailboxes that are asked: last success, failures in a row, and why."""
    from hub.database.sources import MESSAGES

    with opened(data_dir) as store:
        rows = [row for row in store.sources.listed() if row["kind"] == MESSAGES]
    answer_list(
        rows,
        LISTED,
        as_json=as_json,
        nothing="No mailbox is asked.",
        then="Compare what they have with the journal: simpul channels ledger email",
    )
