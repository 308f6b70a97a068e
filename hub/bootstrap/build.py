"""Building one process's objects, and starting and stopping them in order."""

import os
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import SystemRandom

from fastapi import FastAPI
from uuid_utils import uuid7

from connectors.contract import Listener, System
from connectors.protocols.http import deadline
from hub import telemetry
from hub.bootstrap.broker import TopologyError, broker_config, require_topology
from hub.bootstrap.configuration import (
    Configuration,
    load_configuration,
    name_files_without_links,
    name_what_is_wrong,
    party_rows,
    ways_of,
)
from hub.bootstrap.delivering import DeliverWorker
from hub.bootstrap.listening import AgencyEars
from hub.bootstrap.polling import (
    PollWorker,
    Turn,
    askings_of,
    channel_sources,
    source_rows,
    turns_of,
)
from hub.bootstrap.roles import (
    ALL_ROLES,
    Role,
    deliver_lanes,
    every_lane,
    intake_lanes,
    update_lanes,
)
from hub.bootstrap.running import Hub
from hub.bootstrap.sandbox import Sandbox
from hub.bootstrap.shadowing import SHADOW_SECONDS, Shadowing
from hub.bootstrap.store import Store, open_store
from hub.bootstrap.switching import FOLLOW_SECONDS, OlderVersions, Switch
from hub.bootstrap.watching import Watchers
from hub.bootstrap.workers import (
    AskedGauges,
    Gauges,
    Hinting,
    SafetyNet,
    ScheduleThread,
    StageWorker,
    monotonic,
)
from hub.broker.consumer import Crew, HintConsumer
from hub.broker.publisher import Publisher
from hub.broker.topology import NET, POLL, Topology
from hub.database.condition import require_current
from hub.database.due import SqlDue
from hub.database.versions import Mark, mark_of, versions_at
from hub.domain.capping import Caps
from hub.domain.placing import Placing
from hub.settings import Settings
from hub.stages.accept import Accept
from hub.stages.answering import Manner
from hub.stages.attaching import Links
from hub.stages.births import Births
from hub.stages.deadlines import StrikeClocks
from hub.stages.deliver import Deliver, Way
from hub.stages.intake import Intake
from hub.stages.late_hand_over import LateHandOver
from hub.stages.poll import Poll
from hub.stages.reconcile import Reconcile
from hub.stages.schedule import Duty, Schedule, Sweep
from hub.stages.updates import Updates
from hub.web.app import WebDoors, build_app
from hub.web.files import FileDoor
from hub.web.health import Health, build_health_app
from hub.web.server import WebServer
from schemas.parties import PartyKind


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
    store.sources.configure(source_rows(config))
    store.versions.keep(config.roster.contents, "start")
    name_what_is_wrong(config, store.queries.now())
    name_files_without_links(settings, ways)
    return _Builder(
        settings, environ, config, ways, topology, store, roles, mark_of(kept)
    ).build()


def systems_of(config: Configuration) -> dict[str, System]:
    """Name every agency's system that can be used."""
    return {name: agency.system for name, agency in config.agencies.items()}


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
        store.journal.on_accepted = store.sources.told = hinting
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
            Links(settings.server.public_url, settings.files.link_days),
            older,
            store.deadlines,
        )
        self._recover(deliver)
        worker = DeliverWorker(
            deliver, store.cursors, hinting, settings.work.pool_threads
        )
        asker = self._poll_worker(hinting)
        stages = self._stages(sandbox, self.config)
        stage_worker = StageWorker(store.journal, SqlDue(store.db), stages, hinting)
        crews = self._crews(stage_worker, worker, asker)
        consumer = HintConsumer(broker, self.topology, crews)
        accept = Accept(store.journal)
        health = Health(store.queries.ping, publisher, consumer)
        web = self._app(accept, health)
        watchers = Watchers(store.sources)
        ears = AgencyEars()
        if Role.POLL in self.roles:
            ears.listen_to(systems_of(self.config))
            watchers.watch(channel_sources(self.config))

        def use(config: Configuration) -> None:
            ways = ways_of(config)
            self._take_on(consumer, config, ways)
            store.parties.configure(party_rows(config, ways), config.roster.held_back)
            store.sources.configure(source_rows(config))
            stages.update(self._stages(sandbox, config))
            self.ways = ways
            deliver.use(ways)
            asker.use(self._turns(config, asker.stopping))
            if Role.POLL in self.roles:
                ears.listen_to(systems_of(config))
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
            poll_worker=asker,
            schedule=ScheduleThread(
                self._schedule(publisher, deliver, hinting, switch)
            ),
            sandbox=sandbox,
            accept=accept,
            listeners=self._listeners(),
            ears=ears,
            watchers=watchers,
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
            wanted = [lane for group in lanes.values() for lane in group]
            try:
                require_topology(self.settings, self.topology, wanted)
            except TopologyError as error:
                raise ConnectionError(str(error)) from error
        consumer.take_on(lanes)

    def _recover(self, deliver: Deliver) -> None:
        """Take over at once what an embedded hub's earlier life left: it is alone."""
        if self.settings.is_embedded:
            deliver.recover(sole=True)
            self.store.sources.free()
        if not self.settings.on_rabbitmq:
            SqlDue(self.store.db).forget_hints()

    def _poll_worker(self, hinting: Hinting) -> PollWorker:
        stop = threading.Event()
        turns = self._turns(self.config, stop)
        return PollWorker(turns, hinting, stop)

    def _turns(self, config: Configuration, stop: threading.Event) -> dict[str, Turn]:
        store = self.store
        slack = self.settings.work.lease_slack_seconds
        how = (SystemRandom().random, slack, stop.is_set)
        poll = Poll(store.sources, askings_of(config), *how)
        reconcile = Reconcile(
            store.drifts, store.sources, systems_of(config), config.manifests, *how
        )
        return turns_of(config, poll, reconcile)

    def _crews(
        self, worker: StageWorker, deliver: DeliverWorker, asker: PollWorker
    ) -> list[Crew]:
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
            (Role.POLL, Crew("poll", [POLL], asker)),
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
        placing = Placing(config.routing, config.manifests, config.reference)
        return {
            "intake": Intake(
                store.journal,
                sandbox,
                config.routing,
                config.manifests,
                reporters,
                lambda: str(uuid7()),
                config.reference,
                Manner(config.wording, Caps(**dict(self.settings.notices.caps))),
            ),
            "updates": Updates(
                store.journal,
                systems_of(config),
                config.manifests,
                self.settings.work.orphan_waits_seconds,
                Births(placing, config.manifests),
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
                Duty("asked", 15.0, AskedGauges(store.sources, store.drifts)),
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
        files = FileDoor(self.store.linked_files, self._may_have_files)
        doors = web_doors(self.config)
        queries = self.store.queries
        return build_app(doors, accept, queries, health, words, files)

    def _web(self, app: FastAPI | None) -> WebServer | None:
        server = self.settings.server
        return None if app is None else WebServer(app, server.host, server.port)

    def _may_have_files(self, party: str) -> bool:
        way = self.ways.get(party)
        return way is not None and "attachments" in way.allow

    def _metrics(self, health: Health) -> WebServer | None:
        server = self.settings.server
        if server.metrics_port is None:
            return None
        app = build_health_app(health)
        return WebServer(app, server.metrics_host, server.metrics_port)
