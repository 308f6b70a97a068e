"""`simpul agencies sources`: how it goes with the systems that are asked."""

from pathlib import Path

import click

from hub.cli.output import answer_list
from hub.cli.session import common, opened

LISTED = (
    "source",
    "state",
    "last_success_at",
    "age_seconds",
    "skew_seconds",
    "failures",
    "why",
    "hint",
    "due_at",
)


@click.command("sources")
@common
def sources(data_dir: Path | None, *, as_json: bool) -> None:
    """List what is asked: last success, clock skew in seconds, failures, next turn.

    `agency:NAME` is asked for updates, `snapshot:NAME` how its cases stand.
    """
    from hub.database.sources import MESSAGES

    with opened(data_dir) as store:
        rows = [row for row in store.sources.listed() if row["kind"] != MESSAGES]
    answer_list(
        rows,
        LISTED,
        as_json=as_json,
        nothing="Nobody is asked: the agencies speak by themselves.",
        then="Compare an agency's cases with ours: simpul agencies reconcile NAME",
    )
