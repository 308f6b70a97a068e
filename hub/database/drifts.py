"""Drift: reading what is compared, noting what differs, and healing it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.engine import Database, Tx, retrying
from hub.database.healing import Healing
from hub.database.journal import SqlJournal
from hub.database.projection import event_of, reference_place
from hub.database.vault import Vault
from hub.domain.delivery import CursorState
from hub.domain.drift import STALE_HOURS, Drift, DriftKind, Heal, OurCase
from hub.domain.lifecycle import ENDED_CASE
from schemas.events import LogEvent
from schemas.status import Status

RECENT = timedelta(days=14)
"""A case that was closed so lately is compared, too."""
HEALS_WITHIN = timedelta(hours=1)
"""What was healed is given so long before it counts as differing again."""
ONCE = frozenset({Heal.TELL, Heal.HAND_OVER})
"""What an agency sees twice when it is done twice."""
AT_ONCE = 500
STRANGE = frozenset({DriftKind.MISSING_HERE, DriftKind.DIFFERENT_REFERENCE})
"""Kinds that are named by the agency's reference, not by our case."""


class SqlDrifts:
    """Implements `hub.ports.Drifts`."""

    def __init__(self, db: Database, vault: Vault, journal: SqlJournal) -> None:
        self._db = db
        self._vault = vault
        self._healing = Healing(vault, journal)

    # what is compared

    def cases(self, agency: str, after: str, limit: int) -> list[OurCase]:
        """Read cases that the agency has: open, or closed of late, by complaint."""
        with self._db.read() as tx:
            rows = tx.conn.execute(_cases(tx, agency, after).limit(limit)).all()
            return [self._case(tx, row) for row in rows]

    def _case(self, tx: Tx, row: Any) -> OurCase:
        place = reference_place(row.complaint_id, row.party)
        is_behind = row.delivered_seq < row.target_seq
        late = tx.now - timedelta(hours=STALE_HOURS)
        return OurCase(
            complaint_id=row.complaint_id,
            assignment_no=row.assignment_no,
            status=Status(row.status or row.case_status),
            has_leg=row.status is not None,
            is_open=row.closed_seq is None,
            state=CursorState(row.state),
            is_behind=is_behind,
            is_late=is_behind
            and row.waits_since is not None
            and row.waits_since < late,
            reference=self._vault.unwrap(place, row.reference).decode(),
        )

    def known(self, agency: str, references: Iterable[str]) -> set[str]:
        """Tell which references are ours, in use or kept beside."""
        blind = {self._blind(agency, one): one for one in references}
        c, old = t.cursors.c, t.agency_references.c
        found: set[str] = set()
        with self._db.read() as tx:
            for some in _parts(sorted(blind)):
                for query in (
                    sa.select(c.reference_index).where(
                        c.party == agency, c.reference_index.in_(some)
                    ),
                    sa.select(old.reference_index).where(
                        old.agency == agency, old.reference_index.in_(some)
                    ),
                ):
                    rows = tx.conn.execute(query).scalars()
                    found |= {blind[bytes(index)] for index in rows}
        return found

    def handed_over(self, agency: str, keys: Sequence[str]) -> dict[str, str]:
        """Name the complaints that were handed over under these keys."""
        c = t.attempts.c
        found: dict[str, str] = {}
        with self._db.read() as tx:
            for some in _parts(sorted(set(keys))):
                rows = tx.conn.execute(
                    sa.select(c.key, c.subject_id).where(
                        c.key.in_(some), c.party == agency
                    )
                )
                found |= {row.key: row.subject_id for row in rows}
        return found

    def events(self, complaint_ids: Sequence[str]) -> Mapping[str, Sequence[LogEvent]]:
        """Read the clear facts of these logs."""
        c = t.log.c
        found: dict[str, list[LogEvent]] = {}
        with self._db.read() as tx:
            for some in _parts(sorted(set(complaint_ids))):
                query = sa.select(t.log).where(c.complaint_id.in_(some))
                for row in tx.conn.execute(query.order_by(c.complaint_id, c.seq)):
                    found.setdefault(row.complaint_id, []).append(event_of(row, {}))
        return found

    # what differs

    def tempered(self, agency: str, found: Sequence[Drift]) -> list[Drift]:
        """Leave to an operator what was healed once already and differs still."""
        with self._db.read() as tx:
            known = self._known_rows(tx, agency)
        return [self._tempered(agency, one, known) for one in found]

    def _tempered(self, agency: str, one: Drift, known: Mapping[Any, Any]) -> Drift:
        row = known.get((one.kind, self._subject(agency, one)))
        if row is None or row.healed_at is None or one.heal not in ONCE:
            return one
        why = "it was healed before and differs still: ask the agency"
        return replace(one, heal=Heal.OPERATOR, why=why)

    @retrying
    def record(
        self,
        agency: str,
        compared: Iterable[tuple[str, int]],
        found: Sequence[Drift],
        *,
        is_whole: bool,
    ) -> None:
        """Note what was found; what was compared and agrees by now is forgotten."""
        subjects = {_subject_of(*case) for case in compared}
        with self._db.write() as tx:
            known = self._known_rows(tx, agency)
            now_found: set[tuple[str, str]] = set()
            for one in found:
                key = (str(one.kind), self._subject(agency, one))
                now_found.add(key)
                self._write(tx, agency, key, one, known.get(key))
            for key in sorted(known.keys() - now_found):
                gone = is_whole if key[0] in STRANGE else key[1] in subjects
                if gone:
                    tx.conn.execute(sa.delete(t.drift).where(*_place(agency, key)))

    def _write(
        self, tx: Tx, agency: str, key: tuple[str, str], one: Drift, known: Any
    ) -> None:
        place = f"drift|reference|{agency}.{key[0]}.{key[1]}"
        values: dict[str, Any] = {
            "complaint_id": one.complaint_id or None,
            "reference": self._vault.wrap(place, one.reference.encode()),
            "ours": one.ours,
            "theirs": one.theirs,
            "heal": one.heal,
            "why": one.why[:300],
            "seen_at": tx.now,
        }
        if known is None:
            named = {"agency": agency, "kind": key[0], "subject": key[1]}
            insert = sa.insert(t.drift).values(**named, **values, since=tx.now)
            tx.conn.execute(insert)
        else:
            where = _place(agency, key)
            tx.conn.execute(sa.update(t.drift).where(*where).values(**values))

    def _known_rows(self, tx: Tx, agency: str) -> dict[tuple[str, str], Any]:
        query = sa.select(t.drift).where(t.drift.c.agency == agency)
        return {(row.kind, row.subject): row for row in tx.conn.execute(query)}

    def heal(
        self, agency: str, items: Sequence[Drift], by: str, reason: str
    ) -> list[dict[str, Any]]:
        """Do what each item says, in a transaction and with an audit row each."""
        return [self._heal(agency, one, by, reason) for one in items]

    @retrying
    def _heal(self, agency: str, one: Drift, by: str, reason: str) -> dict[str, Any]:
        key = (one.kind, self._subject(agency, one))
        with self._db.write() as tx:
            did = self._healing.heal(tx, agency, one, by, reason)
            if did and one.heal is not Heal.OPERATOR:
                where = _place(agency, key)
                update = sa.update(t.drift).where(*where, t.drift.c.healed_at.is_(None))
                tx.conn.execute(update.values(healed_at=tx.now))
        return {
            "kind": one.kind,
            "complaint_id": one.complaint_id,
            "heal": one.heal,
            "did": did,
        }

    # lists

    def counts(self) -> list[dict[str, Any]]:
        """Count what differs, by agency and kind, with the age of the oldest.

        What was healed a moment ago is given its time.
        """
        c = t.drift.c
        with self._db.read() as tx:
            rows = tx.conn.execute(
                sa.select(
                    c.agency,
                    c.kind,
                    sa.func.count().label("cases"),
                    sa.func.min(c.since).label("since"),
                )
                .where(
                    sa.or_(c.healed_at.is_(None), c.healed_at < tx.now - HEALS_WITHIN)
                )
                .group_by(c.agency, c.kind)
                .order_by(c.agency, c.kind)
            ).all()
            return [
                {
                    "agency": row.agency,
                    "kind": row.kind,
                    "cases": row.cases,
                    "since": row.since,
                    "age_seconds": round((tx.now - row.since).total_seconds(), 1),
                }
                for row in rows
            ]

    def listed(self, agency: str = "") -> list[dict[str, Any]]:
        """List what was found last, of one agency or all."""
        c = t.drift.c
        shown = [column for column in c if column.name != "reference"]
        query = sa.select(*shown).order_by(c.agency, c.kind, c.since)
        if agency:
            query = query.where(c.agency == agency)
        with self._db.read() as tx:
            return [row._asdict() for row in tx.conn.execute(query)]

    def _blind(self, agency: str, reference: str) -> bytes:
        return self._vault.blind(f"reference:{agency}", reference)

    def _subject(self, agency: str, one: Drift) -> str:
        if one.kind in STRANGE:
            return self._blind(agency, one.reference).hex()
        return _subject_of(one.complaint_id, one.assignment_no)


