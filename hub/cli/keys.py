"""`simpul keys`: the ring of keys that everything is under."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from hub.cli.output import answer_action, answer_list, say
from hub.cli.session import (
    acting,
    common,
    confirm,
    opened,
    read_settings,
    why,
    yes_option,
)

LISTED = ("id", "made_at", "current", "values")
KEEP = (
    "Older ring keys stay in the file, because backups and edge files need them. "
    "Back up the key ring now, apart from the database."
)
STOP = (
    "A running hub knows only the keys that it read when it started. "
    "Is every hub of this database stopped, or restarted since --add-only?"
)


@click.group()
def keys() -> None:
    """List, make, rotate the keys of the ring."""


@keys.command("list")
@common
def list_(data_dir: Path | None, *, as_json: bool) -> None:
    """List the ring's keys, and how many values each still holds."""
    from hub.database.rotation import Rotation

    with opened(data_dir) as store:
        ring = store.vault.ring
        usage = Rotation(store.db, store.vault).usage()
    rows: list[dict[str, Any]] = [
        {
            "id": str(key_id),
            "made_at": _made_at(key_id),
            "current": key_id == ring.current,
            "values": usage.get(str(key_id), 0),
        }
        for key_id in sorted(ring.keys)
    ]
    answer_list(
        rows,
        LISTED,
        as_json=as_json,
        nothing="The ring is empty.",
        then=f"They lie in {ring.path}. A new one: simpul keys rotate",
    )


@keys.command()
@common
def init(data_dir: Path | None, *, as_json: bool) -> None:
    """Make the key ring; one that is there is left as it is."""
    from hub.database.keyring import Keyring

    path = read_settings(data_dir).effective_keyring_file
    fresh = not path.exists()
    ring = Keyring.open(path, create=True)
    answer_action(
        {"path": str(ring.path), "current": str(ring.current), "made": fresh},
        f"The key ring {path} {'is made' if fresh else 'was there already'}.",
        as_json=as_json,
        then="Back it up apart from the database: without it nothing can be read.",
    )


@keys.command()
@click.option("--add-only", is_flag=True, help="Add the key, wrap nothing again yet.")
@why()
@yes_option
@common
def rotate(
    why: str, data_dir: Path | None, *, add_only: bool, yes: bool, as_json: bool
) -> None:
    """Add a ring key and wrap every data key and ring-sealed value again.

    What was broken off before is finished instead, without another key. To rotate
    beside running hubs: rotate --add-only, restart them, then rotate.
    """
    from hub.database.rotation import Rotation
    from hub.database.vault import Vault

    with opened(data_dir) as store:
        if not add_only:
            confirm(STOP, yes=yes)
        rotation = Rotation(store.db, store.vault)
        added = add_only or not rotation.pending()
        if added:
            fresh = Vault(store.vault.ring.rotated())
            rotation = Rotation(store.db, fresh)
            rotation.added(acting(), why)
        current = str(rotation.current)
        changed = {} if add_only else rotation.run(acting(), why)
    if not as_json:
        for name, count in changed.items():
            say(f"{count:>8} {name}")
    answer_action(
        {"current": current, "added": added, "wrapped_again": changed},
        _sentence(current, added=added, wrapped=not add_only),
        as_json=as_json,
        then=KEEP,
    )


def _sentence(current: str, *, added: bool, wrapped: bool) -> str:
    if not wrapped:
        return f"Added ring key {current}. Restart every hub, then: simpul keys rotate"
    if not added:
        return f"Finished the earlier rotation to ring key {current}."
    return f"Everything is under the new ring key {current}."


def _made_at(key_id: UUID) -> datetime:
    """Read the time that a UUIDv7 begins with, in milliseconds."""
    return datetime.fromtimestamp((key_id.int >> 80) / 1000, UTC)
