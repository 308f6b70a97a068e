"""The journal: what came in, committed before the sender is answered."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from connectors.contract import Receiptful
from hub.database import tables as t
from hub.database.accepting import GroupCommitter
from hub.database.edge import ACKED, SEEN, SPOOLED, Copy, Edge
from hub.database.engine import Database, DatabaseDownError, Tx, retrying
from hub.database.rows import read_rows, seal_raw
from hub.database.vault import Vault
from hub.database.work import ClaimedWork
from hub.domain.identity import public_number, tracking_code
from hub.ports import JournalRow, StoreUnavailableError
from schemas.raw import RawMessage


class SqlJournal:
    """The journal in the database, with the edge's copies beside it."""

    def __init__(
        self, db: Database, vault: Vault, edge: Edge, *, hinting: bool
    ) -> None:
        self._db = db
        self._vault = vault
        self._edge = edge
        self._hinting = hinting
        self._local = threading.local()
        self._group = GroupCommitter(self.accept_group)
        self._pending: dict[str, Copy] = edge.spooled()
        self._pending_lock = threading.Lock()
        self.on_accepted: Any = None
        """Called with [(lane, id)] after each group, to hint."""

    # accepting

    def accept(self, raw: RawMessage) -> Receiptful:
        """Commit one raw message; blocks; raises StoreUnavailableError."""
        return self._group.accept(raw)

    def accept_group(self, raws: Sequence[RawMessage]) -> list[Receiptful]:
        """Commit messages together; spools those whose sender will not come back."""
        copies = [self._allot(raw) for raw in raws]
        try:
            self._edge.copy(copies)
        except OSError as error:
            msg = "the edge's disk cannot be written"
            raise StoreUnavailableError(msg) from error
        try:
            return self._commit(copies)
        except DatabaseDownError as error:
            return self._spool(copies, error)

    def _allot(self, raw: RawMessage) -> Copy:
        code = number = complaint_id = ""
        if raw.expects_complaint:
            complaint_id = str(uuid7())
            code, number = self._names(raw, attempt=0)
        return Copy(str(uuid7()), complaint_id, code, number, raw)

    def _names(self, raw: RawMessage, attempt: int) -> tuple[str, str]:
        """Derive code and number from the message's identity.

        A message that is repeated while the database is away gets the same code.
        """
        content = self._vault.content_hash(raw.body).hex()
        seed = f"{raw.source}\x1f{raw.source_key}\x1f{content}\x1f{attempt}"
        entropy = self._vault.blind("code", seed)
        return tracking_code(entropy[:5]), public_number(entropy[5:21])

    @retrying
    def _commit(
        self, copies: Sequence[Copy], *, promised: bool = False
    ) -> list[Receiptful]:
        """Write copies; `promised` says that their senders were told "accepted"."""
        with self._db.write() as tx:
            answers = [self._insert(tx, copy, promised=promised) for copy in copies]
        pairs = list(zip(copies, answers, strict=True))
        ours = {c.journal_id for c, a in pairs if a.journal_id == c.journal_id}
        self._edge.mark(ACKED, sorted(ours))
        others = [c.journal_id for c in copies if c.journal_id not in ours]
        self._edge.mark(SEEN, others)
        if self.on_accepted is not None:
            fresh = [
                (c.raw.lane, c.journal_id)
                for c, a in pairs
                if c.journal_id in ours and a.state in {"new", "revised"}
            ]
            self.on_accepted(fresh)
        return answers

    def _insert(self, tx: Tx, copy: Copy, *, promised: bool) -> Receiptful:
        raw = copy.raw
        key_hash = self._vault.blind("source_key", raw.source_key)
        content_hash = self._vault.content_hash(raw.body)
        known = self._known(tx, raw.source, key_hash)
        if content_hash in known:
            return self._seen(tx, known[content_hash])
        if known and not raw.revisable and not promised:
            first = next(iter(known.values()))
            return Receiptful(state="revised", journal_id=first)
        return self._insert_row(tx, copy, key_hash, content_hash, revised=bool(known))

    def _known(self, tx: Tx, source: str, key_hash: bytes) -> dict[bytes, str]:
        c = t.source_keys.c
        rows = tx.conn.execute(
            sa.select(c.content_hash, c.journal_id, c.expires_at).where(
                c.source == source, c.key_hash == key_hash
            )
        ).all()
        expired = [
            r for r in rows if r.expires_at is not None and r.expires_at <= tx.now
        ]
        if expired:
            tx.conn.execute(
                sa.delete(t.source_keys).where(
                    c.source == source,
                    c.key_hash == key_hash,
                    c.content_hash.in_([r.content_hash for r in expired]),
                )
            )
        return {bytes(r.content_hash): r.journal_id for r in rows if r not in expired}

    def _seen(self, tx: Tx, journal_id: str) -> Receiptful:
        c = t.journal.c
        row = tx.conn.execute(
            sa.update(t.journal)
            .where(c.id == journal_id)
            .values(times_seen=c.times_seen + 1)
            .returning(c.code, c.public_number)
        ).one()
        return Receiptful(
            state="seen",
            journal_id=journal_id,
            code=row.code or "",
            public_number=row.public_number or "",
        )

    def _insert_row(
        self, tx: Tx, copy: Copy, key_hash: bytes, content_hash: bytes, *, revised: bool
    ) -> Receiptful:
        raw = copy.raw
        key, key_row = self._vault.new_key()
        code, number = self._free_names(tx, copy)
        expires = tx.now + timedelta(hours=raw.key_hours) if raw.key_hours else None
        tx.conn.execute(sa.insert(t.data_keys).values(**key_row))
        raw_row = seal_raw(tx, key, copy.journal_id, raw)
        tx.conn.execute(
            sa.insert(t.journal).values(
                id=copy.journal_id,
                lane=raw.lane,
                source=raw.source,
                received_at=tx.now,
                state="new",
                due_at=tx.now,
                hinted_at=tx.now if self._hinting else None,
                data_key_id=key.id,
                content_hash=content_hash,
                complaint_id=copy.complaint_id or None,
                code=code or None,
                public_number=number or None,
                revised=revised,
                raw_sha256=sha256(raw_row["sealed"]).digest(),
            )
        )
        tx.conn.execute(sa.insert(t.journal_raw).values(**raw_row))
        tx.conn.execute(
            sa.insert(t.source_keys).values(
                source=raw.source,
                key_hash=key_hash,
                content_hash=content_hash,
                journal_id=copy.journal_id,
                expires_at=expires,
            )
        )
        state = "revised" if revised else "new"
        return Receiptful(
            state=state, journal_id=copy.journal_id, code=code, public_number=number
        )

    def _free_names(self, tx: Tx, copy: Copy) -> tuple[str, str]:
        code, number = copy.code, copy.public_number
        for attempt in range(1, 20):
            taken = (
                code
                and tx.conn.execute(
                    sa.select(t.journal.c.id).where(t.journal.c.code == code)
                ).first()
            )
            if not taken:
                return code, number
            code, number = self._names(copy.raw, attempt)
        msg = "no free tracking code was found"
        raise StoreUnavailableError(msg)

    # the spool

    def _spool(
        self, copies: Sequence[Copy], error: DatabaseDownError
    ) -> list[Receiptful]:
        if not all(copy.raw.spoolable for copy in copies):
            if len(copies) > 1:
                raise error  # the group is tried again one by one
            raise StoreUnavailableError(str(error)) from error
        self._edge.mark(SPOOLED, [copy.journal_id for copy in copies])
        with self._pending_lock:
            self._pending.update({copy.journal_id: copy for copy in copies})
        return [
            Receiptful(
                state="spooled",
                journal_id=copy.journal_id,
                code=copy.code,
                public_number=copy.public_number,
            )
            for copy in copies
        ]

    def drain_spool(self) -> int:
        """Bring spooled messages into the journal; returns how many."""
        with self._pending_lock:
            waiting = list(self._pending.values())
        for copy in waiting:
            self._commit([copy], promised=True)
            with self._pending_lock:
                self._pending.pop(copy.journal_id, None)
        return len(waiting)

    def replay_edge(self) -> int:
        """Bring accepted copies back that a restored database has lost."""
        copies = [copy for _, _, copy in self._edge.records() if copy is not None]
        accepted = self._edge.accepted()
        with self._db.read() as tx:
            rows = tx.conn.execute(sa.select(t.journal.c.id)).scalars()
            known = set(rows)
        lost = [
            c for c in copies if c.journal_id in accepted and c.journal_id not in known
        ]
        for copy in lost:
            self._commit([copy], promised=True)
        return len(lost)

    # working

    def read(self, ids: Sequence[str]) -> list[JournalRow]:
        """Read rows that are still to be worked, without locks."""
        with self._db.read() as tx:
            return read_rows(tx, self._vault, ids)

    @contextmanager
    def claim(
        self, ids: Sequence[str], contacts: Sequence[tuple[str, str]] = ()
    ) -> Iterator[ClaimedWork]:
        """Lock those rows that are still to be worked, for one transaction."""
        with self._db.write() as tx:
            work = ClaimedWork(tx, self._vault, hinting=self._hinting)
            work.claim(ids, contacts)
            yield work
            due = work.flush()
        self._hints().extend(due)

    @retrying
    def mark_crash(self, row_id: str) -> int:
        """Count one more crash before the row is run alone; returns the count."""
        c = t.journal.c
        with self._db.write() as tx:
            found = tx.conn.execute(
                sa.update(t.journal)
                .where(c.id == row_id)
                .values(crashes=c.crashes + 1)
                .returning(c.crashes)
            ).scalar_one()
        return int(found)

    def _hints(self) -> list[tuple[str, str]]:
        if not hasattr(self._local, "hints"):
            self._local.hints = []
        found: list[tuple[str, str]] = self._local.hints
        return found

    def take_hints(self) -> list[tuple[str, str]]:
        """Take the (lane, id) pairs that this thread's transactions made due."""
        found, self._local.hints = self._hints(), []
        return found

    def close(self) -> None:
        """Stop accepting; what waits is committed first."""
        self._group.close()
