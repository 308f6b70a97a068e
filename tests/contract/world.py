"""One store with the verbs that tests speak in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic import SecretStr
from uuid_utils.compat import uuid7

from connectors.contract import Capabilities, Delivery, Done
from hub.bootstrap import Store, open_store
from hub.database import tables as t
from hub.database.engine import Tx
from hub.database.invariants import check_in, check_invariants
from hub.domain.delivery import Plan, PlanKind
from hub.domain.settlement import Outcome, Settlement
from hub.ports import Ask, Ended, Grant, Lease, NewCase, Sending, Settled
from hub.settings import Edge, Privacy, Settings
from schemas.events import LogEvent, NewEvent
from schemas.raw import RawMessage
from tests.contract.builders import (
    MAIL,
    NEITHER,
    PUPR,
    Words,
    delivery,
    first_events,
    news,
    party_rows,
    raw_message,
    settlement,
    update_message,
)


@dataclass(frozen=True)
class Known:
    """A registered complaint."""

    id: str
    code: str
    reporter_id: str
    journal_id: str


@dataclass(frozen=True)
class Call:
    """A delivery that has begun."""

    lease: Lease
    plan: Plan
    attempt: str


@dataclass
class World:
    """A store on one engine; `down` and `up` take its database away and back."""

    store: Store
    down: Callable[[], object]
    up: Callable[[], object]
    backup: Callable[[], str]
    """Copies the database; returns the copy's address."""
    more: list[Store] = field(default_factory=list)

    def close(self) -> None:
        for store in [self.store, *self.more]:
            store.close()

    def another(self, **changes: Any) -> Store:
        """Open a second store: the same settings, but for the changes."""
        store = open_store(self.store.settings.model_copy(update=changes))
        self.more.append(store)
        return store

    def write_backup(self, path: Path) -> None:
        """Copy an SQLite database as an operator's backup does."""
        with self.store.db.engine.connect() as conn:
            conn.exec_driver_sql("COMMIT")
            conn.exec_driver_sql("VACUUM INTO ?", (str(path),))
            conn.exec_driver_sql("BEGIN")

    # rows

    def write(self, statement: sa.Executable) -> int:
        with self.store.db.write() as tx:
            return int(getattr(tx.conn.execute(statement), "rowcount", 0))

    def rows(self, table: sa.Table, **where: Any) -> list[Any]:
        conditions = [table.c[name] == value for name, value in where.items()]
        query = sa.select(table).where(*conditions)
        with self.store.db.read() as tx:
            key = list(table.primary_key.columns)
            return list(tx.conn.execute(query.order_by(*key)).all())

    def row(self, table: sa.Table, **where: Any) -> Any:
        (found,) = self.rows(table, **where)
        return found

    def cursor(self, known: Known, party: str) -> Any:
        return self.row(t.cursors, complaint_id=known.id, party=party)

    def log(self, known: Known) -> list[Any]:
        return self.rows(t.log, complaint_id=known.id)

    def move_clock(self, seconds: float) -> None:
        step = int(seconds * 1_000_000)
        self.write(sa.update(t.clock).values(offset_us=t.clock.c.offset_us + step))

    def violated(self) -> set[str]:
        store = self.store
        found = check_invariants(store.db, store.edge, store.erased, store.deadlines)
        return {violation.rule for violation in found}

    def violated_after(self, change: Callable[[Tx], None]) -> set[str]:
        """Name the rules that a change would break; then it is taken back."""
        store = self.store
        with store.db.read() as tx:
            now = tx.now
        with store.db.engine.connect() as conn:
            tx = Tx(conn, now, store.db.dialect)
            change(tx)
            found = check_in(tx, store.edge, store.erased, store.deadlines)
            conn.rollback()
        return {violation.rule for violation in found}

    # coming in

    def register(
        self,
        key: str = "k1",
        *,
        agencies: Sequence[str] = (PUPR,),
        words: Words | None = None,
        raw: RawMessage | None = None,
    ) -> Known:
        words = words or Words()
        message = raw or raw_message(key, f"{words.title}: {key}".encode())
        receipt = self.store.journal.accept(message)
        reporter_id = str(uuid7())
        with self.store.journal.claim([receipt.journal_id]) as work:
            (row,) = work.rows
            events = first_events(row, words, reporter_id, agencies)
            work.create(
                NewCase(row, words.complaint, [words.file], events, reporter_id, MAIL)
            )
            work.settle(row, Settled("done", "", "event", row.complaint_id))
        return Known(row.complaint_id, row.code, reporter_id, row.id)

    def append(self, known: Known, *events: NewEvent) -> list[LogEvent]:
        with self.store.journal.claim([]) as work:
            return work.append(known.id, events)

    def say(
        self,
        known: Known,
        agency: str,
        name: str,
        occurrence: str,
        text: str = "",
        body: bytes = b"{}",
    ) -> list[LogEvent]:
        """Let an agency send one update."""
        message = update_message(agency, f"{known.id}:{agency}:{occurrence}", body)
        receipt = self.store.journal.accept(message)
        with self.store.journal.claim([receipt.journal_id]) as work:
            written: list[LogEvent] = []
            for row in work.rows:
                event = news(agency, name, row.id, occurrence, text)
                written = work.append(known.id, [event], adopt=row)
                work.settle(row, Settled("done", "", "event", known.id))
        return written

    # going out

    def lease(self, party: str, ttl: float = 60.0) -> Lease:
        (found,) = self.leases(party, ttl)
        return found

    def leases(self, party: str, ttl: float = 60.0, slots: int = 10) -> list[Lease]:
        return list(self.grant(f"deliver.{party}", [], slots, ttl).leases)

    def grant(
        self, lane: str, ids: Sequence[str], slots: int = 10, ttl: float = 60.0
    ) -> Grant:
        """Ask for one lane."""
        (found,) = self.store.cursors.lease([Ask(lane, ids, slots, ttl)])
        return found

    def begin(self, party: str, kind: PlanKind, key: str = "key-1") -> Call:
        """Lease the one due cursor of a party, and commit the call."""
        lease = self.lease(party)
        cursor = lease.cursor
        first = cursor.sending_from_seq or cursor.delivered_seq + 1
        last = cursor.sending_to_seq or cursor.target_seq
        if kind is PlanKind.DEAD_LETTER:
            first = last = cursor.dead_letter_seq or 0
        plan = Plan(kind, first, last, frozen=cursor.sending_to_seq is not None)
        sent = delivery(lease, cursor.sending_key or key)
        attempt = self.send(lease, plan, sent, 1.0)
        assert attempt is not None
        return Call(lease, plan, attempt)

    def send(
        self, lease: Lease, plan: Plan, sent: Delivery, needed: float
    ) -> str | None:
        """Commit one call; None when its lease is lost or short."""
        cursors = self.store.cursors
        (case,) = cursors.case_files([lease])
        (attempt,) = cursors.begin([Sending(lease, plan, sent, "m1", needed, case)])
        return attempt

    def end(
        self,
        call: Call,
        outcome: Outcome,
        can: Capabilities = NEITHER,
        *,
        age: float = 0.0,
        events: int = 1,
    ) -> tuple[bool, Settlement]:
        found = settlement(call.lease, call.plan, outcome, can, age=age, events=events)
        ended = Ended(call.lease, call.plan, found, call.attempt)
        (kept,) = self.store.cursors.settle([ended])
        return kept, found

    def hand_over(self, party: str = PUPR, reference: str = "PUPR-26-1") -> None:
        """Submit the one due complaint of an agency."""
        call = self.begin(party, PlanKind.SUBMIT)
        kept, _ = self.end(call, Done(reference=reference))
        assert kept


def settings_of(folder: Path, url: str = "") -> Settings:
    """Settings of a test's store, without the environment's and without fsync."""
    return Settings(
        data_dir=folder,
        database_url=SecretStr(url),
        keyring_file=folder / "ring" / "keyring.json",
        erased_file=folder / "kept" / "erased.log",
        edge=Edge(fsync=False),
        privacy=Privacy(erase_after_hours=0),
    )


def open_world(
    folder: Path,
    url: str,
    down: Callable[[], object],
    up: Callable[[], object],
    backup: Callable[[], str],
) -> World:
    store = open_store(settings_of(folder, url))
    store.parties.configure(party_rows())

    def away() -> None:
        store.db.close()
        down()

    return World(store, away, up, backup)
