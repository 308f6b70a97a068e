"""Who runs in a round and what else is measured, made of the options."""

from contextlib import ExitStack
from functools import partial

from tests.bench import isolation, targets
from tests.bench.accepting import GROUPS, MAILS, SINGLY, Accepting
from tests.bench.agencies import Agencies
from tests.bench.contender import Servers
from tests.bench.delivering import Delivering
from tests.bench.doors import Doors
from tests.bench.embedded import Embedded
from tests.bench.hub_contenders import Deployment, HubOnRabbitmq, Shape
from tests.bench.latency import Latency
from tests.bench.mails import KINDS, Reading, normalised
from tests.bench.main_job_world import PARTIES
from tests.bench.options import Options
from tests.bench.peers.contenders import LIBRARIES, Peer
from tests.bench.prototype.contender import Ground, Prototype
from tests.bench.stage_alone import StageAlone
from tests.bench.start_time import measure_ratio
from tests.bench.throughput import Entrant, Measure, Plan

MANY_PARTIES = 650
SMALL_BACKLOG, LARGE_BACKLOG = 10_000, 100_000
RATE = 500
"""Complaints a second of the latency."""
Measures = dict[tuple[str, ...], Measure]


def start_agencies(options: Options, stack: ExitStack) -> Agencies | None:
    """Start the agencies, when they are needed.

    Before the servers: a forked process keeps what this one has open, also that whose
    end tells the servers' guards to clean up.
    """
    if not options.groups & {"deliver", "isolation"}:
        return None
    return stack.enter_context(Agencies())


class Planner:
    """Prepares what rounds share."""

    def __init__(
        self, options: Options, servers: Servers, agencies: Agencies | None
    ) -> None:
        self._options = options
        self._servers = servers
        self._agencies = agencies
        self._usual: Deployment | None = None

    def plan(self) -> Plan:
        """Prepare everybody that was asked for."""
        entrants = [
            *self._peers(),
            *self._prototypes(),
            *self._hubs(),
            *self._backlogs(),
            *self._alone(),
        ]
        measures = {
            **self._accepting(),
            **self._at_the_doors(),
            **self._of_agencies(),
        }
        if "start" in self._options.groups:
            starts = self._options.size.starts
            measures[(targets.START,)] = partial(measure_ratio, starts)
        return Plan(entrants, measures)

    def _has(self, *groups: str) -> bool:
        return bool(self._options.groups.intersection(groups))

    def _peers(self) -> list[Entrant]:
        if not self._has("peers"):
            return []
        single = self._options.size.single
        return [Peer(library, self._servers, single) for library in LIBRARIES]

    def _prototypes(self) -> list[Entrant]:
        if not self._has("prototype"):
            return []
        size = self._options.size.batched
        ground = Ground(self._servers, size)
        return [
            Prototype(targets.PROTOTYPE_1, ground, size, 1),
            Prototype(targets.PROTOTYPE_2, ground, size, 2),
        ]

    def _hubs(self) -> list[Entrant]:
        if not self._has("hub", "shapes"):
            return []
        size, usual = self._options.size.batched, self._deployment()
        found: list[Entrant] = [
            HubOnRabbitmq(targets.HUB_1, usual, Shape(size, processes=1)),
            HubOnRabbitmq(targets.HUB_2, usual, Shape(size)),
        ]
        if self._has("shapes"):
            many = Deployment(self._servers, MANY_PARTIES, size)
            found += [
                HubOnRabbitmq(targets.HUB_BATCH_100, usual, Shape(size, batch=100)),
                HubOnRabbitmq(targets.HUB_650, many, Shape(size)),
            ]
        return found

    def _backlogs(self) -> list[Entrant]:
        if not self._has("backlog"):
            return []
        large = Deployment(self._servers, PARTIES, LARGE_BACKLOG)
        return [
            HubOnRabbitmq(targets.HUB_10K, large, Shape(SMALL_BACKLOG)),
            HubOnRabbitmq(targets.HUB_100K, large, Shape(LARGE_BACKLOG)),
        ]

    def _alone(self) -> list[Entrant]:
        size = self._options.size.batched
        found: list[Entrant] = []
        if self._has("stage"):
            found.append(StageAlone(self._servers, size, processes=2))
        if self._has("embedded"):
            found.append(Embedded(size))
        return found

    def _accepting(self) -> Measures:
        if not self._has("accept"):
            return {}
        accepting = Accepting(self._servers)
        seconds = self._options.size.seconds
        return {
            (targets.ACCEPT_GROUPS,): partial(accepting.rate, GROUPS, seconds),
            (targets.ACCEPT_SINGLY,): partial(accepting.rate, SINGLY, seconds),
        }

    def _at_the_doors(self) -> Measures:
        size, found = self._options.size, Measures()
        if self._has("http"):
            doors = Doors(self._servers, self._deployment())
            found[(targets.HTTP_HUB,)] = partial(doors.hub, size.seconds)
            found[(targets.HTTP_PEER,)] = partial(doors.peer, size.seconds)
        if self._has("mail"):
            found |= self._of_mail()
        if self._has("latency"):
            names = (
                targets.LATENCY_50,
                targets.LATENCY_99,
                targets.LATENCY_ACCEPT,
                targets.LATENCY_RATE,
            )
            latency = Latency(self._deployment())
            found[names] = partial(latency.milliseconds, RATE, size.latency_seconds)
        return found

    def _of_mail(self) -> Measures:
        seconds = self._options.size.seconds
        accepting = Accepting(self._servers)
        doors = Doors(self._servers, self._deployment())
        found: Measures = {
            targets.reading(kind): partial(Reading(kind).rates, seconds)
            for kind in KINDS
        }
        found[(targets.ACCEPT_MAILS,)] = partial(accepting.rate, MAILS, seconds)
        found[(targets.SMTP_HUB,)] = partial(doors.smtp, seconds)
        found[targets.NORMALISED] = partial(normalised, seconds)
        return found

    def _of_agencies(self) -> Measures:
        found = Measures()
        if self._agencies is None:
            return found
        if self._has("deliver"):
            count = self._options.size.deliveries
            delivering = Delivering(self._servers, self._agencies, count)
            found[(targets.DELIVER_HUB,)] = delivering.hub
            found[(targets.DELIVER_POOL,)] = delivering.pool
            found[(targets.SETTLE,)] = delivering.settle
        if self._has("isolation"):
            found[(targets.ISOLATION,)] = partial(self._isolation, self._agencies)
        return found

    def _isolation(self, agencies: Agencies) -> float:
        servers = self._servers
        return isolation.run_pair(servers.postgres, servers.rabbitmq, agencies).ratio

    def _deployment(self) -> Deployment:
        """Give the deployment of the usual shape, made once."""
        if self._usual is None:
            needed = self._has("hub", "shapes")
            size = self._options.size.batched if needed else 0
            self._usual = Deployment(self._servers, PARTIES, size)
        return self._usual
