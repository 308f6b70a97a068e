"""The journal: what came in, committed before the sender is answered."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import sqlalchemy as sa
from tenacity import (
    Retrying,
    retry_if_exception,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)
from uuid_utils import uuid7

from connectors.contract import Receiptful
from hub import telemetry
from hub.database import tables as t
from hub.database.accepted import AcceptedGroup
from hub.database.accepting import GroupCommitter
from hub.database.edge import ACKED, SEEN, SPOOLED, Copy, Edge
from hub.database.engine import (
    Database,
    DatabaseDownError,
    Tx,
    is_transient,
    retrying,
)
from hub.database.hot.writing import RowGoneError
from hub.database.moulds import Moulds
from hub.database.persons import Fingerprint, fingerprint
from hub.database.rows import read_rows
from hub.database.vault import Vault
from hub.database.work import ClaimedWork
from hub.domain.deadlines import Deadlines
from hub.domain.identity import public_number, tracking_code
from hub.ports import JournalRow, Result, StoreUnavailableError, Work
from schemas.complaint import NewComplaint
from schemas.raw import RawMessage

TRIES_MAX = 3
"""Of one batch, before its stage looks for the row that is in the way."""

_TRIES = Retrying(
    retry=retry_if_exception(is_transient) | retry_if_exception_type(RowGoneError),
    stop=stop_after_attempt(TRIES_MAX),
    wait=wait_random_exponential(multiplier=0.02, max=0.5),
    reraise=True,
)


class SqlJournal:
    """The journal in the database, with the edge's copies beside it."""

    def __init__(
        self,
        db: Database,
        vault: Vault,
        edge: Edge,
        deadlines: Deadlines,
        *,
        hinting: bool,
    ) -> None:
        self._db = db
        self._vault = vault
        self._deadlines = deadlines
        self._edge = edge
        self._hinting = hinting
        self._moulds = Moulds()
        self._local = threading.local()
        self._group = GroupCommitter(self.accept_group)
        self._pending: dict[str, Copy] = edge.spooled()
        self._pending_lock = threading.Lock()
        self.on_accepted: Any = None
        """Called with [(lane, id)] after each group, to hint."""

    # accepting

    @property
    def hinting(self) -> bool:
        """True where this process hints what it makes due."""
        return self._hinting

    def accept(self, raw: RawMessage) -> Receiptful:
        """Commit one raw message; blocks; raises StoreUnavailableError."""
        return self._group.accept(raw)

    def accept_soon(self, raw: RawMessage) -> "Future[Receiptful]":
        """Have one raw message committed; never blocks."""
        return self._group.submit(raw)

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

    def accept_in(self, tx: Tx, raws: Sequence[RawMessage]) -> list[tuple[str, str]]:
        """Write messages within somebody's transaction; returns (lane, id) of new ones.

        Without copies at the edge: whoever was asked for them has them still. What is
        known is not counted, since every page repeats some: to count a row is to lock
        it, and whoever works it just then would pass it by.
        """
        if not raws:
            return []
        group = AcceptedGroup(
            tx, self._vault, self._names, hinting=self._hinting, counts_seen=False
        )
        answers = group.accept([self._allot(raw) for raw in raws], promised=True)
        return [
            (raw.lane, answer.journal_id)
            for raw, answer in zip(raws, answers, strict=True)
            if answer.state in {"new", "revised"}
        ]

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
        content = self._vault.content_hash(raw.compared).hex()
        seed = f"{raw.source}\x1f{raw.source_key}\x1f{content}\x1f{attempt}"
        entropy = self._vault.blind("code", seed)
        return tracking_code(entropy[:5]), public_number(entropy[5:21])

    @retrying
    def _commit(
        self, copies: Sequence[Copy], *, promised: bool = False
    ) -> list[Receiptful]:
        """Write copies; `promised` says that their senders were told "accepted"."""
        with self._db.write() as tx:
            group = AcceptedGroup(tx, self._vault, self._names, hinting=self._hinting)
            answers = group.accept(copies, promised=promised)
        pairs = list(zip(copies, answers, strict=True))
        ours = {c.journal_id for c, a in pairs if a.journal_id == c.journal_id}
        self._note(ACKED, sorted(ours))
        self._note(SEEN, [c.journal_id for c in copies if c.journal_id not in ours])
        if self.on_accepted is not None:
            fresh = [
                (c.raw.lane, c.journal_id)
                for c, a in pairs
                if c.journal_id in ours and a.state in {"new", "revised"}
            ]
            self.on_accepted(fresh)
        return answers

    def _note(self, kind: bytes, ids: Sequence[str]) -> None:
        """Mark copies of what is committed; a full disk changes nothing about that."""
        if not ids:
            return
        try:
            self._edge.mark(kind, ids)
        except OSError as error:
            telemetry.log.error("edge_not_marked", copies=len(ids), error=error)

    # the spool

    def _spool(
        self, copies: Sequence[Copy], error: DatabaseDownError
    ) -> list[Receiptful]:
        if not all(copy.raw.spoolable for copy in copies):
            if len(copies) > 1:
                raise error  # the group is tried again one by one
            raise StoreUnavailableError(str(error)) from error
        try:
            self._edge.mark(SPOOLED, [copy.journal_id for copy in copies])
        except OSError as away:
            msg = "neither the database nor the edge's disk can be written"
            raise StoreUnavailableError(msg) from away
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

    def work(
        self,
        ids: Sequence[str],
        do: Callable[[Work], Result],
        contacts: Sequence[tuple[str, str]] = (),
        complaints: Sequence[NewComplaint] = (),
    ) -> Result:
        """Claim rows and let `do` work them; tried again after a conflict."""
        prints = {id(c): fingerprint(self._vault, c) for c in complaints}
        for attempt in _TRIES.copy():
            with attempt, self._claim(ids, contacts, prints) as work:
                result = do(work)
        return result

    def claim(
        self, ids: Sequence[str], contacts: Sequence[tuple[str, str]] = ()
    ) -> AbstractContextManager[ClaimedWork]:
        """Lock those rows that are still to be worked, for one transaction."""
        return self._claim(ids, contacts, {})

    @contextmanager
    def _claim(
        self,
        ids: Sequence[str],
        contacts: Sequence[tuple[str, str]],
        prints: Mapping[int, Fingerprint],
    ) -> Iterator[ClaimedWork]:
        with self._db.write() as tx:
            work = ClaimedWork(
                tx,
                self._vault,
                prints,
                self._moulds,
                self._deadlines,
                hinting=self._hinting,
            )
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
