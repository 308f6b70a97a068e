"""What only RabbitMQ's management API tells: policies, limits of the node."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import httpx2

from hub.broker.admin import BrokerUnreachableError, Finding
from hub.broker.topology import DELIVERY_LIMIT, LENGTH_MAX, Topology

SECONDS_MAX = 10.0
FILES_MIN = 20_000
"""Quorum queues hold files open; with 1,024 and some hundred queues new connections
hang without a line in the log."""

FORBIDDEN = ("message-ttl", "expires", "max-length-bytes")
"""A policy that sets one of them lets hints or whole queues vanish unseen."""
FLOORS: Mapping[str, int] = {"delivery-limit": DELIVERY_LIMIT, "max-length": LENGTH_MAX}
"""The lower of policy and argument counts."""


@dataclass(frozen=True, slots=True)
class Management:
    """The management API of one broker, for one virtual host."""

    url: str
    """`http://user:password@host:15672`."""
    vhost: str

    @classmethod
    def of(cls, url: str, broker_url: str) -> "Management":
        """Take the virtual host from the broker's address."""
        path = urlsplit(broker_url).path
        vhost = path[1:] if len(path) > 1 else "/"
        return cls(url, unquote(vhost))

    def policy_findings(
        self, topology: Topology, lanes: Sequence[str]
    ) -> list[Finding]:
        """Name policies under which a promise cannot be kept.

        Raises BrokerUnreachableError.
        """
        queues = self._queues(topology, lanes)
        return [one for queue in queues for one in _policy_findings(queue)]

    def member_findings(
        self, topology: Topology, lanes: Sequence[str]
    ) -> list[Finding]:
        """Name queues whose nodes are away, so that they take and give nothing.

        Raises BrokerUnreachableError.
        """
        queues = self._queues(topology, lanes)
        return [one for queue in queues for one in _member_findings(queue)]

    def _queues(
        self, topology: Topology, lanes: Sequence[str]
    ) -> list[Mapping[str, Any]]:
        names = {queue.name for queue in topology.queues(lanes)}
        queues = self._get(f"/api/queues/{quote(self.vhost, safe='')}")
        return [queue for queue in queues if queue["name"] in names]

    def files_max(self) -> int | None:
        """Open files that the node may have; None when it does not tell."""
        nodes = self._get("/api/nodes")
        totals = [n["fd_total"] for n in nodes if isinstance(n.get("fd_total"), int)]
        return min(totals, default=None)

    def _get(self, path: str) -> Any:
        try:
            answer = httpx2.get(f"{self.url.rstrip('/')}{path}", timeout=SECONDS_MAX)
            answer.raise_for_status()
            return answer.json()
        except (httpx2.HTTPError, ValueError) as error:
            msg = f"RabbitMQ's management API does not answer ({type(error).__name__})"
            raise BrokerUnreachableError(msg) from error


def _member_findings(queue: Mapping[str, Any]) -> Iterator[Finding]:
    """A quorum queue works while more than half of its members are online."""
    members, online = queue.get("members") or (), queue.get("online") or ()
    if not members or len(online) > len(members) // 2:
        return
    away = ", ".join(sorted(set(members) - set(online)))
    problem = f"{len(online)} of its {len(members)} members are online"
    yield Finding("queue", str(queue["name"]), problem, f"bring back {away}")


def _policy_findings(queue: Mapping[str, Any]) -> Iterator[Finding]:
    effective = queue.get("effective_policy_definition") or {}
    name = str(queue["name"])
    mend = f"change the policy {queue.get('policy') or queue.get('operator_policy')}"
    for key in FORBIDDEN:
        if key in effective:
            yield Finding("queue", name, f"a policy sets {key}: hints vanish", mend)
    for key, floor in FLOORS.items():
        value = effective.get(key)
        if isinstance(value, int) and 0 <= value < floor:
            problem = f"a policy lowers {key} to {value}, {floor} is needed"
            yield Finding("queue", name, problem, mend)
