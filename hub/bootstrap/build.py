"""Building one process's objects, and starting and stopping them in order."""

import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from uuid_utils import uuid7

from connectors.contract import Listener
from connectors.protocols.http import deadline
from hub import telemetry
from hub.bootstrap.broker import broker_config, require_topology
from hub.bootstrap.configuration import (
    Configuration,
    load_configuration,
    name_what_is_wrong,
    party_rows,
    ways_of,
)
from hub.bootstrap.delivering import DeliverWorker
from hub.bootstrap.memory import calm_collector
from hub.bootstrap.roles import (
    ALL_ROLES,
    Role,
    deliver_lanes,
    every_lane,
    intake_lanes,
    update_lanes,
)
from hub.bootstrap.sandbox import Sandbox
from hub.bootstrap.store import Store, open_store
from hub.bootstrap.workers import (
    Gauges,
    Hinting,
    SafetyNet,
    ScheduleThread,
    StageWorker,
    monotonic,
)
from hub.broker.consumer import Crew, HintConsumer
from hub.broker.publisher import Publisher
from hub.broker.topology import NET, Topology
from hub.database.condition import require_current
from hub.database.due import SqlDue
from hub.domain.placing import Placing
from hub.settings import Settings
from hub.stages.accept import Accept
from hub.stages.births import Births
from hub.stages.deadlines import StrikeClocks
from hub.stages.deliver import Deliver, Way
from hub.stages.intake import Intake
from hub.stages.late_hand_over import LateHandOver
from hub.stages.schedule import Duty, Schedule, Sweep
from hub.stages.updates import Updates
from hub.web.app import WebDoors, build_app
from hub.web.health import Health, build_health_app
from hub.web.server import WebServer
from schemas.parties import PartyKind


@dataclass
class Hub:
    """One running process."""

    store: Store
    config: Configuration
    roles: frozenset[Role]
    publisher: Publisher
    consumer: HintConsumer
    deliver_worker: DeliverWorker
    schedule: ScheduleThread
    sandbox: Sandbox
    accept: Accept
    listeners: Sequence[Listener] = ()
    web: WebServer | None = None
    metrics: WebServer | None = None
    _stopped: bool = field(default=False, repr=False)

    @property
    def http_url(self) -> str:
        """Where the HTTP door is; empty when this process has none."""
        return self.web.url if self.web else ""

    @property
    def metrics_url(self) -> str:
        """Where metrics and health are shown; empty when nowhere."""
        return self.metrics.url if self.metrics else self.http_url

    @property
    def smtp_address(self) -> str:
        """Where mail is taken, `host:port`; empty when e-mail is off."""
        return next((listener.address for listener in self.listeners), "")

    def start(self) -> None:
        """Start working first, then open the doors; raises OSError for a taken port."""
        calm_collector()
        self.publisher.start()
        self.deliver_worker.start()
        self.consumer.start()
        self.schedule.start()
        for listener in self.listeners:
            listener.start(self.accept)
        for server in (self.metrics, self.web):
            if server is not None:
                server.start()

    def stop(self) -> None:
        """Close the doors, finish what runs, give everything back."""
        if self.web is not None:
            self.web.stop()
        for listener in self.listeners:
            listener.stop()
        self.schedule.stop()
        self.consumer.stop()
        self.deliver_worker.stop()
        self.publisher.stop()
        if self.metrics is not None:
            self.metrics.stop()
        self.sandbox.close()
        for agency in self.config.agencies.values():
            close = getattr(agency.system, "close", None)
            if close is not None:
                close()
        self.store.close()


def build_hub(
    settings: Settings,
    environ: Mapping[str, str] | None = None,
    roles: frozenset[Role] = ALL_ROLES,
) -> Hub:
    """Build one process, ready to start.

    On RabbitMQ the topology is checked first. Raises registry.ConfigError,
    TopologyError, NotCurrentError, DatabaseDownError.
    """
    environ = os.environ if environ is None else environ
    deadline.on_sent = _on_sent
    config = load_configuration(settings, environ)
    ways = ways_of(config)
    topology = Topology(
        prefix="" if settings.on_rabbitmq else f"{secrets.token_hex(4)}."
    )
    if settings.on_rabbitmq:
        lanes = every_lane(config.channels, config.agencies, ways)
        require_topology(settings, topology, lanes)
    alone = roles == ALL_ROLES
    if not alone:
        require_current(settings.effective_database_url)
    store = open_store(settings, hinting=settings.work.hints, migrate=alone)
    store.eraser.apply_list()
    store.parties.configure(party_rows(config, ways))
    name_what_is_wrong(config, store.queries.now())
    return _Builder(settings, config, ways, topology, store, roles).build()


def _on_sent() -> None:
    telemetry.point("http.sent")


