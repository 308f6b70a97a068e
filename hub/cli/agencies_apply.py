"""`simpul agencies apply`: what files say becomes what runs, everywhere at once."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.errors import Failed
from hub.cli.output import answer_list
from hub.cli.session import acting, common, opened, read_settings
from hub.cli.session import why as why_option

if TYPE_CHECKING:
    from hub.database.versions import Change
    from hub.settings import Settings

LISTED = ("agency", "number", "mapping_version", "state", "live")


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--dry-run", is_flag=True, help="Check everything, and store nothing.")
@click.option(
    "--test/--live",
    "on_trial",
    default=None,
    help="On trial (it is given no complaints), or live. Otherwise as it was.",
)
@click.option(
    "--approved-by", metavar="PERSON", default="", help="Who lets it go live."
)
@why_option()
@common
def apply(
    names: Sequence[str],
    approved_by: str,
    why: str,
    data_dir: Path | None,
    *,
    on_trial: bool | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Check agencies' files, all or none, and make them what runs.

    Without names, every agency of SIMPUL_AGENCIES_DIR. Every process switches within
    five seconds; what was begun ends with the mapping that it was begun with.
    """
    if on_trial is False and not approved_by:
        msg = "to go live, say who approved it: --approved-by PERSON"
        raise click.UsageError(msg)
    settings = read_settings(data_dir)
    with opened(data_dir) as store:
        kept = {one.agency: one for one in store.versions.current() if one.applied}
        live = {name: one.live for name, one in kept.items()}
        changes = _checked(settings, names, live, approved_by, on_trial=on_trial)
        same = {
            one.agency
            for one in changes
            if one.agency in kept
            and kept[one.agency].content == one.content
            and kept[one.agency].live == one.live
        }
        numbers: dict[str, int] = {}
        fresh = [one for one in changes if one.agency not in same]
        if not dry_run and fresh:
            _declare_lanes(settings, [one.agency for one in fresh])
            numbers = store.versions.apply(fresh, acting(), why)
    rows = [_row(one, numbers, same, dry_run=dry_run) for one in changes]
    answer_list(
        rows,
        LISTED,
        as_json=as_json,
        nothing="No agencies to apply.",
        then=_then(dry_run=dry_run, any_fresh=bool(fresh)),
    )


def _then(*, dry_run: bool, any_fresh: bool) -> str:
    if dry_run:
        return "Nothing was stored. Without --dry-run it would be."
    if not any_fresh:
        return "Nothing is to apply: what runs says the same."
    return (
        "Every process runs it within five seconds; what ran before: "
        "simpul agencies versions NAME"
    )


def _checked(
    settings: "Settings",
    names: Sequence[str],
    live: dict[str, bool],
    approved_by: str,
    *,
    on_trial: bool | None,
) -> "list[Change]":
    """Load every file as it would run; raises Failed that names each mistake."""
    from connectors import registry
    from connectors.roster import failure_of
    from hub.bootstrap.reference import folders_of
    from hub.bootstrap.switching import close_all
    from hub.database.versions import Change

    files = registry.find_manifests(folders_of(settings))
    own = settings.agencies_dir
    unknown = sorted(set(names) - set(files))
    if unknown:
        msg = f"no agency.toml of {', '.join(unknown)}; there are: {', '.join(files)}"
        raise Failed(msg)
    wanted = names or [n for n, file in files.items() if own and own in file.parents]
    changes, faults = [], []
    for name in sorted(set(wanted)):
        try:
            content = registry.read_content(files[name])
            made = registry.make_agency(files[name], content, os.environ)
        except Exception as error:  # noqa: BLE001 - all mistakes are named at once
            faults.append(failure_of(name, files[name], error).why)
            continue
        close_all([made.system])
        is_live = live.get(name, True) if on_trial is None else not on_trial
        changes.append(Change(name, content, is_live, approved_by))
    if faults:
        raise Failed("; ".join([*faults, "nothing was applied"]))
    return changes


def _declare_lanes(settings: "Settings", agencies: Sequence[str]) -> None:
    """Make the queues of agencies before any process hears of them."""
    from hub.bootstrap.lanes import lanes_of
    from hub.bootstrap.roles import deliver_lanes, update_lanes
    from hub.broker.admin import apply as apply_topology
    from hub.broker.topology import Topology

    if settings.on_rabbitmq:
        lanes = dict.fromkeys(
            [*lanes_of(settings), *update_lanes(agencies), *deliver_lanes(agencies)]
        )
        apply_topology(settings.effective_broker_url, Topology(), list(lanes))


def _row(
    one: "Change", numbers: dict[str, int], same: set[str], *, dry_run: bool
) -> dict[str, Any]:
    from connectors.registry import mapping_version

    state = "would be applied" if dry_run else "applied"
    return {
        "agency": one.agency,
        "number": numbers.get(one.agency),
        "mapping_version": mapping_version(one.content),
        "state": "as it was" if one.agency in same else state,
        "live": one.live,
    }
