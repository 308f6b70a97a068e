"""`simpul stats`: the numbers of the whole hub."""

from pathlib import Path

import click

from hub.cli.output import print_json, print_table, say
from hub.cli.session import common, opened

THEN = {
    "overdue": "simpul complaints list --overdue",
    "lagging": "simpul parties list",
    "held": "simpul held list",
    "dead_letters": "simpul dead list",
    "attachments_failed": "simpul complaints attachments",
    "quarantined": "simpul quarantine list",
}
"""What shows the rows behind a number."""


@click.command()
@common
def stats(data_dir: Path | None, *, as_json: bool) -> None:
    """Count what tells whether everyone is in step."""
    with opened(data_dir) as store:
        counts = store.queries.counts()
    if as_json:
        print_json(counts)
        return
    rows = [{"what": name, "count": count} for name, count in counts.items()]
    print_table(rows, ["what", "count"])
    for name, command in THEN.items():
        if counts[name]:
            say(f"{counts[name]} {name.replace('_', ' ')}: {command}")
