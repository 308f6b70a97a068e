"""`simpul agencies`: what an integrator does with an agency, from its file on."""

import click

from hub.cli.late import LateGroup

COMMANDS: dict[str, tuple[str, str]] = {
    "list": (
        "hub.cli.agencies_list:list_",
        "List agencies and units, the upper before the lower.",
    ),
    "new": (
        "hub.cli.agencies_new:new",
        "Write the first file of an agency, with comments.",
    ),
    "check": (
        "hub.cli.agencies_check:check",
        "Name every mistake of an agency's file; calls nobody.",
    ),
    "preview": (
        "hub.cli.agencies_preview:preview",
        "Show what would be sent; sends nothing.",
    ),
    "try": (
        "hub.cli.agencies_preview:try_",
        "Hand a sample complaint over, and show what comes of it.",
    ),
    "test": (
        "hub.cli.agencies_test:test",
        "Run the conformance suite, and write its report.",
    ),
    "push-sample": (
        "hub.cli.agencies_push:push_sample",
        "Write a signed test update, with the line for cURL.",
    ),
}
"""Name -> where it is, and what help says without importing it."""


@click.group(cls=LateGroup, table=COMMANDS)
def agencies() -> None:
    """Connect an agency's own system by one file; `parties` has how they fare."""
