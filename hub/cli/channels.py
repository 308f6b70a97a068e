"""`simpul channels`: what the hub makes of messages that citizens send."""

import click

from hub.cli.late import LateGroup

COMMANDS: dict[str, tuple[str, str]] = {
    "ledger": (
        "hub.cli.channels_ledger:ledger",
        "Compare what mailboxes have with the journal; holes are named.",
    ),
    "sources": (
        "hub.cli.channels_sources:sources",
        "List the mailboxes that are asked, and how it goes with each.",
    ),
    "parse": (
        "hub.cli.channels_parse:parse",
        "Show how files of one channel are read; nothing is stored.",
    ),
    "replay": (
        "hub.cli.channels_replay:replay",
        "Read past messages again after a reader was mended; compare, apply.",
    ),
    "trace": (
        "hub.cli.channels_trace:trace",
        "Show what became of one message, and why.",
    ),
}
"""Name -> where it is, and what help says without importing it."""


@click.group(cls=LateGroup, table=COMMANDS)
def channels() -> None:
    """Ways in for citizens: e-mail, SMS and the web."""
