"""The lives of one hub process over one database, under a clock that is moved."""

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from hub.bootstrap import Store, open_store
from hub.database import tables as t
from hub.database.due import SqlDue
from hub.database.keyring import Keyring
from hub.ports import Ask, CaseFile, Ended, Grant, KeptFile, Lease, LostCall, Sending
from hub.stages.deliver import Deliver, Way
from tests.contract.builders import LIMITS, party_rows
from tests.contract.delivery_machine.home import Home
from tests.contract.delivery_machine.ledger import Ledger
from tests.contract.delivery_machine.party import Fate, Point
from tests.contract.world import Known, World, settings_of

SLACK_SECONDS = 5.0
LEASE_SECONDS = 2 * LIMITS.deadline_seconds + SLACK_SECONDS
MAPPING = "m1"


def _never() -> str:
    msg = "the database of this world is never taken away"
    raise AssertionError(msg)


def world_of(store: Store) -> World:
    """Give a store the verbs of the contract tests."""
    return World(store, _never, _never, _never)


def open_at(home: Home, folder: Path, url: str) -> Store:
    """Open the store of a data directory; its clock stands."""
    store = open_store(settings_of(folder, url), hinting=True, migrate=False)
    home.open(store.db)
    return store


@dataclass(frozen=True)
class Template:
    """A data directory with one registered complaint, ready to be copied."""

    home: Home
    folder: Path
    url: str
    known: Known

    @classmethod
    def make(cls, home: Home, folder: Path, party: str) -> "Template":
        """Make it; the party is the only one that is configured."""
        folder.mkdir()
        url = home.make(folder)
        Keyring.open(settings_of(folder, url).effective_keyring_file, create=True)
        store = open_at(home, folder, url)
        store.parties.configure(r for r in party_rows() if r["party"] == party)
        known = world_of(store).register("first")
        store.close()
        return cls(home, folder, url, known)

    def copy_to(self, folder: Path) -> str:
        """Make a data directory of one's own; returns its database's address."""
        shutil.copytree(self.folder, folder)
        return self.home.copy(self.url, folder)


class WatchedCursors:
    """The store's cursors under a watchful eye. Implements `hub.ports.Cursors`."""

    def __init__(self, store: Store, ledger: Ledger, fate: Fate) -> None:
        self._store = store
        self._inner = store.cursors
        self._ledger = ledger
        self._fate = fate
        self._keys: dict[str, str] = {}

    def lease(self, asks: Sequence[Ask]) -> list[Grant]:
        """Lease, and write the holders down."""
        found = self._inner.lease(asks)
        leases = [lease for grant in found for lease in grant.leases]
        for lease in leases:
            self._ledger.took(lease)
        self._ledger.leases += len(leases)
        if leases:
            self._fate.reach(Point.AFTER_LEASE)
        return found

    def lost(self, *, sole: bool) -> list[LostCall]:
        """Take lost calls over, and write the new holder down."""
        found = self._inner.lost(sole=sole)
        for call in found:
            self._ledger.took(call.lease)
            if call.attempt is not None:
                self._keys[call.attempt] = call.lease.cursor.sending_key
        return found

    def case_files(self, leases: Sequence[Lease]) -> list[CaseFile]:
        """Read what the deliveries are built from."""
        return self._inner.case_files(leases)

    def files(self, lease: Lease, seqs: Iterable[int]) -> list[KeptFile]:
        """Name attachments."""
        return self._inner.files(lease, seqs)

    def contents(self, files: Sequence[KeptFile]) -> list[bytes]:
        """Read attachments."""
        return self._inner.contents(files)

    def key_secret(self) -> bytes:
        """The secret of idempotency keys."""
        return self._inner.key_secret()

    def begin(self, group: Sequence[Sending]) -> list[str | None]:
        """Commit the calls, and write them down."""
        attempts = self._inner.begin(group)
        for one, attempt in zip(group, attempts, strict=True):
            if attempt is not None:
                self._keys[attempt] = one.delivery.key
                self._ledger.began(one.lease, one.plan, one.delivery, attempt)
        if any(attempts):
            self._fate.reach(Point.AFTER_BEGIN)
        return attempts

    def settle(self, group: Sequence[Ended]) -> list[bool]:
        """Write the outcomes; a loser's must change nothing but its attempt."""
        self._fate.reach(Point.BEFORE_SETTLE)
        before = [self._row(ended.lease) for ended in group]
        kept = self._inner.settle(group)
        for ended, row, heard in zip(group, before, kept, strict=True):
            self._judge(ended, row, heard=heard)
        self._fate.reach(Point.AFTER_SETTLE)
        return kept

    def _judge(self, ended: Ended, before: Any, *, heard: bool) -> None:
        lease, attempt = ended.lease, ended.attempt
        holds = bool(before.lease_epoch == lease.epoch)
        assert heard is holds, "who holds the lease is not who is heard"
        if heard:
            key = self._keys.get(attempt or "", "")
            self._ledger.settled(lease, key, ended.settlement, attempt)
        else:
            assert self._row(lease) == before, "a loser changed the cursor"
            assert self._is_evidence(attempt), "a loser's outcome is not kept"

    def take_hints(self) -> list[tuple[str, str]]:
        """Take what became due."""
        return self._inner.take_hints()

    def _row(self, lease: Lease) -> Any:
        cursor, c, a = lease.cursor, t.cursors.c, t.answers.c
        query: sa.Select[Any] = sa.select(t.cursors).where(
            c.complaint_id == cursor.complaint_id,
            c.party == cursor.party,
            c.recipient == cursor.recipient,
        )
        if lease.answer_no is not None:
            query = sa.select(t.answers).where(
                a.journal_id == cursor.complaint_id, a.n == lease.answer_no
            )
        with self._store.db.read() as tx:
            return tx.conn.execute(query).one()

    def _is_evidence(self, attempt: str | None) -> bool:
        c = t.attempts.c
        query = sa.select(c.evidence_only).where(c.id == attempt)
        with self._store.db.read() as tx:
            return attempt is None or bool(tx.conn.execute(query).scalar_one())


class Life:
    """One life of the process: what `build_hub` makes and does at start."""

    def __init__(
        self, home: Home, store: Store, way: Way, ledger: Ledger, fate: Fate
    ) -> None:
        self.store = store
        self._home = home
        self.world = world_of(self.store)
        self.due = SqlDue(self.store.db)
        self._cursors = WatchedCursors(self.store, ledger, fate)
        self.deliver = self._stage({way.party: way})

    def _stage(self, ways: dict[str, Way]) -> Deliver:
        return Deliver(self._cursors, ways, lambda: 0.0, SLACK_SECONDS)

    def deliver_nothing(self, lane: str) -> None:
        """Work a lane without knowing the way of its party."""
        unaware = self._stage({})
        for lease in unaware.lease(lane, [], 1).leases:
            assert unaware(lease) == "misconfigured"

    def begin(self) -> None:
        """Look into the calls of the earlier life, and take all hints as lost.

        Who is not alone leaves both to the schedule.
        """
        if self._home.sole:
            self.deliver.recover(sole=True)
            self.due.forget_hints()

    def end(self) -> None:
        """Give everything back."""
        self.store.close()
