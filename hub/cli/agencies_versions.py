"""`simpul agencies versions|rollback`: what was applied, and the way back."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.errors import Failed
from hub.cli.output import answer_action, answer_list
from hub.cli.session import acting, common, opened, read_settings
from hub.cli.session import why as why_option

if TYPE_CHECKING:
    from hub.bootstrap import Store

LISTED = (
    "number",
    "state",
    "live",
    "mapping_version",
    "at",
    "by",
    "approved_by",
    "why",
)


@click.command()
@click.argument("name")
@common
def versions(name: str, data_dir: Path | None, *, as_json: bool) -> None:
    """List an agency's versions, newest first; `file` was run without being applied."""
    with opened(data_dir) as store:
        rows = _history(store, name)
    answer_list(
        rows,
        LISTED,
        as_json=as_json,
        nothing="",
        then=f"Back to one: simpul agencies rollback {name} --to NUMBER --why TEXT",
    )


@click.command()
@click.argument("name")
@click.option("--to", type=int, help="Number of the version; otherwise the one before.")
@why_option(required=True)
@common
def rollback(
    name: str, to: int | None, why: str, data_dir: Path | None, *, as_json: bool
) -> None:
    """Go back to an earlier version of an agency; its file is not touched."""
    from connectors import registry
    from connectors.roster import failure_of, place_of
    from hub.bootstrap.reference import folders_of
    from hub.bootstrap.switching import close_all
    from hub.database.versions import Change

    folders = folders_of(read_settings(data_dir))
    with opened(data_dir) as store:
        number = _earlier(_history(store, name)) if to is None else to
        found = None if number is None else store.versions.number(name, number)
        if found is None:
            which = "earlier version" if to is None else f"version {to}"
            msg = f"{name} has no {which}; see `simpul agencies versions {name}`"
            raise Failed(msg)
        file = place_of(name, folders)
        try:
            made = registry.make_agency(file, found.content, os.environ)
        except Exception as error:
            why_not = failure_of(name, file, error).why
            msg = f"version {number} cannot be used any more: {why_not}"
            raise Failed(msg) from error
        close_all([made.system])
        now = next((v for v in store.versions.current() if v.agency == name), found)
        change = Change(name, found.content, now.live)
        store.versions.apply([change], acting(), why)
    answer_action(
        {"agency": name, "number": number, "mapping_version": found.mapping_version},
        f"{name} runs version {number} again; every process switches within 5 seconds.",
        as_json=as_json,
        then="Its file still says otherwise: mend it before the next `apply`.",
    )


def _history(store: "Store", name: str) -> list[dict[str, Any]]:
    rows = store.versions.history(name)
    if not rows:
        msg = f"{name} has no versions: nothing was applied, and no hub ran it"
        raise Failed(msg)
    return rows


def _earlier(rows: list[dict[str, Any]]) -> int | None:
    """Name the version that ran before the current one."""
    now = next((row for row in rows if row["state"] == "current"), None)
    if now is None:
        return None
    before = [row for row in rows if row["number"] != now["number"]]
    return max(before, key=lambda row: row["at"])["number"] if before else None
