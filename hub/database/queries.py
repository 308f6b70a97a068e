"""What people look at: lists and single complaints."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hub.database import attached, contacts
from hub.database import tables as t
from hub.database.asked import misconfigured
from hub.database.engine import Database, Tx
from hub.database.lag import lags, party_lag, rests
from hub.database.projection import event_of, read_events, reference_place
from hub.database.tracing import trace_lines
from hub.database.vault import Vault
from hub.domain.lifecycle import fold, why_unmoved
from hub.domain.privacy import PERSONAL
from hub.ports import PublicCase
from schemas.events import LogEvent
from schemas.status import LABELS, Status


class Queries:
    """Reads only; never changes anything."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def ping(self) -> None:
        """Touch the database; raises DatabaseDownError when it is away."""
        with self._db.read():
            pass

    def case_by_code(self, code: str) -> PublicCase | None:
        """Find what the holder of a code sees; None when nobody has that code."""
        with self._db.read() as tx:
            c = t.complaints.c
            row = tx.conn.execute(
                sa.select(t.complaints).where(c.code == code)
            ).one_or_none()
            if row is None:
                return self._accepted(tx, code)
            titles, timeline = _titles(tx), self._events(tx, row.id)
            leader, hidden = row, False
            while leader.merged_into is not None:
                begins, leader = leader.id, _complaint(tx, leader.merged_into)
                hidden = hidden or leader.confidential
                if not hidden:
                    timeline += _since(self._events(tx, leader.id), begins)
            return PublicCase(
                code=row.code,
                public_number=row.public_number,
                status=Status(leader.status),
                agencies=[] if hidden else self._agencies(tx, leader.id, titles),
                timeline=timeline,
                titles=titles,
                overtaken=_overtaken(self._events(tx, leader.id)),
            )

    def _accepted(self, tx: Tx, code: str) -> PublicCase | None:
        """A code resolves from the moment of acceptance."""
        j = t.journal.c
        row = tx.conn.execute(
            sa.select(j.code, j.public_number, j.result_id, j.state)
            .join(t.codes, t.codes.c.journal_id == j.id)
            .where(t.codes.c.code == code)
        ).one_or_none()
        if row is None or row.state == "ignored":
            return None
        if row.state == "duplicate":
            first = tx.conn.execute(
                sa.select(t.complaints.c.code).where(t.complaints.c.id == row.result_id)
            ).scalar_one_or_none()
            return self.case_by_code(first) if first else None
        return PublicCase(row.code, row.public_number, Status.RECEIVED, [], [], {})

    def _agencies(
        self, tx: Tx, complaint_id: str, titles: dict[str, str]
    ) -> list[dict[str, str]]:
        leg, cursor = t.legs.c, t.cursors.c
        rows = tx.conn.execute(
            sa.select(leg.agency, leg.status, leg.role, cursor.reference)
            .outerjoin(
                t.cursors,
                sa.and_(
                    cursor.complaint_id == leg.complaint_id,
                    cursor.party == leg.agency,
                    cursor.assignment_no == leg.assignment_no,
                ),
            )
            .where(leg.complaint_id == complaint_id)
            .order_by(leg.opened_seq)
        )
        return [
            {
                "name": row.agency,
                "title": titles.get(row.agency, row.agency),
                "role": row.role,
                "status": row.status,
                "reference": self._reference(complaint_id, row.agency, row.reference),
            }
            for row in rows
        ]

    def _reference(self, complaint_id: str, party: str, sealed: bytes | None) -> str:
        if sealed is None:
            return ""
        return self._vault.unwrap(reference_place(complaint_id, party), sealed).decode()

    def _events(self, tx: Tx, complaint_id: str) -> list[LogEvent]:
        rows = tx.conn.execute(
            sa.select(t.log)
            .where(t.log.c.complaint_id == complaint_id)
            .order_by(t.log.c.seq)
        ).all()
        keys = self._vault.keys(tx.conn, {row.data_key_id for row in rows})
        return [event_of(row, keys) for row in rows]

    # operators' lists

    def complaints(
        self, *, status: str = "", overdue: bool = False, limit: int = 50
    ) -> list[dict[str, Any]]:
        """List complaints, newest first, without any personal data."""
        c = t.complaints.c
        query = sa.select(
            c.id,
            c.public_number,
            c.channel,
            c.type,
            c.status,
            c.triage,
            c.received_at,
            c.overdue,
        ).order_by(c.id.desc())
        if status:
            query = query.where(c.status == status)
        if overdue:
            query = query.where(c.overdue)
        return self._rows(query.limit(limit))

    def find_complaint(self, name: str) -> str | None:
        """Find a complaint's id by id, public number or tracking code."""
        c = t.complaints.c
        options = [c.public_number == name, c.code == name]
        if len(name) == 36:  # noqa: PLR2004 - a UUID
            options.append(c.id == name)
        with self._db.read() as tx:
            found = tx.conn.execute(
                sa.select(c.id).where(sa.or_(*options))
            ).scalar_one_or_none()
        return None if found is None else str(found)

    def complaint(self, complaint_id: str) -> dict[str, Any] | None:
        """Show one complaint's state and legs, without any personal data."""
        c = t.complaints.c
        hidden = {"code", "data_key_id"}
        shown = [column for column in c if column.name not in hidden]
        with self._db.read() as tx:
            row = tx.conn.execute(
                sa.select(*shown).where(c.id == complaint_id)
            ).one_or_none()
            if row is None:
                return None
            legs = self._agencies(tx, complaint_id, _titles(tx))
        return {**row._asdict(), "legs": legs}

    def trace(self, complaint_id: str) -> list[dict[str, Any]]:
        """One timeline: raw in, events, attempts, dead letters; no words of people."""
        with self._db.read() as tx:
            found = [*_journal_lines(tx, complaint_id), *trace_lines(tx, complaint_id)]
            found += [
                *_log_lines(tx, complaint_id),
                *_attempt_lines(tx, complaint_id),
                *_letter_lines(tx, complaint_id),
                *attached.lines(tx, complaint_id),
            ]
        return sorted(found, key=lambda line: line["at"])

    def cursors_of(self, complaint_id: str) -> list[dict[str, Any]]:
        """List a complaint's cursors."""
        c = t.cursors.c
        shown = (
            c.party,
            c.state,
            c.delivered_seq,
            c.target_seq,
            c.due_at,
            c.failures,
        )
        query = sa.select(*shown).where(c.complaint_id == complaint_id)
        with self._db.read() as tx:
            silent = contacts.find(tx, complaint_id)
            rows = tx.conn.execute(query.order_by(c.party)).all()
        return [row._asdict() | {"contact": silent.get(row.party, "")} for row in rows]

    def parties(self) -> list[dict[str, Any]]:
        """List parties with their lag: the numbers that operators watch."""
        with self._db.read() as tx:
            rows = [row._asdict() for row in tx.conn.execute(party_lag(tx.now))]
            wrong = {row.party: row.why for row in misconfigured(tx)}
        return [row | {"asking": wrong.get(row["party"], "")} for row in rows]

    def dead_letters(self, *, kind: str = "", limit: int = 200) -> list[dict[str, Any]]:
        """List open dead letters, oldest first."""
        d = t.dead_letters.c
        query = (
            sa.select(
                d.id,
                d.kind,
                d.party,
                d.complaint_id,
                d.is_submit,
                d.why,
                d.fingerprint,
                d.state,
                d.failed_again,
                d.created_at,
            )
            .where(d.state.in_(("open", "requested")))
            .order_by(d.created_at)
        )
        if kind:
            query = query.where(d.kind == kind)
        return self._rows(query.limit(limit))

    def audit(self, *, limit: int = 50) -> list[dict[str, Any]]:
        """List what people did, newest first."""
        c = t.audit.c
        shown = (c.at, c.by, c.action, c.subject, c.reason, c.detail)
        return self._rows(sa.select(*shown).order_by(c.at.desc(), c.id).limit(limit))

    def now(self) -> datetime:
        """Read the database's clock."""
        with self._db.read() as tx:
            return tx.now

    def counts(self) -> dict[str, int]:
        """Count what tells whether everyone is in step."""
        c, j, d, a = t.cursors.c, t.journal.c, t.dead_letters.c, t.answers.c
        asked = {
            "accepted": sa.select(sa.func.count())
            .select_from(t.journal)
            .where(j.parent_id.is_(None)),
            "to_work": sa.select(sa.func.count()).where(
                j.state.in_(("new", "waiting"))
            ),
            "quarantined": sa.select(sa.func.count()).where(j.state == "quarantined"),
            "complaints": sa.select(sa.func.count()).select_from(t.complaints),
            "triage": sa.select(sa.func.count()).where(t.complaints.c.triage.is_(True)),
            "overdue": sa.select(sa.func.count()).where(t.complaints.c.overdue),
            "cursors": sa.select(sa.func.count()).select_from(t.cursors),
            "lagging": sa.select(sa.func.count()).select_from(t.cursors),
            "held": sa.select(sa.func.count()).where(c.state == "held"),
            "parked": sa.select(sa.func.count()).where(c.state == "parked"),
            "dead_letters": sa.select(sa.func.count()).where(
                d.state.in_(("open", "requested"))
            ),
            "answers_waiting": sa.select(sa.func.count()).where(a.state == "active"),
            "contacts_opted_out": sa.select(sa.func.count()).where(
                t.contact_state.c.opted_out
            ),
            "contacts_unreachable": sa.select(sa.func.count()).where(
                t.contact_state.c.unreachable
            ),
            "attachments_failed": attached.count_failed(),
            "answers_failed": sa.select(sa.func.count()).where(a.state == "failed"),
        }
        with self._db.read() as tx:
            asked["lagging"] = asked["lagging"].where(lags(tx.now))
            asked["resting"] = (
                sa.select(sa.func.count())
                .select_from(t.cursors)
                .where(c.delivered_seq < c.target_seq, rests(tx.now))
            )
            return {name: tx.conn.execute(q).scalar_one() for name, q in asked.items()}

    def _rows(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        with self._db.read() as tx:
            return [row._asdict() for row in tx.conn.execute(query)]


def _complaint(tx: Tx, complaint_id: str) -> Any:
    c = t.complaints.c
    return tx.conn.execute(sa.select(t.complaints).where(c.id == complaint_id)).one()


def _since(events: list[LogEvent], follower: str) -> list[LogEvent]:
    """What happened after a complaint began to follow, as its reporter is told."""
    seq = next(
        e.seq
        for e in events
        if e.type == "merged_from" and e.facts.get("other") == follower
    )
    return [e for e in events if e.seq > seq and e.type not in PERSONAL]


def _overtaken(events: list[LogEvent]) -> dict[str, int]:
    state = fold([(e.seq, e) for e in events])
    by_seq = {e.seq: e.event_id for e in events}
    return {by_seq[seq]: decision for seq, decision in state.overtaken}


def _titles(tx: Tx) -> dict[str, str]:
    rows = tx.conn.execute(sa.select(t.parties.c.party, t.parties.c.title))
    return {row.party: row.title for row in rows}


def _journal_lines(tx: Tx, complaint_id: str) -> list[dict[str, Any]]:
    j, k = t.journal.c, t.data_keys.c
    rows = tx.conn.execute(
        sa.select(j.id, j.received_at, j.source, j.state, j.why)
        .join(t.data_keys, k.id == j.data_key_id)
        .where(k.complaint_id == complaint_id)
    )
    return [
        {
            "at": r.received_at,
            "what": "raw in",
            "who": r.source,
            "detail": f"{r.state} {r.why}",
            "journal_id": r.id,
        }
        for r in rows
    ]


def _log_lines(tx: Tx, complaint_id: str) -> list[dict[str, Any]]:
    events = read_events(tx, complaint_id)
    state = fold([(e.seq, e) for e in events])
    return [
        {
            "at": e.recorded_at,
            "what": f"event {e.seq} {e.type}",
            "who": f"{e.author.kind} {e.author.id}",
            "detail": ", ".join(
                filter(
                    None,
                    (
                        LABELS[e.status_after][1],
                        e.leg[0] if e.leg else "",
                        why_unmoved(state, e.seq),
                    ),
                )
            ),
        }
        for e in events
    ]


def _attempt_lines(tx: Tx, complaint_id: str) -> list[dict[str, Any]]:
    c = t.attempts.c
    rows = tx.conn.execute(sa.select(t.attempts).where(c.subject_id == complaint_id))
    return [
        {
            "at": r.started_at,
            "what": f"attempt {r.step} {r.first_seq}-{r.last_seq}",
            "who": r.party,
            "detail": f"{r.outcome or 'running'} {r.why}",
        }
        for r in rows
    ]


def _letter_lines(tx: Tx, complaint_id: str) -> list[dict[str, Any]]:
    c = t.dead_letters.c
    rows = tx.conn.execute(
        sa.select(t.dead_letters).where(c.complaint_id == complaint_id)
    )
    return [
        {
            "at": r.created_at,
            "what": f"dead letter {r.kind}",
            "who": r.party,
            "detail": f"{r.state} {r.why}",
        }
        for r in rows
    ]
