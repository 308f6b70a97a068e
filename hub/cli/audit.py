"""`simpul audit`: what people did, and whether anybody changed the records."""

from pathlib import Path

import click

from hub.cli.output import answer_list, print_json, print_table, say
from hub.cli.session import common, opened

LISTED = ("at", "by", "action", "subject", "reason", "detail")
BROKEN = ("kind", "from_position", "to_position", "why")


@click.group()
def audit() -> None:
    """List what people did; verify the seals."""


@audit.command("list")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@common
def list_(limit: int, data_dir: Path | None, *, as_json: bool) -> None:
    """List what people did, newest first."""
    with opened(data_dir) as store:
        rows = store.queries.audit(limit=limit)
    answer_list(
        rows,
        LISTED,
        as_json=as_json,
        nothing="Nobody did anything yet.",
        then="Was any record changed? simpul audit verify",
    )


@audit.command()
@common
def verify(data_dir: Path | None, *, as_json: bool) -> int:
    """Compute every seal again; exit code 1 when one does not hold."""
    from dataclasses import asdict

    with opened(data_dir) as store:
        sealed = store.sealer.counts()
        broken = [asdict(one) for one in store.sealer.verify()]
    if as_json:
        print_json({"sealed": sealed, "broken": broken})
    elif broken:
        print_table(broken, BROKEN)
        say("Seals do not hold: keep this data and compare it with a backup.")
    else:
        counts = ", ".join(f"{count} {kind}" for kind, count in sealed.items())
        say(f"Every seal holds ({counts} rows).")
    return 1 if broken else 0
