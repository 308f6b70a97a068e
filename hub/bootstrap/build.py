"""Building one process's objects, and starting and stopping them in order."""

import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from uuid_utils.compat import uuid7

from connectors import registry
from connectors.contract import AgencyConnector, Channel, Listener
from hub.bootstrap.sandbox import Sandbox
from hub.bootstrap.workers import (
    DeliverWorker,
    Hinting,
    ScheduleThread,
    StageWorker,
    monotonic,
)
from hub.broker.consumer import HintConsumer
from hub.broker.publisher import Publisher
from hub.broker.topology import Topology
from hub.database.cursors import SqlCursors
from hub.database.due import SqlDue
from hub.database.edge import Edge
from hub.database.engine import Database
from hub.database.erasure import ErasedList, Eraser
from hub.database.journal import SqlJournal
from hub.database.keyring import Keyring
from hub.database.migrate import upgrade
from hub.database.operations import Operations
from hub.database.parties import PartyStore, config_row
from hub.database.queries import Queries
from hub.database.seals import Sealer
from hub.database.vault import Vault
from hub.settings import Settings
from hub.stages.accept import Accept
from hub.stages.deliver import Deliver, Way, lane_of
from hub.stages.intake import Intake
from hub.stages.schedule import Duty, Schedule, Sweep
from hub.stages.updates import Updates
from hub.web.app import WebDoors, build_app
from hub.web.server import WebServer
from schemas.agency import AgencyManifest, Limits, RoutingTable
from schemas.parties import ChannelName, PartyKind, reporter_party

REPORTER_LIMITS = Limits(deadline_seconds=20, breaker_open_seconds=10)
REPORTER_TITLES = {"email": "E-mail to reporters", "sms": "SMS to reporters"}


@dataclass
class Store:
    """The database with everything that reads and writes it."""

    settings: Settings
    db: Database
    vault: Vault
    edge: Edge
    journal: SqlJournal
    cursors: SqlCursors
    parties: PartyStore
    queries: Queries
    operations: Operations
    sealer: Sealer
    eraser: Eraser
    erased: ErasedList

    def close(self) -> None:
        """Stop accepting and give every connection back."""
        self.journal.close()
        self.edge.close()
        self.db.close()


def open_store(
    settings: Settings, *, hinting: bool = False, migrate: bool = True
) -> Store:
    """Open the database of these settings; makes the embedded one on first start.

    `hinting` says that this process publishes hints for what it makes due.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    embedded = not settings.database_url.get_secret_value()
    ring = Keyring.open(settings.effective_keyring_file, create=embedded or migrate)
    vault = Vault(ring)
    url = settings.effective_database_url
    if migrate:
        upgrade(url)
    db = Database(url)
    edge = Edge(
        settings.data_dir / "edge",
        vault,
        keep_hours=settings.edge.keep_hours,
        fsync=settings.edge.fsync,
    )
    erased = ErasedList(settings.effective_erased_file)
    grace = settings.privacy.erase_after_hours
    return Store(
        settings=settings,
        db=db,
        vault=vault,
        edge=edge,
        journal=SqlJournal(db, vault, edge, hinting=hinting),
        cursors=SqlCursors(db, vault, owner=secrets.token_hex(8), hinting=hinting),
        parties=PartyStore(db),
        queries=Queries(db, vault),
        operations=Operations(db, vault),
        sealer=Sealer(db),
        eraser=Eraser(db, vault, erased, grace_hours=grace, hinting=hinting),
        erased=erased,
    )


@dataclass
class Configuration:
    """Agencies, routing and channels as loaded from files."""

    agencies: Mapping[str, AgencyConnector]
    manifests: Mapping[str, AgencyManifest]
    routing: RoutingTable
    channels: Mapping[str, Channel]


def load_configuration(settings: Settings, environ: Mapping[str, str]) -> Configuration:
    """Load what the files say; raises registry.ConfigError with file and field."""
    folders = [registry.SAMPLES] if settings.with_examples else []
    if settings.agencies_dir is not None:
        folders.append(settings.agencies_dir)
    agencies = registry.load_agencies(folders, environ)
    tables = [f / "routing.toml" for f in folders if (f / "routing.toml").exists()]
    routing = registry.load_routing(tables[-1]) if tables else RoutingTable()
    registry.check_routing(routing, agencies)
    channels = {
        name: registry.channel(name, table, environ)
        for name, table in settings.channels.items()
    }
    manifests = {name: agency.extra["manifest"] for name, agency in agencies.items()}
    return Configuration(agencies, manifests, routing, channels)


def ways_of(config: Configuration) -> dict[str, Way]:
    """Name every way out: agencies' systems and reporters' channels."""
    ways = {
        name: Way(
            party=name,
            kind=config.manifests[name].kind,
            target=agency.system,
            limits=config.manifests[name].limits,
            allow=config.manifests[name].allow,
            mapping_version=agency.mapping_version,
        )
        for name, agency in config.agencies.items()
    }
    for name, channel in config.channels.items():
        target = channel.way_back()
        if target is not None:
            party = reporter_party(ChannelName(name))
            ways[party] = Way(
                party, PartyKind.REPORTER, target, REPORTER_LIMITS, (), "1"
            )
    return ways


def party_rows(config: Configuration, ways: Mapping[str, Way]) -> list[dict[str, Any]]:
    """Make the configured part of every party's row."""
    rows = []
    for name, way in ways.items():
        manifest = config.manifests.get(name)
        channel = name.removeprefix("reporter:")
        rows.append(
            config_row(
                name,
                way.kind,
                title=manifest.title
                if manifest
                else REPORTER_TITLES.get(channel, name),
                lane=lane_of(name),
                limits=way.limits,
                config_version=way.mapping_version,
                wants=manifest.wants if manifest else None,
            )
        )
    return rows


