"""`simpul quarantine`: accepted messages that could not be read or matched."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli.errors import Failed
from hub.cli.finding import find_complaint
from hub.cli.output import (
    answer_action,
    answer_list,
    counted,
    print_json,
    print_table,
    say,
)
from hub.cli.session import ALL, acting, chosen, common, in_parts, opened, why
from hub.domain.quarantine import WAYS_OUT

if TYPE_CHECKING:
    from hub.bootstrap import Store

LISTED = ("id", "source", "received_at", "cause", "why")
UNMOVED = ("received_at", "source", "cause", "result_id")
SHOWN = ("source", "lane", "received_at", "cause", "why", "content_type")
WHAT = "quarantined message"
MESSAGES = ("message is", "messages are")


@click.group()
def quarantine() -> None:
    """Messages that were not understood: list, show, match, replay, discard."""


@quarantine.command("list")
@click.option("--cause", type=click.Choice(list(WAYS_OUT)), help="Only of this one.")
@click.option(
    "--unmoved", is_flag=True, help="Agencies' words that were kept and moved nothing."
)
@common
def list_(
    cause: str | None, data_dir: Path | None, *, unmoved: bool, as_json: bool
) -> None:
    """List quarantined messages, oldest first, with their causes."""
    with opened(data_dir) as store:
        if unmoved:
            rows = store.quarantine.unmoved(limit=ALL)
        else:
            rows = store.quarantine.waiting(cause=cause or "", limit=ALL)
    causes = Counter(row["cause"] for row in rows)
    answer_list(
        rows,
        UNMOVED if unmoved else LISTED,
        as_json=as_json,
        nothing="Every word moved something." if unmoved else "Nothing is quarantined.",
        then="\n".join(
            f"{causes[one]} of {one}: {WAYS_OUT[one]}" for one in sorted(causes)
        ),
    )


@quarantine.command()
@click.argument("row_id", metavar="ID")
@why()
@common
def show(row_id: str, why: str, data_dir: Path | None, *, as_json: bool) -> None:
    """Show one message with its untouched words; the audit trail names who read it."""
    with opened(data_dir) as store:
        found = store.quarantine.open(row_id.lower(), acting(), why)
    if found is None:
        msg = f"no {WHAT} of this id: {row_id}"
        raise Failed(msg)
    if as_json:
        print_json(found)
        return
    print_table([{"what": k, "value": found[k]} for k in SHOWN], ["what", "value"])
    click.echo()
    click.echo("no key opens it" if found["body"] is None else found["body"])
    say(f"What to do: {found['way_out']}")


@quarantine.command()
@click.argument("row_id", metavar="ID")
@click.argument("name")
@click.option(
    "--reference", required=True, help="The agency's id of the case, as it is in it."
)
@why()
@common
def match(
    row_id: str,
    name: str,
    reference: str,
    why: str,
    data_dir: Path | None,
    *,
    as_json: bool,
) -> None:
    """Say to which complaint an agency's reference belongs.

    NAME is a tracking code, a public number or an id. Everything that the agency said
    under this reference is worked again.
    """
    with opened(data_dir) as store:
        complaint_id = find_complaint(store, name)
        try:
            n = store.quarantine.match(
                row_id.lower(), complaint_id, reference, acting(), why
            )
        except ValueError as error:
            raise Failed(str(error)) from error
    answer_action(
        {"id": row_id, "complaint_id": complaint_id, "worked": n},
        f"{counted(n, *MESSAGES)} worked again by a running hub.",
        as_json=as_json,
        then=f"What came of it: simpul complaints trace {name}",
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
        wanted = _wanted(store, ids, everything=everything)
        n = in_parts(wanted, lambda part: store.quarantine.replay(part, acting(), why))
    answer_action(
        {"asked": len(wanted), "replayed": n},
        f"{counted(n, *MESSAGES)} worked again by a running hub.",
        as_json=as_json,
        then="What came of it: simpul quarantine list",
    )


@quarantine.command()
@click.argument("ids", nargs=-1, required=True)
@why()
@common
def discard(
    ids: tuple[str, ...], why: str, data_dir: Path | None, *, as_json: bool
) -> None:
    """Set messages aside for good; they are kept, and worked no more."""
    with opened(data_dir) as store:
        wanted = _wanted(store, ids, everything=False)
        n = in_parts(wanted, lambda part: store.quarantine.discard(part, acting(), why))
    answer_action(
        {"asked": len(wanted), "discarded": n},
        f"{counted(n, *MESSAGES)} set aside.",
        as_json=as_json,
        then="What is left: simpul quarantine list",
    )


def _wanted(store: "Store", ids: tuple[str, ...], *, everything: bool) -> list[str]:
    known = [row["id"] for row in store.quarantine.waiting(limit=ALL)]
    return list(chosen(ids, everything=everything, known=known, what=WHAT))
