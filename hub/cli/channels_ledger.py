"""`simpul channels ledger`: what a mailbox has, against the journal."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli.errors import Failed
from hub.cli.output import print_json, print_table, say
from hub.cli.session import common, opened

if TYPE_CHECKING:
    from hub.domain.ledger import Ledger

LISTED = ("source", "messages", "kept", "unread", "unfetchable", "hole", "doubled")


@click.command("ledger")
@click.argument("channel", type=click.Choice(["email"]))
@click.option("--deep", is_flag=True, help="Read each mail again, compare its content.")
@click.option("--take", is_flag=True, help="Take what is missing into the journal.")
@common
def ledger(
    channel: str, data_dir: Path | None, *, deep: bool, take: bool, as_json: bool
) -> None:
    """Compare every mail of every mailbox with the journal; holes are named.

    A mail is kept, unread (the next look takes it), unfetchable (the server does not
    give it: a quarantined message stands for it) or a hole. Ends with 1 where there is
    a hole, or where one mail became two events. Nothing is changed without --take.
    """
    found = _drawn(channel, data_dir, deep=deep, take=take)
    if as_json:
        print_json([one.told() for one in found])
    else:
        _tell(found)
    if not all(one.is_whole for one in found):
        raise SystemExit(1)


def _drawn(
    channel: str, data_dir: Path | None, *, deep: bool, take: bool
) -> "list[Ledger]":
    from connectors.errors import ConnectorError
    from connectors.registry import channel as load
    from hub.stages.ledger import Balance

    with opened(data_dir) as store:
        table = store.settings.channels.get(channel)
        sources = load(channel, table, os.environ).sources() if table else ()
        if not sources:
            msg = f"no mailbox is declared: channels.{channel}.mailboxes"
            raise Failed(msg)
        balance = Balance(
            store.ledger, store.journal.accept if take else None, deep=deep
        )
        found = []
        for source in sources:
            name = f"{channel}:{source.name}"
            try:
                found.append(balance(name, source, store.sources.checkpoint(name)))
            except ConnectorError as error:
                msg = f"{name}: {error.why}"
                raise Failed(msg) from error
    return found


def _tell(found: "list[Ledger]") -> None:
    rows = [{**one.told(), "doubled": len(one.doubled)} for one in found]
    print_table(rows, LISTED)
    for one in found:
        _name(one, "is not in the journal", one.holes)
        _name(one, "is not given by its server", one.unfetchable)
        _name(one, "became more than one event", one.doubled)
        _name(one, "has another content than the journal", one.changed)
        _name(one, "was taken into the journal", one.taken)
    if any(one.holes and not one.taken for one in found):
        say("To take what is missing: simpul channels ledger email --take")


def _name(one: "Ledger", what: str, places: list[str]) -> None:
    for place in places:
        click.echo(f"{one.source}: the mail at {place} {what}")
