"""Erasure: the parties are told, then the data keys are destroyed.

What is under a destroyed key cannot be read in any table. The ids of erased
complaints, and of the messages that were theirs, also go to a list outside the
database: a restored backup is erased again before it is used, and what the edge still
has of them does not come back out of its copies.
"""

from datetime import timedelta
from hashlib import sha256
from uuid import UUID

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub.database import tables as t
from hub.database.audit import note
from hub.database.edge import Copy, Edge
from hub.database.engine import Database, Tx, retrying
from hub.database.erased_list import ErasedList
from hub.database.log import Appender
from hub.database.vault import Vault
from hub.domain.deadlines import Deadlines
from schemas.events import Cause, new_event
from schemas.parties import Author, AuthorKind, CauseKind
from schemas.payloads import Erasure


class Eraser:
    """Requests erasures and carries them out."""

    def __init__(
        self,
        db: Database,
        vault: Vault,
        erased: ErasedList,
        deadlines: Deadlines,
        *,
        grace_hours: float,
        hinting: bool,
    ) -> None:
        self._db = db
        self._vault = vault
        self._erased = erased
        self._deadlines = deadlines
        self._grace = timedelta(hours=grace_hours)
        self._hinting = hinting
        self._old_pages = False

    def request(self, complaint_id: str, by: str, reason: str) -> bool:
        """Tell every party that the data is to go; False when it is not there.

        Idempotent: a second request changes nothing.
        """
        with self._db.write() as tx:
            log = Appender(tx, self._vault, self._deadlines, hinting=self._hinting)
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
            log = Appender(tx, self._vault, self._deadlines, hinting=self._hinting)
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
            self._erased.add(complaint_id, tx.now, _messages_of(tx, complaint_id))
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

    def keep_out(self, edge: Edge) -> int:
        """Let nothing erased come back, before the edge's copies are replayed.

        The list is applied. A message of an erased complaint that the database has
        lost gets its journal row again, as `ignored`: without its raw and under a
        destroyed key, so that it is counted and a repetition of it is known. Returns
        how many; idempotent.
        """
        self.apply_list()
        owners = self._erased.owners()
        if not owners:
            return 0
        accepted = edge.accepted()
        return sum(
            self._bury(copy, owner)
            for _, journal_id, copy in edge.records()
            if copy is not None
            and journal_id in accepted
            and (owner := owners.get(journal_id) or owners.get(copy.complaint_id))
        )

    @retrying
    def _bury(self, copy: Copy, owner: str) -> bool:
        raw, j, k = copy.raw, t.journal.c, t.source_keys.c
        content = self._vault.content_hash(raw.compared)
        key = {
            "source": raw.source,
            "key_hash": self._vault.blind("source_key", raw.source_key),
            "content_hash": content,
        }
        with self._db.write() as tx:
            same = [k[name] == value for name, value in key.items()]
            known = sa.union_all(
                sa.select(j.id).where(j.id == copy.journal_id),
                sa.select(k.journal_id).where(*same),
            )
            if tx.conn.execute(known).first() is not None:
                return False
            expires = tx.now + timedelta(hours=raw.key_hours) if raw.key_hours else None
            data_key = _destroyed_key(tx, owner, self._vault.ring.current)
            code = _keep_code(tx, copy)
            tx.conn.execute(
                sa.insert(t.journal).values(
                    id=copy.journal_id,
                    lane=raw.lane,
                    source=raw.source,
                    received_at=tx.now,
                    state="ignored",
                    why="erased: its complaint was erased, and it came from a copy",
                    data_key_id=data_key,
                    content_hash=content,
                    complaint_id=copy.complaint_id or None,
                    code=code,
                    public_number=copy.public_number or None,
                    raw_sha256=sha256(b"").digest(),
                )
            )
            tx.conn.execute(
                sa.insert(t.source_keys).values(
                    **key, journal_id=copy.journal_id, expires_at=expires
                )
            )
        return True

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


