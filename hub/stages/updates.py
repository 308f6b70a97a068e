"""Updates: what an agency's system said becomes events in the log."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from connectors.contract import System
from hub import telemetry
from hub.domain.identity import relayed_key
from hub.ports import Journal, JournalRow, Settled, Work
from schemas.agency import AgencyManifest, OrderBy
from schemas.events import Cause, NewEvent, new_event
from schemas.parties import Author, AuthorKind, CauseKind
from schemas.payloads import FollowUpKind, LegNews, LegNotice, Relayed
from schemas.updates import AgencyComplaint, AgencyUpdate, Corrupt

FOLLOW_UP_KINDS = {
    "acknowledged": FollowUpKind.ACK,
    "followed_up": FollowUpKind.SUBSTANTIVE,
    "resolved": FollowUpKind.FINAL,
}
"""What an answer is worth when the agency's word does not say more."""

LATE = timedelta(hours=1)
"""An update that is older when it comes keeps its arrival beside its time."""
EVENT_ID_CHARACTERS_MAX = 100
"""A longer event id of an agency is kept as its hash."""
UNCLEAR = "update_unclear"
"""The event of an update that could not be read."""


@dataclass(frozen=True, slots=True)
class _News:
    """One row with what it says, or with what becomes of it unread."""

    row: JournalRow
    what: AgencyUpdate | AgencyComplaint | Corrupt | Settled


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
        agency = lane.removeprefix("updates.")
        news = [found for row in rows for found in self._read(agency, row)]
        if news:
            self._write(agency, news)
        return len(rows)

    # reading, outside any transaction

    def _read(self, agency: str, row: JournalRow) -> Iterator[_News]:
        system = self._systems.get(agency)
        if row.raw is None or system is None:
            why = "no such agency is loaded"
            if row.raw is None:
                why = row.closed or "its key was destroyed"
            yield _News(row, Settled("quarantined", why))
            return
        try:
            bodies = () if row.parent_id else system.split(row.entry)
            found = system.read(row.entry) if len(bodies) <= 1 else ()
        except Exception as error:  # noqa: BLE001 - a reader is not ours to trust
            telemetry.log.error("update_unreadable", journal_id=row.id, error=error)
            why = f"its reader failed with {type(error).__name__}; see the log"
            yield _News(row, Settled("quarantined", why))
            return
        if len(bodies) > 1:
            for child in self._split(row, bodies):
                yield from self._read(agency, child)
            return
        # A page may hold nothing that is an update, as its manifest says.
        yield _News(row, found[0] if found else Settled("ignored", "no update in it"))

    def _split(self, row: JournalRow, bodies: Sequence[bytes]) -> list[JournalRow]:
        """Store the request's records as rows of their own; each is worked alone."""

        def split(work: Work) -> list[JournalRow]:
            return work.split(row, bodies) if row.id in work.ids else []

        children = self._journal.work([row.id], split)
        telemetry.processed.labels(stage="updates", outcome="split").inc()
        return children

    # writing

    def _write(self, agency: str, news: Sequence[_News]) -> None:
        try:
            self._transact(agency, news)
        except ConnectionError:
            raise  # the database is away: the rows stay due
        except Exception as error:  # noqa: BLE001 - its neighbours go on
            if len(news) > 1:
                half = len(news) // 2
                self._write(agency, news[:half])
                self._write(agency, news[half:])
                return
            row = news[0].row
            telemetry.log.error("update_failed", journal_id=row.id, error=error)
            why = f"could not be written ({type(error).__name__}); see the log"
            self._transact(agency, [_News(row, Settled("quarantined", why))])

    def _transact(self, agency: str, news: Sequence[_News]) -> None:
        by_id = {one.row.id: one for one in news}
        references = {
            one.what.reference
            for one in news
            if not isinstance(one.what, Settled) and one.what.reference
        }

        def settle(work: Work) -> Counter[str]:
            work.foresee_references([(agency, r) for r in sorted(references)])
            states: Counter[str] = Counter()
            for row_id in work.ids:
                one = by_id[row_id]
                match one.what:
                    case Settled() as settled:
                        pass
                    case Corrupt() as record:
                        settled = _unclear(work, agency, one.row, record)
                    case AgencyComplaint():
                        why = "complaints that begin at this agency are not taken"
                        settled = Settled("quarantined", why)
                    case AgencyUpdate() as update:
                        settled = self._apply(work, agency, one.row, update)
                work.settle(one.row, settled)
                states[settled.state] += 1
            return states

        for state, count in self._journal.work(list(by_id), settle).items():
            telemetry.processed.labels(stage="updates", outcome=state).inc(count)

    def _apply(
        self, work: Work, agency: str, row: JournalRow, update: AgencyUpdate
    ) -> Settled:
        found = work.case_by_reference(agency, update.reference)
        if found is None:
            return self._orphan(work, agency, row, update)
        complaint_id, assignment_no = found
        event = self._event(agency, assignment_no, row, update)
        leader = work.leader(complaint_id)
        if leader != complaint_id:
            if work.has_occurrence(complaint_id, event):
                return _known(complaint_id)
            return _relay(work, row, event, leader, complaint_id)
        written = work.append(complaint_id, [event], adopt=row)
        if not written:
            return _known(complaint_id)
        why = work.why_unmoved(complaint_id, written[0].seq)
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
        if occurred_at > row.received_at:  # its clock is ahead; its word is kept
            payload = payload.model_copy(update={"claimed_at": occurred_at})
            occurred_at = row.received_at
        elif row.received_at - occurred_at >= LATE:
            payload = payload.model_copy(update={"arrived_at": row.received_at})
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


def _known(complaint_id: str) -> Settled:
    return Settled("duplicate", "this update is known", "link", complaint_id)


def _unclear(work: Work, agency: str, row: JournalRow, record: Corrupt) -> Settled:
    """Quarantine what could not be read; its reporter hears that there is something.

    Neutral words, and once until the agency is understood again: the agency's own word
    stays in the sealed row.
    """
    settled = Settled("quarantined", f"{record.code}: {record.why}")
    if not record.reference:
        return settled
    found = work.case_by_reference(agency, record.reference)
    if found is None or work.leader(found[0]) != found[0]:
        return settled
    complaint_id, number = found
    if work.last_of_leg(complaint_id, (agency, number)) == UNCLEAR:
        return settled
    event = new_event(
        UNCLEAR,
        LegNotice(agency=agency, assignment_no=number),
        Author(kind=AuthorKind.RULE, id="updates"),
        # Replayed, the row causes what the agency meant, which has the first number.
        Cause(kind=CauseKind.JOURNAL, id=row.id, no=2),
        work.now,
        leg=(agency, number),
    )
    work.append(complaint_id, [event], adopt=row)
    return settled


def _relay(
    work: Work, row: JournalRow, said: NewEvent, leader: str, origin: str
) -> Settled:
    """Tell of an update where its complaint went: it moves no leg there."""
    payload = Relayed(
        agency=said.facts["agency"],
        origin=origin,
        stands_for=said.type,
        raw_status=said.sealed.get("raw_status", ""),
        text=said.sealed.get("text", ""),
        attachments=said.facts.get("attachments", 0),
    )
    number = said.facts["assignment_no"]
    event = new_event(
        "relayed",
        payload,
        said.author,
        said.cause,
        said.occurred_at,
        occurrence_key=relayed_key(origin, number, said.occurrence_key),
    )
    if not work.append(leader, [event], adopt=row, owner=origin):
        return _known(origin)
    return Settled("done", f"relayed: {origin} was merged", "event", leader)


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
