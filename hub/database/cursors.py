"""Who knows what: leases, the frozen range of a call, and what follows from it."""

import json
import threading
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from connectors.contract import Delivery, File
from hub.database import blobs
from hub.database import tables as t
from hub.database.case_files import read_answer_file, read_case_file
from hub.database.engine import Database, Tx, retrying
from hub.database.leases import (
    answer_cursor,
    cursor_of,
    free_idle_leases,
    lease_lane,
    lost_rows,
    row_key,
)
from hub.database.parties import party_of
from hub.database.settling import Settling
from hub.database.vault import Vault
from hub.domain.delivery import Plan, PlanKind
from hub.ports import CaseFile, Ended, Grant, Lease, LostCall
from schemas.parties import PartyKind


class SqlCursors:
    """The cursors in the database. Implements `hub.ports.Cursors`."""

    def __init__(
        self, db: Database, vault: Vault, *, owner: str, hinting: bool
    ) -> None:
        self._db = db
        self._vault = vault
        self._owner = owner
        self._hinting = hinting
        self._local = threading.local()

    @retrying
    def lease(
        self, lane: str, ids: Sequence[str], slots: int, ttl_seconds: float
    ) -> Grant:
        """Lease due cursors and answers of one lane, as the party permits."""
        with self._db.write() as tx:
            return lease_lane(
                tx,
                self._vault,
                lane,
                ids,
                slots=slots,
                ttl_seconds=ttl_seconds,
                owner=self._owner,
            )

    def lost(self, *, sole: bool) -> list[LostCall]:
        """Take over calls whose outcome nobody wrote, with a new epoch."""
        with self._db.write() as tx:
            if sole:
                free_idle_leases(tx, self._owner)
            rows = lost_rows(tx, self._owner if sole else None)
            return [self._take_over(tx, table, row) for table, row in rows]

    def _take_over(self, tx: Tx, table: sa.Table, row: Any) -> LostCall:
        answer = table is t.answers
        tx.conn.execute(
            sa.update(table)
            .where(*row_key(table, row))
            .values(
                lease_epoch=row.lease_epoch + 1,
                lease_owner=self._owner,
                lease_until=tx.now + timedelta(seconds=60),
            )
        )
        party = tx.conn.execute(
            sa.select(t.parties).where(t.parties.c.party == row.party)
        ).one_or_none()
        lease = Lease(
            cursor=answer_cursor(row)
            if answer
            else cursor_of(tx, self._vault, row, party_of(party) if party else None),
            kind=PartyKind(party.kind) if party else PartyKind.AGENCY,
            lane=row.lane,
            epoch=row.lease_epoch + 1,
            owner=self._owner,
            expires_in_seconds=60,
            answer_no=row.n if answer else None,
        )
        attempt = self._open_attempt(tx, lease)
        return LostCall(
            lease, _plan_of(attempt, lease), attempt.id if attempt else None
        )

    def _open_attempt(self, tx: Tx, lease: Lease) -> Any:
        c = t.attempts.c
        return tx.conn.execute(
            sa.select(c.id, c.step, c.first_seq, c.last_seq)
            .where(
                c.subject_id == lease.cursor.complaint_id,
                c.party == lease.cursor.party,
                c.recipient == lease.cursor.recipient,
                c.ended_at.is_(None),
            )
            .order_by(c.id.desc())
            .limit(1)
        ).one_or_none()

    def case_file(self, lease: Lease) -> CaseFile:
        """Read what the delivery is built from."""
        with self._db.read() as tx:
            if lease.answer_no is not None:
                return read_answer_file(tx, self._vault, lease)
            return read_case_file(tx, self._vault, lease)

    def files(self, lease: Lease, seqs: Iterable[int]) -> tuple[File, ...]:
        """Read the attachments of the events."""
        with self._db.read() as tx:
            return _read_files(tx, self._vault, lease.cursor.complaint_id, list(seqs))

    def key_secret(self) -> bytes:
        """Give the secret of idempotency keys."""
        return self._vault.ring.delivery_secret

    @retrying
    def begin(
        self,
        lease: Lease,
        plan: Plan,
        delivery: Delivery,
        mapping: str,
        needed_seconds: float,
    ) -> str | None:
        """Commit "sending" with an attempt row; returns its id, None: lease lost."""
        table = t.cursors if lease.answer_no is None else t.answers
        values: dict[str, Any] = {"sending_open": True}
        if table is t.cursors and plan.kind is not PlanKind.DEAD_LETTER:
            values |= {
                "sending_from_seq": plan.from_seq,
                "sending_to_seq": plan.to_seq,
                "sending_key": delivery.key,
                "sending_mapping": mapping,
            }
        with self._db.write() as tx:
            held = tx.conn.execute(
                sa.update(table)
                .where(
                    *lease_key(lease),
                    table.c.lease_until > tx.now + timedelta(seconds=needed_seconds),
                )
                .values(**values)
            )
            if held.rowcount != 1:
                return None
            return self._write_attempt(tx, lease, plan, delivery, mapping)

    def _write_attempt(
        self, tx: Tx, lease: Lease, plan: Plan, delivery: Delivery, mapping: str
    ) -> str:
        attempt = str(uuid7())
        key_id = data_key_of(tx, lease)
        key = self._vault.keys(tx.conn, [key_id]).get(key_id)
        request = delivery.model_dump(mode="json", exclude={"files", "progress"})
        sealed = None
        if key is not None:
            place = f"attempts|request|{attempt}"
            sealed = key.seal(place, json.dumps(request, default=str).encode())
        tx.conn.execute(
            sa.insert(t.attempts).values(
                id=attempt,
                subject_id=lease.cursor.complaint_id,
                party=lease.cursor.party,
                recipient=lease.cursor.recipient,
                epoch=lease.epoch,
                step=plan.kind,
                key=delivery.key,
                first_seq=plan.from_seq,
                last_seq=plan.to_seq,
                mapping_version=mapping,
                started_at=tx.now,
                data_key_id=key_id,
                request=sealed,
            )
        )
        return attempt

    @retrying
    def settle(self, group: Sequence[Ended]) -> list[bool]:
        """Write outcomes in one transaction, all or none; idempotent."""
        with self._db.write() as tx:
            settling = Settling(tx, self._vault, hinting=self._hinting)
            kept = settling.run(group)
        self._hints().extend(settling.due)
        return kept

    def _hints(self) -> list[tuple[str, str]]:
        if not hasattr(self._local, "hints"):
            self._local.hints = []
        found: list[tuple[str, str]] = self._local.hints
        return found

    def take_hints(self) -> list[tuple[str, str]]:
        """Take the (lane, id) pairs that this thread's transactions made due."""
        found, self._local.hints = self._hints(), []
        return found


