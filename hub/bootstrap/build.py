"""Building one process's objects, and starting and stopping them in order."""

import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from fastapi import FastAPI
from uuid_utils import uuid7

from connectors.contract import Listener
from connectors.protocols.http import deadline
from hub import telemetry
from hub.bootstrap.broker import TopologyError, broker_config, require_topology
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
from hub.bootstrap.shadowing import SHADOW_SECONDS, Shadowing
from hub.bootstrap.store import Store, open_store
from hub.bootstrap.switching import FOLLOW_SECONDS, OlderVersions, Switch, close_all
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
from hub.database.versions import Mark, mark_of, versions_at
from hub.settings import Settings
from hub.stages.accept import Accept
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
    switch: Switch | None = None
    older: OlderVersions | None = None
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
        config = self.switch.config if self.switch else self.config
        close_all(agency.system for agency in config.agencies.values())
        for keeper in (self.switch, self.older):
            if keeper is not None:
                keeper.close()
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
    kept = versions_at(settings.effective_database_url)
    config = load_configuration(settings, environ, kept)
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
    if (current := store.versions.current()) != kept:  # upgraded, or applied just now
        kept = current
        config = load_configuration(settings, environ, kept)
        ways = ways_of(config)
    store.parties.configure(party_rows(config, ways), config.roster.held_back)
    store.versions.keep(config.roster.contents, "start")
    name_what_is_wrong(config, store.queries.now())
    return _Builder(
        settings, environ, config, ways, topology, store, roles, mark_of(kept)
    ).build()


def web_doors(config: Configuration) -> WebDoors:
    """Name every way in; those of agencies that cannot be used are closed."""
    return WebDoors.of(config.channels, config.agencies, list(config.roster.failures))


def _on_sent() -> None:
    telemetry.point("http.sent")


@dataclass
class _Builder:
    settings: Settings
    environ: Mapping[str, str]
    config: Configuration
    ways: Mapping[str, Way]
    topology: Topology
    store: Store
    roles: frozenset[Role]
    mark: Mark

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
        older = OlderVersions(settings, self.environ, store.versions)
        deliver = Deliver(
            store.cursors,
            self.ways,
            monotonic,
            settings.work.lease_slack_seconds,
            older,
        )
        self._recover(deliver)
        worker = DeliverWorker(
            deliver, store.cursors, hinting, settings.work.pool_threads
        )
        stages = self._stages(sandbox, self.config)
        stage_worker = StageWorker(store.journal, SqlDue(store.db), stages, hinting)
        consumer = HintConsumer(
            broker, self.topology, self._crews(stage_worker, worker)
        )
        accept = Accept(store.journal)
        health = Health(store.queries.ping, publisher, consumer)
        web = self._app(accept, health)

        def use(config: Configuration) -> None:
            ways = ways_of(config)
            self._take_on(consumer, config, ways)
            store.parties.configure(party_rows(config, ways), config.roster.held_back)
            stages.update(self._stages(sandbox, config))
            deliver.use(ways)
            if web is not None:
                doors = web_doors(config)
                web.state.doors.replace(doors.doors, doors.closed)

        switch = Switch(
            settings, self.environ, store.versions, self.config, use, self.mark
        )
        return Hub(
            store=store,
            config=self.config,
            roles=self.roles,
            publisher=publisher,
            consumer=consumer,
            deliver_worker=worker,
            schedule=ScheduleThread(
                self._schedule(publisher, deliver, hinting, switch)
            ),
            sandbox=sandbox,
            accept=accept,
            listeners=self._listeners(),
            web=self._web(web),
            metrics=self._metrics(health),
            switch=switch,
            older=older,
        )

    def _take_on(
        self, consumer: HintConsumer, config: Configuration, ways: Mapping[str, Way]
    ) -> None:
        """Consume the lanes of agencies that came; `agencies apply` made the queues.

        Raises ConnectionError where they are not there: then nothing is switched yet.
        """
        lanes = {
            "updates": update_lanes(config.agencies),
            "deliver": deliver_lanes(ways),
        }
        if self.settings.on_rabbitmq:
            wanted = [*lanes["updates"], *lanes["deliver"]]
            try:
                require_topology(self.settings, self.topology, wanted)
            except TopologyError as error:
                raise ConnectionError(str(error)) from error
        consumer.take_on(lanes)

    def _recover(self, deliver: Deliver) -> None:
        """Take over at once what an embedded hub's earlier life left: it is alone."""
        if self.settings.is_embedded:
            deliver.recover(sole=True)
        if not self.settings.on_rabbitmq:
            SqlDue(self.store.db).forget_hints()

    def _crews(self, worker: StageWorker, deliver: DeliverWorker) -> list[Crew]:
        config, roles = self.config, self.roles
        ids_max = self.settings.work.batch_max
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
        grows = {"updates", "deliver"}  # agencies may come while it runs
        return [
            crew
            for role, crew in crews
            if role in roles and (crew.lanes or crew.name in grows)
        ]

    def _stages(
        self, sandbox: Sandbox, config: Configuration
    ) -> dict[str, Callable[[str, Sequence[str]], int]]:
        store = self.store
        reporters = frozenset(
            p for p, way in self.ways.items() if way.kind is PartyKind.REPORTER
        )
        return {
            "intake": Intake(
                store.journal,
                sandbox,
                config.routing,
                config.manifests,
                reporters,
                lambda: str(uuid7()),
                config.reference,
                config.wording,
            ),
            "updates": Updates(
                store.journal,
                {name: agency.system for name, agency in config.agencies.items()},
                config.manifests,
                self.settings.work.orphan_waits_seconds,
            ),
        }

    def _schedule(
        self,
        publisher: Publisher,
        deliver: Deliver,
        hinting: Hinting,
        switch: Switch,
    ) -> Schedule:
        work, store = self.settings.work, self.store
        # Every process drains its own spool: it is the one that wrote it.
        duties = [
            Duty("spool", 2.0, store.journal.drain_spool),
            Duty("trim", 600.0, store.edge.trim),
            Duty("switch", FOLLOW_SECONDS, switch),
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
                Duty("shadow", SHADOW_SECONDS, Shadowing(store, self.environ)),
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

    def _app(self, accept: Accept, health: Health) -> FastAPI | None:
        if Role.WEB not in self.roles:
            return None
        words = self.config.wording
        doors = web_doors(self.config)
        return build_app(doors, accept, self.store.queries, health, words)

    def _web(self, app: FastAPI | None) -> WebServer | None:
        server = self.settings.server
        return None if app is None else WebServer(app, server.host, server.port)

    def _metrics(self, health: Health) -> WebServer | None:
        server = self.settings.server
        if server.metrics_port is None:
            return None
        app = build_health_app(health)
        return WebServer(app, server.metrics_host, server.metrics_port)
