"""Roles of a process: the doors it opens, the lanes it works, the clocks it runs."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from connectors.contract import Channel
from hub.broker.topology import POLL, UPDATES
from hub.stages.deliver import lane_of


class Role(StrEnum):
    """What one process does; `simpul run --only` takes a list of them."""

    WEB = "web"
    """HTTP doors and pages."""
    MAIL = "mail"
    """The SMTP listener."""
    INTAKE = "intake"
    """Messages become complaints."""
    UPDATES = "updates"
    """Agencies' words become events."""
    DELIVER = "deliver"
    """Parties are told."""
    POLL = "poll"
    """Mailboxes and agencies are asked and listened to; views are compared."""
    SCHEDULE = "schedule"
    """Sweep, deadlines, recovery of lost calls, seals, erasure; several may run."""


ALL_ROLES = frozenset(Role)


class RolesError(ValueError):
    """The roles cannot be run apart in this deployment; the text says what to set."""


def read_roles(names: str, *, on_rabbitmq: bool, embedded: bool) -> frozenset[Role]:
    """Read a comma-separated list; empty means every role.

    Raises RolesError.
    """
    if not names:
        return ALL_ROLES
    wanted = {name.strip() for name in names.split(",") if name.strip()}
    known = {role.value for role in Role}
    unknown = sorted(wanted - known)
    if unknown or not wanted:
        listed = ", ".join(role.value for role in Role)
        msg = f"no such role: {', '.join(unknown) or names!r}; the roles are {listed}"
        raise RolesError(msg)
    if not on_rabbitmq or embedded:
        msg = (
            "separate processes need RabbitMQ and PostgreSQL: set SIMPUL_BROKER_URL "
            "and SIMPUL_DATABASE_URL, or run without --only"
        )
        raise RolesError(msg)
    return frozenset(Role(name) for name in wanted)


def intake_lanes(channels: Mapping[str, Channel], *, isolated: bool) -> list[str]:
    """Name the intake lanes; a mail costs as much as many others, so it has its own."""
    return [
        f"intake.{name}"
        for name, channel in channels.items()
        if channel.isolated is isolated
    ]


def update_lanes(agencies: Iterable[str]) -> list[str]:
    """Name the lanes on which agencies' updates come."""
    return [f"{UPDATES}.{name}" for name in agencies]


def deliver_lanes(parties: Iterable[str]) -> list[str]:
    """Name the lanes on which parties are told."""
    return [lane_of(party) for party in parties]


def every_lane(
    channels: Mapping[str, Channel],
    agencies: Iterable[str],
    parties: Iterable[str],
) -> Sequence[str]:
    """Name every lane of a deployment."""
    return [
        *intake_lanes(channels, isolated=False),
        *intake_lanes(channels, isolated=True),
        *update_lanes(agencies),
        POLL,
        *deliver_lanes(parties),
    ]
