"""What the doctor looks at on RabbitMQ: contact, topology, policies, open files."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from hub.cli.check import Check

if TYPE_CHECKING:
    from hub.settings import Settings


def examine_broker(settings: "Settings") -> Iterator[Check]:
    """Check the broker; nothing in embedded mode, which has none."""
    if not settings.on_rabbitmq:
        return
    from hub.bootstrap.broker import management, topology_findings
    from hub.bootstrap.lanes import lanes_of
    from hub.broker.admin import BrokerUnreachableError
    from hub.broker.management import FILES_MIN
    from hub.broker.topology import Topology

    lanes = lanes_of(settings)
    try:
        found = topology_findings(settings, Topology(), lanes)
        api = management(settings)
        files = api.files_max() if api else None
        away = api.member_findings(Topology(), lanes) if api else []
    except BrokerUnreachableError as error:
        yield Check("broker", ok=False, detail=str(error))
        return
    yield Check("broker", ok=True, detail="it can be reached")
    detail = (
        f"{len(found)} findings" if found else f"{len(lanes)} lanes as they must be"
    )
    findings = tuple(asdict(one) for one in found)
    yield Check("topology", not found, detail, findings)
    if api is None:
        detail = "not looked at: SIMPUL_BROKER_MANAGEMENT_URL is not set"
        yield Check("policies", ok=True, detail=detail)
        return
    yield Check("policies", ok=True, detail="no policy breaks a promise")
    detail = f"{len(away)} have no majority" if away else "all have their majority"
    yield Check("quorum", not away, detail, tuple(asdict(one) for one in away))
    if files is not None:
        enough = files >= FILES_MIN
        detail = f"the broker may open {files}, {FILES_MIN} are needed"
        yield Check("open files", enough, detail if not enough else f"{files}")
