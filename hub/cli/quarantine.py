"""`simpul quarantine`: accepted messages that could not be read or matched."""

from pathlib import Path

import click

from hub.cli.output import answer_action, answer_list
from hub.cli.session import ALL, acting, chosen, common, in_parts, opened, why

LISTED = ("id", "source", "lane", "received_at", "why")


@click.group()
def quarantine() -> None:
    """Messages that could not be read: list, replay."""


@quarantine.command("list")
@common
def list_(data_dir: Path | None, *, as_json: bool) -> None:
    """List quarantined messages, oldest first."""
    with opened(data_dir) as store:
        rows = store.queries.quarantined(limit=ALL)
    answer_list(
        rows,
        LISTED,
        as_json=as_json,
        nothing="Nothing is quarantined.",
        then="When the reader is mended: simpul quarantine replay ID, or --all",
    )


@quarantine.command()
@click.argument("ids", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All of them.")
@why()
@common
def replay(
    ids: tuple[str, ...],
    why: str,
    data_dir: Path | None,
    *,
    everything: bool,
    as_json: bool,
) -> None:
    """Work messages again, after a parser or a mapping was mended."""
    with opened(data_dir) as store:
        known = [row["id"] for row in store.queries.quarantined(limit=ALL)]
        wanted = chosen(
            ids, everything=everything, known=known, what="quarantined message"
        )
        n = in_parts(wanted, lambda part: store.operations.replay(part, acting(), why))
    answer_action(
        {"asked": len(wanted), "replayed": n},
        f"{n} messages are worked again by a running hub.",
        as_json=as_json,
        then="What came of it: simpul quarantine list",
    )
