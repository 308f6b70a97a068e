"""`simpul keys`: the ring of keys that everything is under."""

import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
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

if TYPE_CHECKING:
    from hub.bootstrap import Store

LISTED = ("id", "made_at", "current", "values")
KEEP = (
    "Older ring keys stay in the file, because backups and edge files need them. "
    "Back up the key ring now, apart from the database."
)
ELSEWHERE = (
    "Running hubs read a changed key ring by themselves, each its own file. "
    "Do all hubs of this database use this file, or have they got it since --add-only?"
)
ADOPTED_SECONDS = 2.0
"""Running hubs look at the file once a second: by then they wrap under the new key."""


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
@click.option("--add-only", is_flag=True, help="Prepare the key; do not use it yet.")
@why()
@yes_option
@common
def rotate(
    why: str, data_dir: Path | None, *, add_only: bool, yes: bool, as_json: bool
) -> None:
    """Add a ring key and wrap every data key and ring-sealed value again.

    Hubs may run meanwhile. What was broken off before is finished instead, without
    another key. Where hubs have a file of their own: rotate --add-only, copy the key
    ring to them, rotate, and copy it again.
    """
    with opened(data_dir) as store:
        if add_only:
            answer = _prepare(store, why)
        else:
            confirm(ELSEWHERE, yes=yes)
            answer = _rotate(store, why)
    if not as_json:
        for name, count in answer["wrapped_again"].items():
            say(f"{count:>8} {name}")
    answer_action(answer, _sentence(answer), as_json=as_json, then=KEEP)


def _prepare(store: "Store", why: str) -> dict[str, Any]:
    from hub.database.rotation import Rotation

    before = store.vault.ring
    ring = before.with_prepared()
    added = ring.prepared != before.prepared
    if added:
        rotation = Rotation(store.db, store.vault)
        rotation.added(str(ring.prepared), acting(), why)
    return {
        "current": str(ring.current),
        "prepared": str(ring.prepared),
        "added": added,
        "wrapped_again": {},
    }


def _rotate(store: "Store", why: str) -> dict[str, Any]:
    from hub.database.rotation import Rotation
    from hub.database.vault import Vault

    before = store.vault.ring
    rotation = Rotation(store.db, store.vault)
    added = False
    if before.prepared or not rotation.pending():
        ring = before.rotated()
        rotation = Rotation(store.db, Vault(ring))
        added = ring.current not in before.keys
        if added:
            rotation.added(str(ring.current), acting(), why)
        threading.Event().wait(ADOPTED_SECONDS)
    changed = rotation.run(acting(), why)
    return {
        "current": str(rotation.current),
        "prepared": None,
        "added": added,
        "wrapped_again": changed,
    }


def _sentence(answer: dict[str, Any]) -> str:
    if answer["prepared"]:
        return f"Ring key {answer['prepared']} is ready to be used: simpul keys rotate"
    return f"Everything is under ring key {answer['current']}."


def _made_at(key_id: UUID) -> datetime:
    """Read the time that a UUIDv7 begins with, in milliseconds."""
    return datetime.fromtimestamp((key_id.int >> 80) / 1000, UTC)
