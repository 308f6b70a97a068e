"""`simpul topology`: exchanges and queues on RabbitMQ."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli.errors import Failed
from hub.cli.output import answer_action, answer_list
from hub.cli.session import common, read_settings

if TYPE_CHECKING:
    from hub.settings import Settings

UNHEALTHY = 3


@click.group()
def topology() -> None:
    """Make and check what the hub needs on RabbitMQ; workers only look it up."""


@topology.command()
@common
def apply(data_dir: Path | None, *, as_json: bool) -> None:
    """Make what is missing, remake what differs; safe to repeat.

    A queue that is remade loses its hints, and nothing else: the sweep finds their
    rows within a minute.
    """
    from hub.bootstrap.lanes import lanes_of
    from hub.broker.admin import apply as apply_topology
    from hub.broker.topology import Topology

    settings = _on_rabbitmq(data_dir)
    lanes = lanes_of(settings)
    changed = apply_topology(settings.effective_broker_url, Topology(), lanes)
    answer_action(
        {"lanes": len(lanes), "changed": changed},
        f"{len(lanes)} lanes, {len(changed)} exchanges or queues made or remade.",
        as_json=as_json,
        then="Does everything hold? simpul topology check",
    )


@topology.command()
@common
def check(data_dir: Path | None, *, as_json: bool) -> int:
    """Compare the broker with what must be; exit code 3 when a promise is broken."""
    from hub.bootstrap.broker import topology_findings
    from hub.bootstrap.lanes import lanes_of
    from hub.broker.topology import Topology

    settings = _on_rabbitmq(data_dir)
    found = topology_findings(settings, Topology(), lanes_of(settings))
    unchecked = not settings.effective_management_url
    answer_list(
        [asdict(one) for one in found],
        ["kind", "name", "problem", "mend"],
        as_json=as_json,
        nothing="Everything is as it must be."
        + (
            " Policies were not looked at: SIMPUL_BROKER_MANAGEMENT_URL is not set."
            if unchecked
            else ""
        ),
    )
    return UNHEALTHY if found else 0


def _on_rabbitmq(data_dir: Path | None) -> "Settings":
    settings = read_settings(data_dir)
    if not settings.on_rabbitmq:
        msg = (
            "the embedded mode has no topology: set SIMPUL_BROKER_URL to an amqp:// "
            "address"
        )
        raise Failed(msg)
    return settings
