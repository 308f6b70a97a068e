"""`simpul channels replay`: past messages, read again after a reader was mended."""

import os
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.errors import Failed
from hub.cli.finding import as_id
from hub.cli.output import say
from hub.cli.session import acting, common, confirm, opened, read_settings, yes_option
from hub.cli.spans import When, instant

if TYPE_CHECKING:
    from hub.bootstrap import Store
    from hub.cli.reread import Tale
    from hub.ports.again import Which
    from hub.stages.replay import Found, Replay

STATES = ("quarantined", "ignored", "done", "duplicate")
"""What was worked; what still waits is read with today's reader anyway."""
SINCE = timedelta(days=2)
AT_ONCE = 500
"""Ids that one call may name."""


@click.command()
@click.option(
    "--since",
    type=When(),
    help="From when on: 2d, 12h, or an instant; 2d unless ids are named.",
)
@click.option("--until", type=When(), help="Until when.")
@click.option("--channel", "channels", multiple=True, help="Only of this channel.")
@click.option("--id", "ids", multiple=True, metavar="ID", help="Only this message.")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(STATES),
    help="Only what is this by now; otherwise all of them.",
)
@click.option("--rule", default="", help="Only what this rule set aside.")
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=10_000,
    show_default=True,
    help="At most so many messages.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0.01),
    default=100.0,
    show_default=True,
    help="Messages read a second.",
)
@click.option(
    "--open", "with_words", is_flag=True, help="Show the words; who looks is audited."
)
@click.option("--apply", "applies", is_flag=True, help="Carry out what follows.")
@click.option(
    "--reason",
    "--why",
    "why",
    metavar="TEXT",
    default="",
    help="The reason; kept in the audit trail.",
)
@yes_option
@common
def replay(
    data_dir: Path | None, *, yes: bool, as_json: bool, why: str, **given: Any
) -> None:
    """Read past messages again, and tell what would be otherwise; writes nothing.

    With --apply what was set aside is worked again, and words that are read otherwise
    are put right by one more event. What somebody has to decide is only listed.
    """
    _check(why, yes=yes, as_json=as_json, given=given)
    from hub.bootstrap.replaying import replaying
    from hub.cli.reread import Tale

    settings = read_settings(data_dir)
    channels = _channels(given["channels"], list(settings.channels))
    with (
        opened(data_dir) as store,
        replaying(store, settings, os.environ, channels, given["rate"]) as stage,
    ):
        which = _which(channels, given, store.queries.now())
        tale = Tale(as_json=as_json, with_words=given["with_words"])
        read_by = _reading(store, tale, why) if given["with_words"] else _nothing
        if not given["applies"]:
            _look(stage, which, tale, read_by)
            tale.end(dry=True)
            return
        if not yes:
            _look(stage, which, tale, read_by)
            confirm(f"Apply what follows from {tale.applicable} messages?", yes=False)
            tale, read_by = Tale(as_json=False, with_words=False), _nothing
        _apply(stage, which, tale, read_by, why)
        tale.end(dry=False)
    if not as_json:
        say(f"{tale.applied} applied. What came of it: simpul audit list")


def _check(why: str, *, yes: bool, as_json: bool, given: dict[str, Any]) -> None:
    if (given["applies"] or given["with_words"]) and not why:
        option = "--apply" if given["applies"] else "--open"
        msg = f"{option} needs --reason TEXT"
        raise click.UsageError(msg)
    if given["applies"] and as_json and not yes:
        msg = "--apply with --json asks nobody: add --yes"
        raise click.UsageError(msg)
    if len(given["ids"]) > AT_ONCE:
        msg = f"at most {AT_ONCE} ids at once"
        raise click.UsageError(msg)


def _channels(wanted: Sequence[str], known: Sequence[str]) -> list[str]:
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        on = ", ".join(known) or "none"
        msg = f"no such channel is on: {', '.join(unknown)}; on are {on}"
        raise Failed(msg)
    return list(wanted or known)


def _which(channels: Sequence[str], given: dict[str, Any], now: datetime) -> "Which":
    from hub.ports.again import Which

    ids = [as_id(one) for one in given["ids"]]
    if None in ids:
        msg = "an id of the journal is a UUID, as `simpul quarantine list` shows it"
        raise click.UsageError(msg)
    since = given["since"] or (None if ids else SINCE)
    return Which(
        channels=channels,
        states=given["states"] or STATES,
        since=instant(since, now),
        until=instant(given["until"], now),
        ids=[one for one in ids if one],
        rule=given["rule"],
        limit=given["limit"],
    )


Reading = Callable[["Found"], None]


def _nothing(found: "Found") -> None:
    """Nobody reads its words."""
    del found


def _reading(store: "Store", tale: "Tale", why: str) -> Reading:
    """Make what records that somebody reads the words of a message, before it shows."""
    by = acting()

    def note(found: "Found") -> None:
        if tale.tells(found) and found.verdict.fields:
            store.past.note_read(found.past, by, why)

    return note


def _look(stage: "Replay", which: "Which", tale: "Tale", reading: Reading) -> None:
    for found in stage(which):
        reading(found)
        tale.tell(found)


def _apply(
    stage: "Replay", which: "Which", tale: "Tale", reading: Reading, why: str
) -> None:
    from hub.stages.replay import Who

    who = Who(acting(), why)
    for found in stage(which):
        reading(found)
        tale.tell(stage.apply(found, who))