def lease_key(lease: Lease) -> tuple[sa.ColumnElement[bool], ...]:
    """Name the leased row, as long as the lease is ours."""
    cursor = lease.cursor
    if lease.answer_no is not None:
        a = t.answers.c
        return (
            a.journal_id == cursor.complaint_id,
            a.n == lease.answer_no,
            a.lease_epoch == lease.epoch,
        )
    c = t.cursors.c
    return (
        c.complaint_id == cursor.complaint_id,
        c.party == cursor.party,
        c.recipient == cursor.recipient,
        c.lease_epoch == lease.epoch,
    )


def data_key_of(tx: Tx, lease: Lease) -> str:
    """Name the data key that covers what is sent and answered."""
    table = t.complaints if lease.answer_no is None else t.journal
    found = tx.conn.execute(
        sa.select(table.c.data_key_id).where(table.c.id == lease.cursor.complaint_id)
    ).scalar_one()
    return str(found)


def _plan_of(attempt: Any, lease: Lease) -> Plan:
    cursor = lease.cursor
    if attempt is not None:
        kind = PlanKind(attempt.step)
        return Plan(kind, attempt.first_seq, attempt.last_seq, frozen=True)
    first = cursor.sending_from_seq or cursor.delivered_seq + 1
    return Plan(PlanKind.SEND, first, cursor.sending_to_seq or first, frozen=True)


def _read_files(
    tx: Tx, vault: Vault, complaint_id: str, seqs: list[int]
) -> tuple[File, ...]:
    c = t.attachments.c
    rows = tx.conn.execute(
        sa.select(t.attachments)
        .join(t.log, t.log.c.event_id == c.event_id)
        .where(
            c.complaint_id == complaint_id,
            t.log.c.complaint_id == complaint_id,
            t.log.c.seq.in_(seqs),
            c.blob_id.is_not(None),
        )
        .order_by(t.log.c.seq, c.n)
    ).all()
    keys = vault.keys(tx.conn, [row.data_key_id for row in rows])
    found = []
    for row in rows:
        key = keys.get(row.data_key_id)
        if key is None:
            continue
        words = key.open_json(f"attachments|sealed|{row.event_id}.{row.n}", row.sealed)
        found.append(
            File(
                name=words.get("name", ""),
                media_type=row.facts.get("media_type", ""),
                content=blobs.load(tx, key, row.blob_id),
                inline=bool(row.facts.get("inline")),
            )
        )
    return tuple(found)
