"""The database of one deployment, with everything that reads and writes it."""

import secrets
from dataclasses import dataclass

from hub.bootstrap.deadlines import load_deadlines
from hub.database.attached import Attachments
from hub.database.casework import SqlCases
from hub.database.clockwork import SqlClocks
from hub.database.condition import has_keys
from hub.database.cursors import SqlCursors
from hub.database.drifts import SqlDrifts
from hub.database.edge import Edge
from hub.database.engine import Database
from hub.database.erased_list import ErasedList
from hub.database.erasure import Eraser
from hub.database.evidence import Evidence
from hub.database.hand_overs import SqlHandOvers
from hub.database.journal import SqlJournal
from hub.database.keyring import Keyring, KeyringError
from hub.database.ledger import SqlLedger
from hub.database.linked import SqlLinkedFiles
from hub.database.migrate import upgrade
from hub.database.operations import Operations
from hub.database.parties import PartyStore
from hub.database.partitions import Partitions
from hub.database.past import SqlPast
from hub.database.quarantine import Quarantine
from hub.database.queries import Queries
from hub.database.routed import SqlTold
from hub.database.seals import Sealer
from hub.database.shadows import Shadows
from hub.database.sources import SqlSources
from hub.database.tracing import Traces
from hub.database.traffic import SqlTraffic
from hub.database.vault import Vault
from hub.database.versions import AgencyVersions
from hub.domain.deadlines import Deadlines
from hub.settings import Settings


@dataclass
class Store:
    """The database with everything that reads and writes it."""

    settings: Settings
    db: Database
    vault: Vault
    edge: Edge
    journal: SqlJournal
    cursors: SqlCursors
    cases: SqlCases
    hand_overs: SqlHandOvers
    deadlines: Deadlines
    clocks: SqlClocks
    sources: SqlSources
    ledger: SqlLedger
    drifts: SqlDrifts
    parties: PartyStore
    queries: Queries
    told: SqlTold
    operations: Operations
    quarantine: Quarantine
    past: SqlPast
    partitions: Partitions
    sealer: Sealer
    attachments: Attachments
    evidence: Evidence
    traces: Traces
    linked_files: SqlLinkedFiles
    eraser: Eraser
    erased: ErasedList
    versions: AgencyVersions
    traffic: SqlTraffic
    shadows: Shadows

    def close(self) -> None:
        """Stop accepting and give every connection back."""
        self.journal.close()
        self.edge.close()
        self.db.close()


def _ring(settings: Settings, *, may_create: bool) -> Keyring:
    """Open the key ring; make one only where nothing was sealed under another.

    Raises KeyringError.
    """
    path = settings.effective_keyring_file
    create = may_create and not path.exists()
    if create and has_keys(settings.effective_database_url):
        msg = (
            f"no key ring at {path}, but the database is sealed under one: "
            "restore it from your backup"
        )
        raise KeyringError(msg)
    return Keyring.open(path, create=create)


def open_store(
    settings: Settings, *, hinting: bool = False, migrate: bool = True
) -> Store:
    """Open the database of these settings; makes the embedded one on first start.

    `hinting` says that this process publishes hints for what it makes due.
    Raises registry.ConfigError when the deadlines' file cannot be used.
    """
    deadlines = load_deadlines(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    url = settings.effective_database_url
    ring = _ring(settings, may_create=settings.is_embedded or migrate)
    vault = Vault(ring)
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
    journal = SqlJournal(db, vault, edge, deadlines, hinting=hinting)
    owner = secrets.token_hex(8)
    return Store(
        settings=settings,
        db=db,
        vault=vault,
        edge=edge,
        journal=journal,
        cursors=SqlCursors(db, vault, deadlines, owner=owner, hinting=hinting),
        cases=SqlCases(db, vault, deadlines, hinting=hinting),
        hand_overs=SqlHandOvers(db, vault, deadlines, hinting=hinting),
        deadlines=deadlines,
        clocks=SqlClocks(db, vault, deadlines, hinting=hinting),
        sources=SqlSources(db, vault, journal, owner=owner),
        ledger=SqlLedger(db, vault),
        drifts=SqlDrifts(db, vault, journal),
        parties=PartyStore(db),
        queries=Queries(db, vault),
        told=SqlTold(db, vault),
        quarantine=Quarantine(db, vault),
        past=SqlPast(db, vault),
        operations=Operations(db, vault, deadlines),
        partitions=Partitions(db),
        sealer=Sealer(db),
        attachments=Attachments(db, vault),
        evidence=Evidence(db, vault),
        traces=Traces(db, vault),
        linked_files=SqlLinkedFiles(db, vault),
        eraser=Eraser(db, vault, erased, deadlines, grace_hours=grace, hinting=hinting),
        erased=erased,
        versions=AgencyVersions(db),
        traffic=SqlTraffic(db, vault),
        shadows=Shadows(db),
    )
