"""Quarantine: what could not be understood, why, and every way out; all audited."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.again import work_rows_again
from hub.database.audit import note
from hub.database.engine import Database, Tx, retrying
from hub.database.projection import kept_reference_place
from hub.database.rows import open_row
from hub.database.vault import Vault
from hub.domain.quarantine import DISCARDED, WAYS_OUT, cause_of

_UPDATES = "updates."
UNMOVED = ("illegal_transition", "overtaken")
"""Beginnings of what is written of words that are kept and move nothing."""


class Quarantine:
    """Lists, shows, matches, discards and replays; each verb is idempotent."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def waiting(self, *, cause: str = "", limit: int = 200) -> list[dict[str, Any]]:
        """List quarantined messages, oldest first, each with cause and way out."""
        return self._listed(t.journal.c.state == "quarantined", cause, limit)

    def unmoved(self, *, limit: int = 200) -> list[dict[str, Any]]:
        """List agencies' words that were kept and moved nothing, oldest first."""
        j = t.journal.c
        kept = sa.or_(*(j.why.startswith(word) for word in UNMOVED))
        return self._listed(sa.and_(j.state == "done", kept), "", limit)

    def _listed(
        self, which: sa.ColumnElement[bool], cause: str, limit: int
    ) -> list[dict[str, Any]]:
        j = t.journal.c
        shown = (j.id, j.source, j.lane, j.why, j.received_at, j.result_id)
        query = sa.select(*shown).where(which).order_by(j.id)
        with self._db.read() as tx:
            rows = [row._asdict() for row in tx.conn.execute(query)]
        for row in rows:
            row["cause"] = cause_of(row["why"])
            row["way_out"] = WAYS_OUT[row["cause"]]
        return [row for row in rows if cause in {"", row["cause"]}][:limit]

    def open(self, row_id: str, by: str, reason: str) -> dict[str, Any] | None:
        """Show one message with its untouched words; that it was read is audited.

        None: no such message waits. Its `body` is None where no key opens it.
        """
        with self._db.write() as tx:
            row = _waiting(tx, row_id)
            if row is None:
                return None
            opened = open_row(tx, self._vault, row_id)
            note(tx, by=by, action="journal_read", subject=row_id, reason=reason)
        raw = opened.raw if opened else None
        cause = cause_of(row.why)
        return {
            "id": row_id,
            "source": row.source,
            "lane": row.lane,
            "received_at": row.received_at,
            "cause": cause,
            "why": row.why,
            "way_out": WAYS_OUT[cause],
            "content_type": raw.content_type if raw else "",
            "body": raw.body.decode("utf-8", "replace") if raw else None,
        }

    @retrying
    def match(
        self, row_id: str, complaint_id: str, reference: str, by: str, reason: str
    ) -> int:
        """Say that an agency's reference names a complaint; its messages are worked.

        Returns how many. Raises ValueError with what to do instead.
        """
        with self._db.write() as tx:
            row = _waiting(tx, row_id)
            if row is None or row.waiting_for is None:
                msg = "it waits for no reference: only an orphan is matched"
                raise ValueError(msg)
            agency = row.lane.removeprefix(_UPDATES)
            index = self._vault.blind(f"reference:{agency}", reference)
            if index != bytes(row.waiting_for):
                msg = "it speaks of another reference: simpul quarantine show ID"
                raise ValueError(msg)
            lock_waiting(tx, index)
            self._name(tx, complaint_id, agency, reference, index)
            count = work_again(tx, index)
            note(
                tx,
                by=by,
                action="orphan_matched",
                subject=row_id,
                reason=reason,
                detail={"complaint_id": complaint_id},
            )
        return count

    def _name(
        self, tx: Tx, complaint_id: str, agency: str, reference: str, index: bytes
    ) -> None:
        """Keep one more reference of an agency for a complaint that it has."""
        c = t.cursors.c
        cursor = tx.conn.execute(
            sa.select(c.state, c.assignment_no, c.reference_index)
            .where(c.complaint_id == complaint_id, c.party == agency)
            .with_for_update(key_share=True)
        ).one_or_none()
        if cursor is None:
            msg = f"{agency} does not have that complaint: assign it first"
            raise ValueError(msg)
        if cursor.reference_index is None:
            msg = (
                f"its hand-over to {agency} is {cursor.state}: when it is held, say "
                "simpul held resolve ID --reference REF; else it matches by itself"
            )
            raise ValueError(msg)
        if bytes(cursor.reference_index) != index:
            case = (complaint_id, agency, cursor.assignment_no)
            keep_reference(tx, self._vault, case, reference)

    @retrying
    def discard(self, ids: Sequence[str], by: str, reason: str) -> int:
        """Set messages aside for good; they are kept, and worked no more."""
        j = t.journal.c
        why = f"{DISCARDED}: {reason}"[:300]
        with self._db.write() as tx:
            rows = (
                tx.conn.execute(
                    sa.update(t.journal)
                    .where(j.state == "quarantined", j.id.in_(list(ids)))
                    .values(
                        state="ignored", why=why, due_at=None, hinted_at=None, crashes=0
                    )
                    .returning(j.id)
                )
                .scalars()
                .all()
            )
            for row_id in rows:
                action = "journal_discarded"
                note(tx, by=by, action=action, subject=row_id, reason=reason)
        return len(rows)

    @retrying
    def replay(self, ids: Sequence[str], by: str, reason: str) -> int:
        """Work messages again, after a parser or a mapping was mended."""
        with self._db.write() as tx:
            return len(work_rows_again(tx, ids, {"quarantined"}, by, reason))


