"""Sources: whom the hub asks, since where, when again, and how it went."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import sqlalchemy as sa

from connectors.contract import OpenCase, Page
from hub.database import tables as t
from hub.database.asked import listed
from hub.database.engine import Database, Tx, retrying
from hub.database.journal import SqlJournal
from hub.database.parties import lock_party, save_party
from hub.database.projection import reference_place
from hub.database.tables.base import ACTIVE as IS_ACTIVE
from hub.database.vault import Vault
from hub.domain.breaker import Breaker, PartyState, next_permit_at, permits, report
from hub.domain.lifecycle import ENDED_CASE
from hub.domain.polling import jumped_back, smoothed_skew
from hub.domain.settlement import PartySignal
from hub.ports import Failure, Kept, Turn

_IDS = UUID("6f1c0d1e-3f0b-5c6e-9a55-2f6d2c6f7a10")
UPDATES, SNAPSHOT, MESSAGES = "updates", "snapshot", "messages"
"""What a source is asked for."""
ACTIVE, OFF = "active", "off"


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One source as the files of a deployment declare it."""

    source: str
    party: str
    kind: str
    lane: str
    every_seconds: float
    config_version: str

    @property
    def id(self) -> str:
        """The same in every process; hints carry it."""
        return source_id(self.source)


def source_id(source: str) -> str:
    """Name a source as hints do."""
    return str(uuid5(_IDS, source))