def _subject_of(complaint_id: str, number: int) -> str:
    return f"{complaint_id}.{number}"


def _place(agency: str, key: tuple[str, str]) -> tuple[sa.ColumnElement[bool], ...]:
    c = t.drift.c
    return c.agency == agency, c.kind == key[0], c.subject == key[1]


def _parts(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[n : n + AT_ONCE] for n in range(0, len(values), AT_ONCE))


def _cases(tx: Tx, agency: str, after: str) -> sa.Select[Any]:
    c, leg = t.cursors.c, t.legs.c
    closing, waiting = t.log.alias("closing"), t.log.alias("waiting")
    this_leg = sa.and_(
        leg.complaint_id == c.complaint_id,
        leg.agency == c.party,
        leg.assignment_no == c.assignment_no,
    )
    its_close = sa.and_(
        closing.c.complaint_id == c.complaint_id, closing.c.seq == leg.closed_seq
    )
    next_event = sa.and_(
        waiting.c.complaint_id == c.complaint_id,
        waiting.c.seq == c.delivered_seq + 1,
    )
    query = (
        sa.select(
            c.complaint_id,
            c.party,
            c.state,
            c.assignment_no,
            c.reference,
            c.delivered_seq,
            c.target_seq,
            leg.status,
            leg.closed_seq,
            t.complaints.c.status.label("case_status"),
            waiting.c.recorded_at.label("waits_since"),
        )
        .outerjoin(t.legs, this_leg)  # a platform above has none
        .join(t.complaints, t.complaints.c.id == c.complaint_id)
        .outerjoin(closing, its_close)
        .outerjoin(waiting, next_event)
        .where(
            c.party == agency,
            c.recipient == "",
            c.reference_index.is_not(None),
            t.complaints.c.status.not_in(ENDED_CASE),
            sa.or_(
                sa.and_(leg.status.is_not(None), leg.closed_seq.is_(None)),
                sa.and_(leg.status.is_(None), t.complaints.c.status != Status.CLOSED),
                closing.c.recorded_at >= tx.now - RECENT,
            ),
        )
        .order_by(c.complaint_id)
    )
    return query.where(c.complaint_id > after) if after else query
