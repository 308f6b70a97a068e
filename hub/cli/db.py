"""`simpul db`: the database's tables, and messages that wait beside it."""

from pathlib import Path

import click

from hub.cli.output import answer_action
from hub.cli.session import common, opened, read_settings


@click.group()
def db() -> None:
    """Upgrade the database; bring in what waits beside it."""


@db.command()
@common
def upgrade(data_dir: Path | None, *, as_json: bool) -> None:
    """Make the tables, or bring them to the newest revision; safe to repeat."""
    from hub.database.condition import revision
    from hub.database.migrate import head, upgrade

    settings = read_settings(data_dir)
    url = settings.effective_database_url
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    before = revision(url)
    upgrade(url)
    changed = before != head()
    came = f", from {before or 'nothing'}" if changed else " already"
    answer_action(
        {"from": before, "to": head(), "changed": changed},
        f"The database is at revision {head()}{came}.",
        as_json=as_json,
        then="Is everything well? simpul doctor",
    )


@db.command("replay-spool")
@common
def replay_spool(data_dir: Path | None, *, as_json: bool) -> None:
    """Bring accepted messages into the database that it does not have.

    Those that were accepted while it was away, and those of the last days that a
    restored backup has lost. Safe to repeat.
    """
    with opened(data_dir) as store:
        spooled = store.journal.drain_spool()
        lost = store.journal.replay_edge()
    answer_action(
        {"spooled": spooled, "lost": lost},
        f"{spooled} spooled and {lost} lost messages were brought in.",
        as_json=as_json,
        then="Does everything agree now? simpul doctor",
    )