class SqlSources:
    """Implements `hub.ports.Sources`.

    A source's row is locked before anything else of its transaction.
    """

    def __init__(
        self,
        db: Database,
        vault: Vault,
        journal: SqlJournal,
        *,
        owner: str,
        told: Callable[[list[tuple[str, str]]], None] | None = None,
    ) -> None:
        self._db = db
        self._vault = vault
        self._journal = journal
        self._owner = owner
        self.told = told
        """Called with the (lane, id) pairs of new messages, to hint."""

    # configuration

    @retrying
    def configure(self, rows: Iterable[SourceRow]) -> None:
        """Write what is declared; checkpoints and what was learned are kept.

        One whose file changed is asked at once: it may be mended. Those that are
        declared no more are asked no more.
        """
        wanted = {row.id: row for row in rows}
        with self._db.write() as tx:
            c = t.sources.c
            query = sa.select(t.sources).order_by(c.id).with_for_update()
            known = {row.id: row for row in tx.conn.execute(query)}
            for key, row in sorted(wanted.items()):
                _write(tx, row, known.get(key))
            gone = sorted(known.keys() - wanted.keys())
            tx.conn.execute(
                sa.update(t.sources)
                .where(c.id.in_(gone))
                .values(state=OFF, due_at=None, hinted_at=None)
            )

    @retrying
    def free(self) -> None:
        """End the leases of an earlier life of this process, which was alone."""
        with self._db.write() as tx:
            tx.conn.execute(
                sa.update(t.sources)
                .where(t.sources.c.lease_until.is_not(None))
                .values(lease_until=None, lease_epoch=t.sources.c.lease_epoch + 1)
            )

    def wake(self, source_id: str) -> bool:
        """Let a source be asked now, since it has news; then hint.

        False while somebody asks it, and may be past the news: to be told again.
        """
        lane = self._wake(source_id)
        if lane and self.told is not None:
            self.told([(lane, source_id)])
        return lane is not None

    @retrying
    def _wake(self, source_id: str) -> str | None:
        c, hinting = t.sources.c, self._journal.hinting
        with self._db.write() as tx:
            return tx.conn.execute(
                sa.update(t.sources)
                .where(
                    c.id == source_id,
                    c.state == IS_ACTIVE,
                    sa.or_(c.lease_until.is_(None), c.lease_until < tx.now),
                )
                .values(due_at=tx.now, hinted_at=tx.now if hinting else None)
                .returning(c.lane)
            ).scalar_one_or_none()

    def checkpoint(self, source: str) -> bytes | None:
        """Read how far a source was read; None where nothing was."""
        query = sa.select(t.sources).where(t.sources.c.id == source_id(source))
        with self._db.read() as tx:
            row = tx.conn.execute(query).one_or_none()
        if row is None or row.checkpoint is None:
            return None
        return self._vault.unwrap(_place(row), bytes(row.checkpoint))

    # turns

    @retrying
    def lease(self, source_id: str, ttl_seconds: float) -> Turn | None:
        """Take a due source, and one permit of its party; None where either lacks.

        A paused party is not asked: its source stays due. One that is throttled, or
        has used up its calls, is asked when it may be.
        """
        c = t.sources.c
        with self._db.write() as tx:
            row = tx.conn.execute(
                sa.select(t.sources)
                .where(
                    c.id == source_id,
                    c.state == IS_ACTIVE,
                    c.due_at.is_not(None),
                    c.due_at <= tx.now,
                    sa.or_(c.lease_until.is_(None), c.lease_until < tx.now),
                )
                .with_for_update(key_share=True, skip_locked=True)
            ).one_or_none()
            if row is None:
                return None
            may, at = _permit(tx, row.party)
            if not may:
                if at is not None:
                    _set(tx, row.id, due_at=at, hinted_at=None)
                return None
            epoch = row.lease_epoch + 1
            _set(
                tx,
                row.id,
                lease_until=tx.now + timedelta(seconds=ttl_seconds),
                lease_epoch=epoch,
                lease_owner=self._owner,
            )
            return self._turn(tx, row, epoch)

    def _turn(self, tx: Tx, row: Any, epoch: int) -> Turn:
        checkpoint = None
        if row.checkpoint is not None:
            checkpoint = self._vault.unwrap(_place(row), bytes(row.checkpoint))
        return Turn(
            row.id, row.party, epoch, row.every_s, row.failures, tx.now, checkpoint
        )

    def keep(
        self, turn: Turn, page: Page, wait_seconds: float | None, ttl_seconds: float
    ) -> Kept:
        """Store a page and its checkpoint in one transaction, then hint."""
        kept, due = self._keep(turn, page, wait_seconds, ttl_seconds)
        if due and self.told is not None:
            self.told(due)
        return kept

    @retrying
    def _keep(
        self, turn: Turn, page: Page, wait_seconds: float | None, ttl_seconds: float
    ) -> tuple[Kept, list[tuple[str, str]]]:
        with self._db.write() as tx:
            row = _held(tx, turn)
            if row is None:
                return Kept(None, is_stored=False), []
            due = self._journal.accept_in(tx, page.raws)
            known = None if row.skew_ms is None else row.skew_ms / 1000
            values = {
                "last_success_at": tx.now,
                "failures": 0,
                "is_misconfigured": False,
                "why": "",
            }
            if page.checkpoint is not None:
                values["checkpoint"] = self._vault.wrap(_place(row), page.checkpoint)
            set_back = False
            if page.skew_seconds is not None:
                skew = smoothed_skew(known, page.skew_seconds)
                values["skew_ms"] = round(skew * 1000)
                set_back = jumped_back(known, page.skew_seconds)
            if set_back:
                _compare_now(tx, turn)
            goes_on = wait_seconds is None
            at = tx.now + timedelta(seconds=wait_seconds or 0)
            if goes_on:
                goes_on, later = _permit(tx, turn.party)
                at = later or at
            if goes_on:
                until = tx.now + timedelta(seconds=ttl_seconds)
                _set(tx, turn.id, **values, lease_until=until)
            else:
                _set(tx, turn.id, **values, **_over(at))
            after = self._turn(tx, _held(tx, turn, lock=False), turn.epoch)
        on = after if goes_on else None
        return Kept(on, is_stored=True, new=len(due), jumped_back=set_back), due

    def fail(self, turn: Turn, failure: Failure) -> bool:
        """End a turn that failed; True where the reason is another one than before."""
        changed, due = self._fail(turn, failure)
        if due and self.told is not None:
            self.told(due)
        return changed

    @retrying
    def _fail(self, turn: Turn, failure: Failure) -> tuple[bool, list[tuple[str, str]]]:
        why = failure.why[:300]
        with self._db.write() as tx:
            row = _held(tx, turn)
            if row is None:
                return False, []
            raws = () if failure.unreadable is None else (failure.unreadable,)
            due = self._journal.accept_in(tx, raws)
            _set(
                tx,
                turn.id,
                failures=row.failures + 1,
                is_misconfigured=failure.is_misconfigured,
                why=why,
                **_over(tx.now + timedelta(seconds=failure.wait_seconds)),
            )
            if failure.throttled_seconds is not None:
                _throttle(tx, turn.party, failure.throttled_seconds)
        return why != row.why, due

    # reading

    def open_cases(self, agency: str, after: str, limit: int) -> list[OpenCase]:
        """Read an agency's open cases behind a position, in order; reads only."""
        c, leg = t.cursors.c, t.legs.c
        this_leg = sa.and_(
            leg.complaint_id == c.complaint_id,
            leg.agency == c.party,
            leg.assignment_no == c.assignment_no,
        )
        query = (
            sa.select(c.complaint_id, c.party, c.reference)
            .outerjoin(t.legs, this_leg)  # a platform above has none
            .join(t.complaints, t.complaints.c.id == c.complaint_id)
            .where(
                c.party == agency,
                c.recipient == "",
                c.reference_index.is_not(None),
                leg.closed_seq.is_(None),
                t.complaints.c.status.not_in(ENDED_CASE),
            )
            .order_by(c.complaint_id)
            .limit(limit)
        )
        if after:
            query = query.where(c.complaint_id > after)
        with self._db.read() as tx:
            rows = tx.conn.execute(query).all()
        return [
            OpenCase(
                row.complaint_id,
                self._vault.unwrap(
                    reference_place(row.complaint_id, row.party), row.reference
                ).decode(),
            )
            for row in rows
        ]

    def listed(self) -> list[dict[str, Any]]:
        """List sources, and how it goes with each; ages and skew in seconds."""
        with self._db.read() as tx:
            return listed(tx)