@dataclass
class Hub:
    """One running process in embedded mode."""

    store: Store
    config: Configuration
    publisher: Publisher
    consumers: Sequence[HintConsumer]
    deliver_worker: DeliverWorker
    schedule: ScheduleThread
    listeners: Sequence[Listener]
    web: WebServer
    sandbox: Sandbox
    accept: Accept

    @property
    def http_url(self) -> str:
        """Where the HTTP door is."""
        return self.web.url

    @property
    def smtp_address(self) -> str:
        """Where mail is taken, `host:port`; empty when e-mail is off."""
        return next((listener.address for listener in self.listeners), "")

    def start(self) -> None:
        """Start working first, then open the doors."""
        self.publisher.start()
        for consumer in self.consumers:
            consumer.start()
        self.schedule.start()
        for listener in self.listeners:
            listener.start(self.accept)
        self.web.start()

    def stop(self) -> None:
        """Close the doors, finish what runs, give everything back."""
        self.web.stop()
        for listener in self.listeners:
            listener.stop()
        self.schedule.stop()
        for consumer in self.consumers:
            consumer.stop()
        self.deliver_worker.stop()
        self.publisher.stop()
        self.sandbox.close()
        for agency in self.config.agencies.values():
            close = getattr(agency.system, "close", None)
            if close is not None:
                close()
        self.store.close()


def build_hub(settings: Settings, environ: Mapping[str, str] | None = None) -> Hub:
    """Build one process in embedded mode, ready to start."""
    environ = os.environ if environ is None else environ
    config = load_configuration(settings, environ)
    ways = ways_of(config)
    store = open_store(settings, hinting=settings.work.hints)
    store.eraser.apply_list()
    store.parties.configure(party_rows(config, ways))
    topology = Topology(prefix=f"{secrets.token_hex(4)}.")
    publisher = Publisher(settings.broker_url, topology)
    hinting = Hinting(publisher, on=settings.work.hints)
    store.journal.on_accepted = hinting
    sandbox = Sandbox(
        config.channels,
        settings.channels,
        seconds_max=settings.work.item_seconds_max,
        memory_mb_max=settings.work.item_memory_mb_max,
    )
    deliver = Deliver(store.cursors, ways, monotonic, settings.work.lease_slack_seconds)
    deliver.recover(sole=store.db.dialect == "sqlite")
    SqlDue(store.db).forget_hints()
    deliver_worker = DeliverWorker(
        deliver, store.cursors, hinting, settings.work.pool_threads
    )
    accept = Accept(store.journal)
    doors = WebDoors.of(config.channels, config.agencies)
    app = build_app(doors, accept, store.queries)
    return Hub(
        store=store,
        config=config,
        publisher=publisher,
        consumers=_consumers(
            settings, store, config, ways, topology, sandbox, hinting, deliver_worker
        ),
        deliver_worker=deliver_worker,
        schedule=ScheduleThread(_schedule(settings, store, publisher, deliver)),
        listeners=[ear for c in config.channels.values() for ear in c.listeners()],
        web=WebServer(app, settings.server.host, settings.server.port),
        sandbox=sandbox,
        accept=accept,
    )


def _consumers(
    settings: Settings,
    store: Store,
    config: Configuration,
    ways: Mapping[str, Way],
    topology: Topology,
    sandbox: Sandbox,
    hinting: Hinting,
    deliver_worker: DeliverWorker,
) -> list[HintConsumer]:
    reporters = frozenset(
        p for p, way in ways.items() if way.kind is PartyKind.REPORTER
    )
    intake = Intake(
        store.journal,
        sandbox,
        config.routing,
        config.manifests,
        reporters,
        lambda: str(uuid7()),
    )
    updates = Updates(
        store.journal,
        {name: agency.system for name, agency in config.agencies.items()},
        config.manifests,
        settings.work.orphan_waits_seconds,
    )
    worker = StageWorker(store.journal, {"intake": intake, "updates": updates}, hinting)
    # A mail costs as much as many complaints of other channels: a thread of its own.
    mail = [f"intake.{c}" for c, channel in config.channels.items() if channel.isolated]
    quick = [
        f"intake.{c}" for c, channel in config.channels.items() if not channel.isolated
    ]
    groups: list[tuple[str, list[str], Any]] = [
        ("intake", quick, worker),
        ("intake-isolated", mail, worker),
        ("updates", [f"updates.{name}" for name in config.agencies], worker),
        ("deliver", [lane_of(party) for party in ways], deliver_worker),
    ]
    return [
        HintConsumer(
            settings.broker_url,
            topology,
            lanes,
            handler,
            name=name,
            ids_max=settings.work.batch_max,
        )
        for name, lanes, handler in groups
        if lanes
    ]


def _schedule(
    settings: Settings, store: Store, publisher: Publisher, deliver: Deliver
) -> Schedule:
    work = settings.work
    duties = [
        Duty("recover", 1.0, lambda: deliver.recover(sole=False)),
        Duty("spool", 2.0, store.journal.drain_spool),
        Duty("seal", 2.0, store.sealer.seal),
        Duty("erase", 2.0, store.eraser.erase_due),
        Duty("trim", 600.0, store.edge.trim),
    ]
    if work.sweep:
        sweep = Sweep(SqlDue(store.db), publisher.publish, work.rehint_seconds)
        duties.insert(0, Duty("sweep", work.sweep_seconds, sweep))
    return Schedule(duties, monotonic)
