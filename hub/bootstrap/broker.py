"""The broker as the settings name it, and whether it keeps our promises."""

from collections.abc import Sequence

from hub.broker import admin
from hub.broker.admin import Finding
from hub.broker.link import BrokerConfig
from hub.broker.management import Management
from hub.broker.topology import Topology
from hub.settings import Settings


class TopologyError(Exception):
    """The broker is not as it must be; the text says what to do."""


def broker_config(settings: Settings) -> BrokerConfig:
    """Take what connections need out of the settings."""
    waits = settings.broker
    return BrokerConfig(
        url=settings.effective_broker_url,
        connect=waits.connect_seconds,
        heartbeat=waits.heartbeat_seconds,
        confirm=waits.confirm_seconds,
        watchdog=waits.watchdog_seconds,
    )


def management(settings: Settings) -> Management | None:
    """RabbitMQ's management API; None when the settings name none."""
    url = settings.effective_management_url
    return Management.of(url, settings.effective_broker_url) if url else None


def topology_findings(
    settings: Settings, topology: Topology, lanes: Sequence[str]
) -> list[Finding]:
    """Name everything on the broker that breaks a promise.

    Policies only where the management API is known. Raises BrokerUnreachableError.
    """
    found = admin.check(settings.effective_broker_url, topology, lanes)
    api = management(settings)
    return found + (api.policy_findings(topology, lanes) if api else [])


def require_topology(
    settings: Settings, topology: Topology, lanes: Sequence[str]
) -> None:
    """Refuse to start on a broker that cannot keep our promises.

    Raises TopologyError. A broker that is away is no reason: accepting goes on.
    """
    try:
        found = topology_findings(settings, topology, lanes)
    except admin.BrokerUnreachableError:
        return
    if found:
        first = found[0]
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        msg = (
            f"{first.kind} {first.name}: {first.problem}{more}; "
            f"mend: {first.mend}; all findings: simpul topology check"
        )
        raise TopologyError(msg)