def _place(row: Any) -> str:
    return f"sources|checkpoint|{row.source}"


def _write(tx: Tx, row: SourceRow, known: Any) -> None:
    declared = {
        "party": row.party,
        "kind": row.kind,
        "lane": row.lane,
        "every_s": row.every_seconds,
        "config_version": row.config_version,
        "state": ACTIVE,
    }
    next_at = tx.now + timedelta(seconds=row.every_seconds)
    if known is None:
        # Nothing is compared with an agency that has nothing yet.
        first = next_at if row.kind == SNAPSHOT else tx.now
        more = {"id": row.id, "source": row.source, "since": tx.now, "due_at": first}
        tx.conn.execute(sa.insert(t.sources).values(**declared, **more))
        return
    changed = known.config_version != row.config_version
    if changed and row.kind != SNAPSHOT:
        next_at = tx.now
    if known.due_at is None or known.due_at > next_at:
        declared |= {"due_at": next_at, "hinted_at": None}
    _set(tx, row.id, **declared)


def _set(tx: Tx, source_id: str, **values: Any) -> None:
    tx.conn.execute(
        sa.update(t.sources).where(t.sources.c.id == source_id).values(**values)
    )


def _over(due_at: datetime) -> dict[str, Any]:
    return {"lease_until": None, "due_at": due_at, "hinted_at": None}


def _held(tx: Tx, turn: Turn, *, lock: bool = True) -> Any:
    """Lock the source of a turn; None where somebody else has it by now."""
    c = t.sources.c
    query = sa.select(t.sources).where(
        c.id == turn.id, c.lease_epoch == turn.epoch, c.lease_until.is_not(None)
    )
    if lock:
        return tx.conn.execute(query.with_for_update(key_share=True)).one_or_none()
    return tx.conn.execute(sa.select(t.sources).where(c.id == turn.id)).one()


def _permit(tx: Tx, name: str) -> tuple[bool, datetime | None]:
    """Take one call of a party's: whether it may be made, else when to ask again.

    An open breaker is no reason: asking is harmless, and it is not the probe.
    """
    party = lock_party(tx, name)
    if party is None:
        return True, None
    if party.state is PartyState.PAUSED:
        return False, None
    is_throttled = party.throttled_until is not None and tx.now < party.throttled_until
    if party.breaker is not Breaker.CLOSED and not is_throttled:
        return True, None
    granted, after = permits(party, 1, tx.now, 0)
    save_party(tx, party, after)
    return bool(granted), None if granted else next_permit_at(after, tx.now)


def _throttle(tx: Tx, name: str, seconds: float) -> None:
    party = lock_party(tx, name)
    if party is not None:
        signal = PartySignal.THROTTLED
        save_party(tx, party, report(party, signal, tx.now, wait_seconds=seconds))


def _compare_now(tx: Tx, turn: Turn) -> None:
    """A clock that was set back may hide updates: compare the cases themselves."""
    c = t.sources.c
    tx.conn.execute(
        sa.update(t.sources)
        .where(c.party == turn.party, c.kind == SNAPSHOT, c.state == IS_ACTIVE)
        .values(due_at=tx.now, hinted_at=None)
    )