def cause_before(tx: Tx, row_id: str) -> str:
    """Name why a row was quarantined before it was replayed.

    A replay makes it new again, and leaves what was written of it.
    """
    query = sa.select(t.journal.c.why).where(t.journal.c.id == row_id)
    return cause_of(tx.conn.execute(query).scalar_one_or_none() or "")


def _waiting(tx: Tx, row_id: str) -> Any:
    j = t.journal.c
    return tx.conn.execute(
        sa.select(j.source, j.lane, j.received_at, j.why, j.waiting_for)
        .where(j.id == row_id, j.state == "quarantined")
        .with_for_update(key_share=True)
    ).one_or_none()


def lock_waiting(tx: Tx, index: bytes) -> None:
    """Lock what waits for a reference: journal rows come first in the lock order."""
    j = t.journal.c
    waiting = (j.waiting_for == index, j.state.in_(("waiting", "quarantined")))
    query = sa.select(j.id).where(*waiting).order_by(j.id)
    tx.conn.execute(query.with_for_update(key_share=True)).all()


def keep_reference(
    tx: Tx, vault: Vault, case: tuple[str, str, int], reference: str
) -> bool:
    """Keep a reference of (complaint, agency, assignment) beside the one in use.

    False: an agency's case has it already.
    """
    complaint_id, agency, number = case
    index = vault.blind(f"reference:{agency}", reference)
    if _knows(tx, agency, index):
        return False
    place = kept_reference_place(complaint_id, agency, number)
    tx.conn.execute(
        sa.insert(t.agency_references).values(
            complaint_id=complaint_id,
            agency=agency,
            assignment_no=number,
            reference=vault.wrap(place, reference.encode()),
            reference_index=index,
        )
    )
    return True


def _knows(tx: Tx, agency: str, index: bytes) -> bool:
    c = t.agency_references.c
    known = sa.select(c.agency).where(c.agency == agency, c.reference_index == index)
    return tx.conn.execute(known).first() is not None


def work_again(tx: Tx, index: bytes) -> int:
    """Work what waits for a reference that is known now."""
    j = t.journal.c
    found = tx.conn.execute(
        sa.update(t.journal)
        .where(j.waiting_for == index, j.state.in_(("waiting", "quarantined")))
        .values(state="waiting", due_at=tx.now, hinted_at=None)
    )
    return int(getattr(found, "rowcount", 0))
