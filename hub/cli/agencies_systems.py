"""`simpul agencies systems`: the kinds of system, and what brings each."""

from pathlib import Path

import click

from hub.cli.output import answer_list
from hub.cli.session import common

LISTED = ("kind", "from", "place", "condition")


@click.command()
@common
def systems(data_dir: Path | None, *, as_json: bool) -> None:
    """List the kinds of system that a manifest may name, broken plug-ins too."""
    from connectors.plugins import BrokenPluginError, load_plugin, plugins
    from connectors.registry import SYSTEMS

    del data_dir
    rows = [
        {"kind": kind, "from": "simpul", "place": place, "condition": "ok"}
        for kind, place in sorted(SYSTEMS.items())
    ]
    for plugin in plugins().values():
        condition = "ok"
        if plugin.kind in SYSTEMS:
            condition = "not used: the project has this kind itself"
        else:
            try:
                load_plugin(plugin)
            except BrokenPluginError as error:
                condition = f"broken: {error}"
        rows.append(
            {
                "kind": plugin.kind,
                "from": plugin.package,
                "place": plugin.place,
                "condition": condition,
            }
        )
    answer_list(rows, LISTED, as_json=as_json, nothing="No systems.")
