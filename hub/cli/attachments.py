"""`simpul complaints attachments`: files that agencies need and did not get."""

from pathlib import Path

import click

from hub.cli.output import answer_list
from hub.cli.session import common, opened

LISTED = ("complaint_id", "party", "event", "came_with", "n", "why", "at")


@click.command()
@click.option("--limit", type=click.IntRange(1), default=200, show_default=True)
@common
def attachments(limit: int, data_dir: Path | None, *, as_json: bool) -> None:
    """List attachments that an agency's system did not take, the oldest first.

    Only of complaints about which the agency still has something to do.
    """
    with opened(data_dir) as store:
        rows = store.attachments.failed(limit)
    answer_list(
        rows,
        LISTED,
        as_json=as_json,
        nothing="Every attachment reached its agency, or was announced there.",
        then="Give it to the agency's officer: simpul complaints show ID",
    )
