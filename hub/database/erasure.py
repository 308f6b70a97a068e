"""Erasure: the parties are told, then the data keys are destroyed.

What is under a destroyed key cannot be read in any table. The ids of erased
complaints also go to a list outside the database, so that a restored backup is
erased again before it is used.
"""

import os
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub.database import tables as t
from hub.database.audit import note
from hub.database.engine import Database, Tx
from hub.database.log import Appender
from hub.database.vault import Vault
from schemas.events import Cause, new_event
from schemas.parties import Author, AuthorKind, CauseKind
from schemas.payloads import Erasure


class ErasedList:
    """The append-only list of erased complaints, outside the database."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, complaint_id: str, at: datetime) -> None:
        """Add one id; durable when it returns."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as file:
            file.write(f"{complaint_id} {at.isoformat()}\n")
            file.flush()
            os.fsync(file.fileno())

    def ids(self) -> set[str]:
        """Read every id."""
        if not self.path.exists():
            return set()
        lines = self.path.read_text().splitlines()
        return {line.split()[0] for line in lines if line.strip()}


class Eraser:
    """Requests erasures and carries them out."""

    def __init__(
        self,
        db: Database,
        vault: Vault,
        erased: ErasedList,
        *,
        grace_hours: float,
        hinting: bool,
    ) -> None:
        self._db = db
        self._vault = vault
        self._erased = erased
        self._grace = timedelta(hours=grace_hours)
        self._hinting = hinting
        self._old_pages = False

    def request(self, complaint_id: str, by: str, reason: str) -> bool:
        """Tell every party that the data is to go; False when it is not there.

        Idempotent: a second request changes nothing.
        """
        with self._db.write() as tx:
            log = Appender(tx, self._vault, hinting=self._hinting)
            case = log.open(complaint_id)
            if case is None:
                return False
            if any(e.type == "erasure_requested" for _, e in case.events):
                return True
            event = new_event(
                "erasure_requested",
                Erasure(),
                Author(kind=AuthorKind.OPERATOR, id=by),
                Cause(kind=CauseKind.ACTION, id=str(uuid7())),
                tx.now,
            )
            log.append(case, [event])
            log.flush()
            tx.conn.execute(
                sa.update(t.complaints)
                .where(t.complaints.c.id == complaint_id)
                .values(erasure_due_at=tx.now + self._grace)
            )
            note(
                tx,
                by=by,
                action="erasure_requested",
                subject=complaint_id,
                reason=reason,
            )
        return True

    def erase_due(self) -> int:
        """Erase what every party was told of, or what waited long enough."""
        c = t.complaints.c
        with self._db.read() as tx:
            waiting = (
                tx.conn.execute(
                    sa.select(c.id).where(
                        c.erasure_due_at.is_not(None), c.erased_at.is_(None)
                    )
                )
                .scalars()
                .all()
            )
        done = sum(self._erase(complaint_id) for complaint_id in waiting)
        if done or self._old_pages:
            self._forget_old_pages()
        return done

    def _erase(self, complaint_id: str) -> bool:
        with self._db.write() as tx:
            log = Appender(tx, self._vault, hinting=self._hinting)
            case = log.open(complaint_id)
            if case is None:
                return False
            laggards = sorted(
                c.party for c in case.cursors.values() if c.delivered_seq < c.target_seq
            )
            due = tx.conn.execute(
                sa.select(t.complaints.c.erasure_due_at).where(
                    t.complaints.c.id == complaint_id
                )
            ).scalar_one()
            if due is None or (laggards and due > tx.now):
                return False
            if _is_being_sent(tx, complaint_id):
                return False  # its outcome is written first; then it is tried again
            event = new_event(
                "erased",
                Erasure(laggards=tuple(laggards)),
                Author(kind=AuthorKind.CLOCK, id="erasure"),
                Cause(kind=CauseKind.CLOCK, id=f"erasure:{complaint_id}"[:64]),
                tx.now,
            )
            log.append(case, [event])
            log.flush()
            self._erased.add(complaint_id, tx.now)
            destroy(tx, complaint_id)
        return True

    def apply_list(self) -> int:
        """Erase again what a restored backup brought back; returns how many."""
        brought_back = self.brought_back()
        for complaint_id in brought_back:
            with self._db.write() as tx:
                destroy(tx, complaint_id)
        if brought_back:
            self._forget_old_pages()
        return len(brought_back)

    def brought_back(self) -> list[str]:
        """Name the complaints of the list whose keys still exist."""
        listed = self._erased.ids()
        c = t.data_keys.c
        with self._db.read() as tx:
            alive = set(
                tx.conn.execute(
                    sa.select(c.complaint_id).where(
                        c.complaint_id.is_not(None), c.wrapped.is_not(None)
                    )
                ).scalars()
            )
        return sorted(listed & alive)

    def _forget_old_pages(self) -> None:
        """On SQLite the log of changed pages still holds the wrapped keys: empty it.

        A reader may be in the way; then the next run of `erase_due` tries again.
        """
        if self._db.dialect != "sqlite":
            return
        with self._db.engine.connect() as conn:
            raw = conn.connection.driver_connection
            if raw is None:
                return
            # Writers wait meanwhile, so it waits for readers only briefly.
            patience = raw.execute("PRAGMA busy_timeout").fetchone()[0]
            raw.execute("PRAGMA busy_timeout=200")
            busy = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            raw.execute(f"PRAGMA busy_timeout={patience}")
            self._old_pages = bool(busy)


def _is_being_sent(tx: Tx, complaint_id: str) -> bool:
    c = t.cursors.c
    open_call = sa.select(c.party).where(
        c.complaint_id == complaint_id,
        c.sending_open.is_(True),
        c.lease_until > tx.now,
    )
    return tx.conn.execute(open_call).first() is not None


def destroy(tx: Tx, complaint_id: str) -> None:
    """Destroy every data key of a complaint, and what points to its person."""
    keys, journal = t.data_keys.c, t.journal.c
    own = sa.select(keys.id).where(keys.complaint_id == complaint_id)
    pages = sa.select(journal.parent_id).where(
        journal.data_key_id.in_(own), journal.parent_id.is_not(None)
    )
    page_keys = sa.select(journal.data_key_id).where(journal.id.in_(pages))
    tx.conn.execute(
        sa.update(t.data_keys)
        .where(sa.or_(keys.complaint_id == complaint_id, keys.id.in_(page_keys)))
        .values(wrapped=None, destroyed_at=tx.now)
    )
    tx.conn.execute(
        sa.delete(t.contacts).where(t.contacts.c.complaint_id == complaint_id)
    )
    c = t.cursors.c
    tx.conn.execute(
        sa.update(t.cursors)
        .where(c.complaint_id == complaint_id)
        .values(
            state="ended",
            due_at=None,
            progress=None,
            # A call that was lost meanwhile is evidence only: it revives nothing.
            sending_open=False,
            lease_until=None,
            lease_epoch=c.lease_epoch + 1,
        )
    )
    tx.conn.execute(
        sa.update(t.complaints)
        .where(t.complaints.c.id == complaint_id)
        .values(erased_at=tx.now)
    )