@dataclass
class _Builder:
    settings: Settings
    config: Configuration
    ways: Mapping[str, Way]
    topology: Topology
    store: Store
    roles: frozenset[Role]

    def build(self) -> Hub:
        settings, store = self.settings, self.store
        broker = broker_config(settings)
        publisher = Publisher(broker, self.topology)
        hinting = Hinting(publisher, on=settings.work.hints)
        store.journal.on_accepted = hinting
        sandbox = Sandbox(
            self.config.channels,
            settings.channels,
            seconds_max=settings.work.item_seconds_max,
            memory_mb_max=settings.work.item_memory_mb_max,
        )
        deliver = Deliver(
            store.cursors, self.ways, monotonic, settings.work.lease_slack_seconds
        )
        self._recover(deliver)
        worker = DeliverWorker(
            deliver, store.cursors, hinting, settings.work.pool_threads
        )
        consumer = HintConsumer(
            broker, self.topology, self._crews(sandbox, hinting, worker)
        )
        accept = Accept(store.journal)
        health = Health(store.queries.ping, publisher, consumer)
        return Hub(
            store=store,
            config=self.config,
            roles=self.roles,
            publisher=publisher,
            consumer=consumer,
            deliver_worker=worker,
            schedule=ScheduleThread(self._schedule(publisher, deliver, hinting)),
            sandbox=sandbox,
            accept=accept,
            listeners=self._listeners(),
            web=self._web(accept, health),
            metrics=self._metrics(health),
        )

    def _recover(self, deliver: Deliver) -> None:
        """Take over at once what an embedded hub's earlier life left: it is alone."""
        if self.settings.is_embedded:
            deliver.recover(sole=True)
        if not self.settings.on_rabbitmq:
            SqlDue(self.store.db).forget_hints()

    def _crews(
        self, sandbox: Sandbox, hinting: Hinting, deliver: DeliverWorker
    ) -> list[Crew]:
        config, roles = self.config, self.roles
        ids_max = self.settings.work.batch_max
        worker = self._stage_worker(sandbox, hinting)
        quick = intake_lanes(config.channels, isolated=False)
        mail = intake_lanes(config.channels, isolated=True)
        updates = update_lanes(config.agencies)
        net = [NET] if self.settings.on_rabbitmq else []
        crews = (
            (Role.INTAKE, Crew("intake", quick, worker, ids_max)),
            (Role.INTAKE, Crew("intake-isolated", mail, worker, ids_max)),
            (Role.UPDATES, Crew("updates", updates, worker, ids_max)),
            (Role.DELIVER, Crew("deliver", deliver_lanes(self.ways), deliver)),
            (Role.SCHEDULE, Crew("net", net, SafetyNet())),
        )
        return [crew for role, crew in crews if role in roles and crew.lanes]

    def _stage_worker(self, sandbox: Sandbox, hinting: Hinting) -> StageWorker:
        config, store = self.config, self.store
        reporters = frozenset(
            p for p, way in self.ways.items() if way.kind is PartyKind.REPORTER
        )
        intake = Intake(
            store.journal,
            sandbox,
            config.routing,
            config.manifests,
            reporters,
            lambda: str(uuid7()),
            config.reference,
            config.wording,
        )
        updates = Updates(
            store.journal,
            {name: agency.system for name, agency in config.agencies.items()},
            config.manifests,
            self.settings.work.orphan_waits_seconds,
            Births(
                Placing(config.routing, config.manifests, config.reference),
                config.manifests,
            ),
        )
        stages: dict[str, Callable[[str, Sequence[str]], int]] = {
            "intake": intake,
            "updates": updates,
        }
        return StageWorker(store.journal, SqlDue(store.db), stages, hinting)

    def _schedule(
        self, publisher: Publisher, deliver: Deliver, hinting: Hinting
    ) -> Schedule:
        work, store = self.settings.work, self.store
        # Every process drains its own spool: it is the one that wrote it.
        duties = [
            Duty("spool", 2.0, store.journal.drain_spool),
            Duty("trim", 600.0, store.edge.trim),
        ]
        if Role.SCHEDULE in self.roles:
            if work.sweep:
                sweep = Sweep(SqlDue(store.db), publisher.publish, work.rehint_seconds)
                duties.insert(0, Duty("sweep", work.sweep_seconds, sweep))
            duties += [
                Duty("recover", 1.0, lambda: deliver.recover(sole=False)),
                Duty("deadlines", 1.0, StrikeClocks(store.clocks, hinting)),
                Duty("partitions", 3600.0, store.partitions.make),
                Duty("seal", 2.0, store.sealer.seal),
                Duty("erase", 2.0, store.eraser.erase_due),
                Duty("gauges", 5.0, Gauges(store.db)),
                self._late_hand_overs(publisher),
            ]
        return Schedule(duties, monotonic)

    def _late_hand_overs(self, publisher: Publisher) -> Duty:
        hinting = Hinting(publisher, on=self.settings.work.hints)
        after = 3600 * self.settings.notices.late_hand_over_hours
        tell = LateHandOver(self.store.hand_overs, hinting, after)
        return Duty("late_hand_overs", min(60.0, after), tell)

    def _listeners(self) -> list[Listener]:
        if Role.MAIL not in self.roles:
            return []
        return [ear for c in self.config.channels.values() for ear in c.listeners()]

    def _web(self, accept: Accept, health: Health) -> WebServer | None:
        if Role.WEB not in self.roles:
            return None
        doors = WebDoors.of(self.config.channels, self.config.agencies)
        words = self.config.wording
        app = build_app(doors, accept, self.store.queries, health, words)
        server = self.settings.server
        return WebServer(app, server.host, server.port)

    def _metrics(self, health: Health) -> WebServer | None:
        server = self.settings.server
        if server.metrics_port is None:
            return None
        app = build_health_app(health)
        return WebServer(app, server.metrics_host, server.metrics_port)
