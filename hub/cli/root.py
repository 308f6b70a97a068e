"""The root of the command: a table of nouns."""

import click

from hub.cli.late import LateGroup

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
        "Connect agencies: their files, checks, trials; list them with their units.",
    ),
    "channels": (
        "hub.cli.channels:channels",
        "Ways in for citizens: see how a message is read, read past ones again.",
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


@click.group(
    cls=LateGroup,
    table=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="simpul", message="%(prog)s %(version)s")
def simpul() -> None:
    """Simpul: takes public complaints in and brings them to every agency concerned.

    Settings come from SIMPUL_* variables and simpul.toml. Data goes to stdout, talk
    to stderr. Exit codes: 0 ok, 1 failed, 2 usage, 3 unhealthy, 130 Ctrl-C.
    """
