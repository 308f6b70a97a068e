"""`simpul held`: calls of which nobody knows whether they arrived."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli.errors import Failed
from hub.cli.output import answer_action, answer_list
from hub.cli.session import ALL, acting, chosen, common, opened, why

if TYPE_CHECKING:
    from hub.bootstrap import Store

LISTED = ("id", "party", "is_submit", "state", "created_at", "why", "complaint_id")


@click.group()
def held() -> None:
    """Deliveries with unknown outcome: list, resolve."""


@held.command("list")
@common
def list_(data_dir: Path | None, *, as_json: bool) -> None:
    """List held deliveries, oldest first."""
    with opened(data_dir) as store:
        rows = store.queries.dead_letters(kind="held", limit=ALL)
    answer_list(
        rows,
        LISTED,
        as_json=as_json,
        nothing="Nothing is held.",
        then="Ask the agency, then: simpul held resolve ID --reference REF | --resend",
    )


@held.command()
@click.argument("letter_id", metavar="ID")
@click.option("--reference", help="It arrived; the agency knows it by this reference.")
@click.option("--resend", is_flag=True, help="It did not arrive: send it again.")
@why()
@common
def resolve(
    letter_id: str,
    reference: str | None,
    why: str,
    data_dir: Path | None,
    *,
    resend: bool,
    as_json: bool,
) -> None:
    """Say what became of a held delivery.

    A hand-over that arrived needs the agency's --reference; an update that arrived
    needs no option.
    """
    if resend and reference:
        msg = "either --reference or --resend"
        raise click.UsageError(msg)
    with opened(data_dir) as store:
        letter_id = _check(store, letter_id, reference, resend=resend)
        if resend:
            done = bool(store.operations.retry([letter_id], acting(), why))
        else:
            try:
                done = store.operations.resolve_held(
                    letter_id, acting(), why, reference=reference or ""
                )
            except ValueError as error:
                raise Failed(str(error)) from error
    if not done:
        msg = f"{letter_id} is already to be sent again"
        raise Failed(msg)
    result = "to be sent again" if resend else "resolved"
    answer_action(
        {"id": letter_id, "result": result},
        f"{letter_id} is {result}.",
        as_json=as_json,
        then="What is left: simpul held list",
    )


def _check(
    store: "Store", letter_id: str, reference: str | None, *, resend: bool
) -> str:
    rows = store.queries.dead_letters(kind="held", limit=ALL)
    letters = {row["id"]: row for row in rows}
    found = chosen([letter_id], everything=False, known=letters, what="held delivery")
    submit = letters[found[0]]["is_submit"]
    if submit and not reference and not resend:
        msg = "this is a hand-over: say --reference REF when it arrived, else --resend"
        raise click.UsageError(msg)
    if reference and not submit:
        msg = "this is an update, which has no reference of its own: leave it out"
        raise click.UsageError(msg)
    return found[0]
