"""Past messages of the intake lanes: read again beside whoever works, one by one."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from connectors.contract import Reply
from hub.database import tables as t
from hub.database.again import work_rows_again
from hub.database.audit import note
from hub.database.engine import Database, Tx, retrying
from hub.database.kept_words import read_kept
from hub.database.rows import open_row
from hub.database.traffic import first_id
from hub.database.vault import Vault
from hub.domain.identity import SURE, contact_form, read_code
from hub.domain.quarantine import cause_of
from hub.domain.readings import Became, Named, Was
from hub.ports.again import Past, Which

PAGE = 200
"""Rows whose settlements are read at once; their messages are opened one by one."""
READ_ANEW = "read anew"
"""Why such a row is worked: nobody looked at it as an officer does."""
FOLLOWED_MAX = 20
"""Merges that are followed from one complaint to the next."""


class SqlPast:
    """Implements `hub.ports.again.PastMessages`."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def past(self, which: Which) -> Iterator[Past]:
        """Read messages without any lock, one in memory at a time."""
        left, after = which.limit, ""
        while left > 0:
            size = min(PAGE, left)
            with self._db.read() as tx:
                rows = tx.conn.execute(_page(which, after).limit(size)).all()
            for settled in rows:
                with self._db.read() as tx:
                    past = self._past(tx, settled)
                if past is not None:  # a month that was let go meanwhile
                    yield past
            if len(rows) < size:
                return
            left, after = left - size, rows[-1].id

    def _past(self, tx: Tx, settled: Any) -> Past | None:
        row = open_row(tx, self._vault, settled.id)
        if row is None:
            return None
        has_words = row.raw is not None
        return Past(row, settled.state, self._was(tx, settled) if has_words else None)

    def _was(self, tx: Tx, settled: Any) -> Was | None:
        """Say what a row became; None where the words of that are gone."""
        rule = settled.why.partition(":")[0]
        match settled.state, settled.result_kind:
            case "quarantined", _:
                return Was(Became.QUARANTINED, cause_of(settled.why))
            case "ignored", _:  # a wish that nobody showed to be theirs is one, too
                wish = rule == Became.OPT_OUT
                return Was(Became.OPT_OUT if wish else Became.IGNORED, rule)
            case "duplicate", _:
                known = read_kept(tx, self._vault, settled.result_id)
                return known and Was(Became.REPEATED, kept=known.kept)
            case _, "event":
                return read_kept(tx, self._vault, settled.result_id, settled.id)
            case _, "answer":
                wish = settled.result_id == Became.OPT_OUT
                return Was(Became.OPT_OUT if wish else Became.ANSWERED)
            case _:
                return Was(Became.RECEIPT)

    def named(self, reply: Reply) -> Named | None:
        """Tell which complaint words would be for; None: no known one."""
        with self._db.read() as tx:
            found = _by_code(tx, reply.code) or _by_keys(tx, reply.reply_to)
            found = found or self._by_number(tx, reply)
            if not found:
                return None
            chain = tuple(_followed(tx, found))
            number = tx.conn.execute(
                sa.select(t.complaints.c.public_number).where(
                    t.complaints.c.id == found
                )
            ).scalar_one()
            return Named(chain, str(number), self._is_reporter(tx, found, reply))

    def _by_number(self, tx: Tx, reply: Reply) -> str:
        """Find the complaint of who surely is its reporter; the number is no secret."""
        if not reply.number or reply.level not in SURE:
            return ""
        c = t.complaints.c
        query = sa.select(c.id).where(c.public_number == reply.number)
        found = str(tx.conn.execute(query).scalar_one_or_none() or "")
        return found if found and self._is_reporter(tx, found, reply) else ""

    def _is_reporter(self, tx: Tx, complaint_id: str, reply: Reply) -> bool:
        kind, value = reply.contact_kind, reply.contact
        if kind == "code":
            return True
        blind = self._vault.blind(kind, contact_form(kind, value))
        c = t.contacts.c
        query = sa.select(c.reporter_id).where(
            c.kind == kind, c.hmac == blind, c.complaint_id == complaint_id
        )
        return bool(value) and tx.conn.execute(query).first() is not None

    @retrying
    def work_again(self, past: Past, by: str, reason: str) -> bool:
        """Let a message go the ordinary way once more, and audit it. Idempotent."""
        with self._db.write() as tx:
            ids, states = [past.row.id], {past.state}
            return bool(work_rows_again(tx, ids, states, by, reason, READ_ANEW))

    @retrying
    def note_read(self, past: Past, by: str, reason: str) -> None:
        """Record in the audit trail that somebody reads its words."""
        row_id = past.row.id
        with self._db.write() as tx:
            note(tx, by=by, action="journal_read", subject=row_id, reason=reason)


def _page(which: Which, after: str) -> sa.Select[Any]:
    j = t.journal.c
    shown = (j.id, j.state, j.why, j.result_kind, j.result_id)
    query = sa.select(*shown).where(
        j.lane.in_([f"intake.{name}" for name in which.channels]),
        j.state.in_(which.states),
    )
    if after:
        query = query.where(j.id > after)
    if which.ids:
        query = query.where(j.id.in_(which.ids))
    if which.since is not None:
        query = query.where(j.id >= first_id(which.since))
    if which.until is not None:
        query = query.where(j.id < first_id(which.until))
    if which.rule:
        query = query.where(j.why.startswith(which.rule, autoescape=True))
    return query.order_by(j.id)


def _by_code(tx: Tx, typed: str) -> str:
    code = read_code(typed) if typed else None
    if code is None:
        return ""
    c = t.complaints.c
    found = tx.conn.execute(sa.select(c.id).where(c.code == code)).scalar_one_or_none()
    return str(found or "")


def _by_keys(tx: Tx, keys: tuple[str, ...]) -> str:
    """Find the complaint of the nearest delivery of ours that is answered."""
    a, c = t.attempts.c, t.complaints.c
    for key in keys:
        query = sa.select(a.subject_id).join(t.complaints, c.id == a.subject_id)
        found = tx.conn.execute(query.where(a.key == key).limit(1)).scalar_one_or_none()
        if found:
            return str(found)
    return ""


def _followed(tx: Tx, complaint_id: str) -> Iterator[str]:
    """Name a complaint, and those that it follows since they were merged."""
    c, found = t.complaints.c, complaint_id
    for _ in range(FOLLOWED_MAX):
        yield found
        query = sa.select(c.merged_into).where(c.id == found)
        found = tx.conn.execute(query).scalar_one_or_none() or ""
        if not found:
            return
