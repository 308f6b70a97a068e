"""The root of the command: a table of nouns, and a group that imports them late."""

from importlib import import_module

import click

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": (
        "hub.cli.demo:demo_command",
        "Play a region with citizens and agencies on this machine.",
    ),
    "run": (
        "hub.cli.run:run",
        "Start the hub in one process, or some of its roles with --only.",
    ),
    "doctor": ("hub.cli.doctor:doctor", "Check this deployment; changes nothing."),
    "stats": ("hub.cli.stats:stats", "Count what tells whether everyone is in step."),
    "complaints": (
        "hub.cli.complaints:complaints",
        "List, show, trace, decide, erase; clocks and their deadlines.",
    ),
    "deadlines": (
        "hub.cli.deadlines:deadlines",
        "Limits and working days: show, recompute.",
    ),
    "routing": (
        "hub.cli.routing:routing",
        "Routing rules: list, test, explain, try others on past complaints.",
    ),
    "agencies": (
        "hub.cli.agencies:agencies",
        "Agencies and their units as declared, with their days.",
    ),
    "parties": (
        "hub.cli.parties:parties",
        "Agencies and ways back to reporters: list, pause, resume.",
    ),
    "dead": ("hub.cli.dead:dead", "Dead letters: list, retry, discard."),
    "held": (
        "hub.cli.held:held",
        "Deliveries with unknown outcome: list, resolve.",
    ),
    "quarantine": (
        "hub.cli.quarantine:quarantine",
        "Messages that could not be read: list, replay.",
    ),
    "audit": ("hub.cli.audit:audit", "What people did, and the seals: list, verify."),
    "queues": (
        "hub.cli.queues:queues",
        "What waits: hints on the broker beside due work in the database.",
    ),
    "topology": (
        "hub.cli.topology:topology",
        "Exchanges and queues on RabbitMQ: apply, check.",
    ),
    "keys": ("hub.cli.keys:keys", "The key ring: list, init, rotate."),
    "db": ("hub.cli.db:db", "The database: upgrade, replay-spool."),
}
"""Name -> where it is, and what help says without importing it."""


class LateGroup(click.Group):
    """Knows its commands by name; imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands in the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; None when there is none of that name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        found: click.Command = getattr(import_module(module), attribute)
        return found

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """List the commands with the table's help."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LateGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="simpul", message="%(prog)s %(version)s")
def simpul() -> None:
    """Simpul: takes public complaints in and brings them to every agency concerned.

    Settings come from SIMPUL_* variables and simpul.toml. Data goes to stdout, talk
    to stderr. Exit codes: 0 ok, 1 failed, 2 usage, 3 unhealthy, 130 Ctrl-C.
    """