def _messages_of(tx: Tx, complaint_id: str) -> list[str]:
    """Name the messages that go with a complaint: as they came, whole pages."""
    j, k = t.journal.c, t.data_keys.c
    rows = tx.conn.execute(
        sa.select(sa.func.coalesce(j.parent_id, j.id))
        .join(t.data_keys, k.id == j.data_key_id)
        .where(k.complaint_id == complaint_id)
        .distinct()
    )
    return sorted(rows.scalars())


def _keep_code(tx: Tx, copy: Copy) -> str | None:
    """Keep the code that was told from being told again; None: it is another's."""
    c = t.codes.c
    taken = sa.select(c.code).where(c.code == copy.code)
    if not copy.code or tx.conn.execute(taken).first() is not None:
        return None
    tx.conn.execute(
        sa.insert(t.codes).values(code=copy.code, journal_id=copy.journal_id)
    )
    return copy.code


def _destroyed_key(tx: Tx, complaint_id: str, ring_id: UUID) -> str:
    key_id = str(uuid7())
    tx.conn.execute(
        sa.insert(t.data_keys).values(
            id=key_id,
            complaint_id=complaint_id,
            ring_id=str(ring_id),
            destroyed_at=tx.now,
        )
    )
    return key_id


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
        sa.update(t.answers)
        .where(
            t.answers.c.journal_id.in_(
                sa.select(journal.id).where(journal.data_key_id.in_(own))
            )
        )
        .values(contact_index=None, conversation_index=None)
    )
    tx.conn.execute(
        sa.delete(t.contacts).where(t.contacts.c.complaint_id == complaint_id)
    )
    c, d = t.cursors.c, t.dead_letters.c
    theirs = _persons(tx, complaint_id)
    # Whoever follows it is told on: their data are their own.
    _end(tx, c.complaint_id == complaint_id, c.recipient.in_(["", *theirs]))
    own_letters = d.recipient.in_(["", *theirs])
    letters = sa.and_(d.complaint_id == complaint_id, own_letters)
    for leader in _leaders(tx, complaint_id):
        _end(tx, c.complaint_id == leader, c.recipient.in_(theirs))
        told = sa.and_(d.complaint_id == leader, d.recipient.in_(theirs))
        letters = sa.or_(letters, told)
    tx.conn.execute(
        sa.update(t.dead_letters)
        .where(letters, d.state.in_(("open", "requested")))
        .values(
            state="discarded",
            by="erasure",
            reason="the complaint was erased",
            changed_at=tx.now,
        )
    )
    tx.conn.execute(
        sa.update(t.complaints)
        .where(t.complaints.c.id == complaint_id)
        .values(erased_at=tx.now, next_clock_at=None, overdue=False)
    )


def _end(tx: Tx, *where: sa.ColumnElement[bool]) -> None:
    """End cursors: nothing more goes out by them."""
    tx.conn.execute(
        sa.update(t.cursors)
        .where(*where)
        .values(
            state="ended",
            due_at=None,
            progress=None,
            # A call that was lost meanwhile is evidence only: it revives nothing.
            sending_open=False,
            lease_until=None,
            lease_epoch=t.cursors.c.lease_epoch + 1,
        )
    )


def _persons(tx: Tx, complaint_id: str) -> list[str]:
    """The reporters whose data go with a complaint; of its followers, none."""
    c, k = t.reporters.c, t.data_keys.c
    own = sa.select(k.id).where(k.complaint_id == complaint_id)
    query = sa.select(c.id).where(
        c.complaint_id == complaint_id, c.data_key_id.in_(own)
    )
    return [str(one) for one in tx.conn.execute(query).scalars()]


def _leaders(tx: Tx, complaint_id: str) -> list[str]:
    """Name the complaints that it follows, one after the other."""
    c, found = t.complaints.c, []
    leader: str | None = complaint_id
    while leader is not None:
        query = sa.select(c.merged_into).where(c.id == leader)
        leader = tx.conn.execute(query).scalar_one_or_none()
        if leader is not None:
            found.append(str(leader))
    return found
