"""`simpul dead`: deliveries that were set aside for a person to decide."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.errors import Failed
from hub.cli.output import answer_action, answer_list
from hub.cli.session import (
    ALL,
    acting,
    chosen,
    common,
    confirm,
    in_parts,
    opened,
    why,
    yes_option,
)

if TYPE_CHECKING:
    from hub.bootstrap import Store

KINDS = ("gave_up", "held", "refused")
LISTED = ("id", "kind", "party", "is_submit", "state", "created_at", "why")


@click.group()
def dead() -> None:
    """Dead letters: list, retry, discard."""


@dead.command("list")
@click.option("--kind", type=click.Choice(KINDS), help="Only of this kind.")
@common
def list_(kind: str | None, data_dir: Path | None, *, as_json: bool) -> None:
    """List open dead letters, oldest first."""
    with opened(data_dir) as store:
        rows = store.queries.dead_letters(kind=kind or "", limit=ALL)
    answer_list(
        rows,
        LISTED,
        as_json=as_json,
        nothing="No dead letters.",
        then="When the cause is mended: simpul dead retry ID, or --all",
    )


@dead.command()
@click.argument("ids", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All but held ones.")
@why()
@common
def retry(
    ids: tuple[str, ...],
    why: str,
    data_dir: Path | None,
    *,
    everything: bool,
    as_json: bool,
) -> None:
    """Send again, each with its own key; the letter closes when its call succeeds."""
    with opened(data_dir) as store:
        wanted = chosen(
            ids, everything=everything, known=_letters(store), what="dead letter"
        )
        n = in_parts(wanted, lambda part: store.operations.retry(part, acting(), why))
    others = "; the others already were to be" if n < len(wanted) else ""
    answer_action(
        {"asked": len(wanted), "requested": n},
        f"{n} of {len(wanted)} will be sent again{others}.",
        as_json=as_json,
        then="What came of it: simpul dead list",
    )


@dead.command()
@click.argument("ids", nargs=-1, required=True)
@why()
@yes_option
@common
def discard(
    ids: tuple[str, ...], why: str, data_dir: Path | None, *, yes: bool, as_json: bool
) -> None:
    """Set aside for good; a hand-over cannot be discarded, since nobody else has it."""
    with opened(data_dir) as store:
        letters = _letters(store)
        wanted = chosen(ids, everything=False, known=letters, what="dead letter")
        submits = [one for one in wanted if letters[one]["is_submit"]]
        if submits:
            msg = f"a hand-over cannot be discarded: {', '.join(submits)}; retry it"
            raise Failed(msg)
        confirm(f"Discard {len(wanted)} dead letters for good?", yes=yes)
        n = in_parts(wanted, lambda part: store.operations.discard(part, acting(), why))
    answer_action(
        {"asked": len(wanted), "discarded": n},
        f"{n} of {len(wanted)} are discarded.",
        as_json=as_json,
        then="Who did what: simpul audit list",
    )


def _letters(store: "Store") -> dict[str, dict[str, Any]]:
    """Find the letters of this noun; held ones are decided by `simpul held`."""
    rows = store.queries.dead_letters(limit=ALL)
    return {row["id"]: row for row in rows if row["kind"] != "held"}
