"""`simpul agencies`: what an integrator does with an agency, from its file on."""

import click

from hub.cli.late import LateGroup

COMMANDS: dict[str, tuple[str, str]] = {
    "list": (
        "hub.cli.agencies_list:list_",
        "List agencies and units, the upper before the lower, and how they are.",
    ),
    "systems": (
        "hub.cli.agencies_systems:systems",
        "List the kinds of system, and what brings each.",
    ),
    "apply": (
        "hub.cli.agencies_apply:apply",
        "Make what agencies' files say what runs, everywhere at once.",
    ),
    "diff": (
        "hub.cli.agencies_diff:diff",
        "Tell what another file would change for past traffic; sends nothing.",
    ),
    "shadow": (
        "hub.cli.agencies_shadow:shadow",
        "Try another file on real traffic beside the one that runs; sends nothing.",
    ),
    "versions": (
        "hub.cli.agencies_versions:versions",
        "List what was applied to an agency, when, by whom and why.",
    ),
    "rollback": (
        "hub.cli.agencies_versions:rollback",
        "Go back to an earlier version of an agency.",
    ),
    "reconcile": (
        "hub.cli.agencies_reconcile:reconcile",
        "Compare an agency's view of its cases with ours, and heal.",
    ),
    "sources": (
        "hub.cli.agencies_sources:sources",
        "List what is asked: last success, skew, failures.",
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
