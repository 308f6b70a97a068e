"""`simpul agencies list`: the tree of agencies as their files declare it."""

from datetime import UTC, datetime
from pathlib import Path

import click

from hub.cli.output import answer_list, say
from hub.cli.session import common, read_settings

LISTED = ("agency", "title", "kind", "days", "successors", "today", "condition", "why")

NOTHING = {"condition": "", "why": ""}
"""Of a unit: it has no system of its own."""


@click.command("list")
@common
def list_(data_dir: Path | None, *, as_json: bool) -> None:
    """List agencies and units, the upper before the lower, and platforms above."""
    from hub.bootstrap.reference import load_reference
    from hub.bootstrap.rosters import conditions, roster_of
    from hub.bootstrap.switching import close_all
    from hub.domain.agency_tree import AgencyTree
    from schemas.agency import AgencyManifest

    settings = read_settings(data_dir)
    roster = roster_of(settings)
    close_all(one.system for one in roster.agencies.values())
    how = conditions(roster)
    reference = load_reference(settings, manifests=roster.manifests)
    own = roster.own
    above = AgencyTree({n: m for n, m in roster.manifests.items() if n not in own})
    day = reference.day(datetime.now(UTC))
    rows = [
        {
            "agency": ("" if as_json else "  " * depth) + node.name,
            "title": node.title,
            "kind": str(node.kind) if isinstance(node, AgencyManifest) else "unit",
            "path": path,
            "depth": depth,
            "valid_from": node.valid_from,
            "valid_until": node.valid_until,
            "days": f"{node.valid_from or '…'} to {node.valid_until or '…'}"
            if node.valid_from or node.valid_until
            else "",
            "successors": ", ".join(node.successors),
            "today": "" if node.holds_on(day) else "absent",
            **(how[node.name] if node is roster.manifests.get(node.name) else NOTHING),
        }
        for depth, path, node in (*reference.tree.rows(), *above.rows())
    ]
    answer_list(rows, LISTED, as_json=as_json, nothing="No agencies.")
    for lack in reference.tree.lacks():
        say(lack)
