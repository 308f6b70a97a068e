"""Updates: what an agency's system said becomes events in the log."""

import hashlib
from collections.abc import Mapping, Sequence

from connectors.contract import System
from hub import telemetry
from hub.ports import Journal, JournalRow, Settled, Work
from schemas.agency import AgencyManifest, OrderBy
from schemas.events import Cause, NewEvent, new_event
from schemas.parties import Author, AuthorKind, CauseKind
from schemas.payloads import FollowUpKind, LegNews
from schemas.updates import AgencyUpdate, Corrupt

FOLLOW_UP_KINDS = {
    "acknowledged": FollowUpKind.ACK,
    "followed_up": FollowUpKind.SUBSTANTIVE,
    "resolved": FollowUpKind.FINAL,
}
"""What an answer is worth when the agency's word does not say more."""

EVENT_ID_CHARACTERS_MAX = 100
"""A longer event id of an agency is kept as its hash."""


class Updates:
    """Works journal rows of agencies' lanes."""

    def __init__(
        self,
        journal: Journal,
        systems: Mapping[str, System],
        agencies: Mapping[str, AgencyManifest],
        orphan_waits_seconds: Sequence[float],
    ) -> None:
        self._journal = journal
        self._systems = systems
        self._agencies = agencies
        self._orphan_waits = tuple(orphan_waits_seconds)

    def __call__(self, lane: str, ids: Sequence[str]) -> int:
        """Work those rows that are due; one bad record never harms its neighbours."""
        rows = self._journal.read(ids)
        for row in rows:
            self._row(lane.removeprefix("updates."), row)
        return len(rows)

    def _row(self, agency: str, row: JournalRow) -> None:
        system = self._systems.get(agency)
        if row.raw is None or system is None:
            why = (
                "its key was destroyed"
                if row.raw is None
                else "no such agency is loaded"
            )
            self._settle_alone(row, Settled("quarantined", why))
            return
        bodies = () if row.parent_id else system.split(row.entry)
        if len(bodies) > 1:
            self._split(agency, row, bodies)
            return
        found = system.read(row.entry)
        record = found[0] if found else Corrupt(code="malformed", why="no record in it")
        self._record(agency, row, record)

    def _split(self, agency: str, row: JournalRow, bodies: Sequence[bytes]) -> None:
        """Store the request's records as rows of their own, then work each alone."""
        children: list[JournalRow] = []
        with self._journal.claim([row.id]) as work:
            for _ in work.rows:
                children = work.split(row, bodies)
        telemetry.processed.labels(stage="updates", outcome="split").inc()
        for child in children:
            self._row(agency, child)

    def _record(
        self, agency: str, row: JournalRow, record: AgencyUpdate | Corrupt
    ) -> None:
        if isinstance(record, Corrupt):
            self._settle_alone(
                row, Settled("quarantined", f"{record.code}: {record.why}")
            )
            return
        try:
            with self._journal.claim([row.id]) as work:
                for _ in work.rows:
                    settled = self._apply(work, agency, row, record)
                    work.settle(row, settled)
                    telemetry.processed.labels(
                        stage="updates", outcome=settled.state
                    ).inc()
        except ConnectionError:
            raise  # the database is away: the row stays due
        except Exception as error:  # noqa: BLE001 - its neighbours go on
            telemetry.log.error("update_failed", journal_id=row.id, error=error)
            why = f"could not be written ({type(error).__name__}); see the log"
            self._settle_alone(row, Settled("quarantined", why))

    def _settle_alone(self, row: JournalRow, settled: Settled) -> None:
        with self._journal.claim([row.id]) as work:
            for _ in work.rows:
                work.settle(row, settled)
                telemetry.processed.labels(stage="updates", outcome=settled.state).inc()

    def _apply(
        self, work: Work, agency: str, row: JournalRow, update: AgencyUpdate
    ) -> Settled:
        found = work.case_by_reference(agency, update.reference)
        if found is None:
            return self._orphan(work, agency, row, update)
        complaint_id, assignment_no = found
        event = self._event(agency, assignment_no, row, update)
        written = work.append(complaint_id, [event], adopt=row)
        if not written:
            return Settled("duplicate", "this update is known", "link", complaint_id)
        illegal = written[0].seq in work.illegal_seqs(complaint_id)
        why = "illegal_transition: kept in the log, moves nothing" if illegal else ""
        return Settled("done", why, "event", complaint_id)

    def _orphan(
        self, work: Work, agency: str, row: JournalRow, update: AgencyUpdate
    ) -> Settled:
        index = work.blind(f"reference:{agency}", update.reference)
        if row.waits < len(self._orphan_waits):
            return Settled(
                "waiting",
                "its reference is not known yet",
                due_in_seconds=self._orphan_waits[row.waits],
                waiting_for=index,
            )
        return Settled(
            "quarantined", "orphan: nobody knows its reference", waiting_for=index
        )

    def _event(
        self,
        agency: str,
        assignment_no: int,
        row: JournalRow,
        update: AgencyUpdate,
    ) -> NewEvent:
        payload = LegNews(
            agency=agency,
            assignment_no=assignment_no,
            unit=update.unit,
            kind=FOLLOW_UP_KINDS.get(update.event_type, FollowUpKind.INTERIM),
            raw_status=update.raw_status,
            text=update.text,
        )
        occurred_at = update.occurred_at or row.received_at
        return new_event(
            update.event_type,
            payload,
            Author(kind=AuthorKind.AGENCY, id=agency),
            Cause(kind=CauseKind.JOURNAL, id=row.id),
            occurred_at,
            leg=(agency, assignment_no),
            occurrence_key=occurrence_key(update, row),
            order_key=order_key(self._agencies[agency].order_by, update, row),
        )


def occurrence_key(update: AgencyUpdate, row: JournalRow) -> str:
    """Identify one update within its leg; never by content alone.

    The agency's event id, else its sequence, else status and time; an update
    that has none of these is itself: its journal row.
    """
    if update.event_id:
        long = len(update.event_id) > EVENT_ID_CHARACTERS_MAX
        return f"id:{_digest(update.event_id) if long else update.event_id}"
    if update.sequence is not None:
        return f"seq:{update.sequence}"
    if update.occurred_at is not None:
        digest = _digest(f"{update.raw_status}\x1f{update.text}")[:16]
        return f"at:{update.occurred_at.isoformat()}:{digest}"
    return f"row:{row.id}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def order_key(order_by: OrderBy, update: AgencyUpdate, row: JournalRow) -> str:
    """Make the key that sorts a leg's updates as its agency declares."""
    arrived = f"a:{row.received_at.isoformat()}"
    match order_by:
        case OrderBy.SEQUENCE:
            return arrived if update.sequence is None else f"{update.sequence:020d}"
        case OrderBy.TIME:
            return (
                arrived
                if update.occurred_at is None
                else update.occurred_at.isoformat()
            )
        case OrderBy.ARRIVAL:
            return arrived
