"""`simpul agencies reconcile`: an agency's view compared with ours, and healed."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.errors import Failed
from hub.cli.output import counted, print_json, print_table, say
from hub.cli.session import acting, common, opened, read_settings, why

if TYPE_CHECKING:
    from hub.bootstrap import Store
    from hub.bootstrap.configuration import Configuration
    from hub.domain.drift import Drift

LISTED = ("kind", "complaint", "reference", "ours", "theirs", "heal", "why")
DONE = ("kind", "complaint_id", "heal", "did")


@click.command("reconcile")
@click.argument("name")
@click.option(
    "--heal", is_flag=True, help="Heal what differs, each with its audit row."
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Compare and show what would be done; write nothing.",
)
@why()
@common
def reconcile(
    name: str,
    why: str,
    data_dir: Path | None,
    *,
    heal: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Ask an agency how its cases stand, and compare with ours.

    Heals: hear (its word becomes an update), tell (ours is newer: sent again),
    hand_over (submitted anew), name (a second reference is kept), wake (what waits goes
    now). What says operator waits for a person.
    """
    from hub.bootstrap.configuration import load_configuration

    config = load_configuration(read_settings(data_dir), os.environ)
    _require(config, name)
    with opened(data_dir) as store:
        compared, drifts = _compare(store, config, name, dry_run=dry_run)
        done: list[dict[str, Any]] = []
        if heal and not dry_run:
            done = store.drifts.heal(name, drifts, acting(), why)
    rows = [_row(one) for one in drifts]
    if as_json:
        print_json(
            {"agency": name, "compared": compared, "drift": rows, "healed": done}
        )
        return
    _show(compared, rows, done, wanted=heal and not dry_run)


def _require(config: "Configuration", name: str) -> None:
    agency = config.agencies.get(name)
    if agency is None:
        listed = ", ".join(sorted(config.agencies)) or "none"
        msg = f"no agency {name!r} is loaded; loaded: {listed}"
        raise Failed(msg)
    if not agency.system.capabilities.snapshots:
        msg = f"the system of {name} cannot say how its cases stand"
        raise Failed(msg)


def _compare(
    store: "Store", config: "Configuration", name: str, *, dry_run: bool
) -> "tuple[int, list[Drift]]":
    from connectors.errors import ConnectorError
    from hub.bootstrap.polling import reconciling

    stage = reconciling(store, config)
    compared = 0
    drifts: list[Drift] = []
    try:
        for found in stage.whole(name):
            compared += len(found.cases)
            drifts += found.drifts
            if not dry_run:
                stage.record(name, found)
    except ConnectorError as error:
        msg = f"{name} did not answer: {error.why}"
        raise Failed(msg) from error
    return compared, drifts


def _row(one: "Drift") -> dict[str, Any]:
    return {
        "kind": one.kind,
        "complaint": one.complaint_id,
        "reference": one.reference,
        "ours": one.ours,
        "theirs": one.theirs,
        "heal": one.heal,
        "why": one.why,
    }


def _show(
    compared: int,
    rows: Sequence[dict[str, Any]],
    done: Sequence[dict[str, Any]],
    *,
    wanted: bool,
) -> None:
    differ = counted(len(rows), "differs", "differ")
    say(f"{counted(compared, 'case')} compared, {differ}.")
    if not rows:
        return
    if not wanted:
        print_table(rows, LISTED)
        say("Heal what can be healed: simpul agencies reconcile NAME --heal --why TEXT")
        return
    print_table(done, DONE)
    say("See whether it holds, in a minute: simpul agencies reconcile NAME")
