"""Updates: what an agency's system said becomes events in the log."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.contract import System
from hub import telemetry
from hub.domain.identity import relayed_key
from hub.domain.order import FROM_ABOVE
from hub.domain.placing import Placing
from hub.ports import Journal, JournalRow, Settled, Work
from hub.stages.births import Births
from hub.stages.heard import from_above, of_agency, order_key, says_again
from hub.stages.officers import answer_officer
from schemas.agency import AgencyManifest, RoutingTable
from schemas.events import AGENCY_EVENTS, UPSTREAM_EVENTS, Cause, NewEvent, new_event
from schemas.parties import Author, AuthorKind, CauseKind, PartyKind
from schemas.payloads import LegNotice, Relayed
from schemas.updates import (
    BOUNCED,
    AgencyComplaint,
    AgencyUpdate,
    AgencyView,
    Corrupt,
)

RECONCILED = "reconcile"
"""Sources of agencies' views that a comparison found and an operator let in."""
UNCLEAR = "update_unclear"
"""The event of an update that could not be read."""
AT_BIRTH = 100
"""Number, within its row, of the word with which a complaint that began elsewhere
comes; its first events have the numbers before."""


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
        births: Births | None = None,
    ) -> None:
        """Without `births` an officer places every complaint that begins elsewhere."""
        place = Placing(RoutingTable(), agencies)
        self._births = births or Births(place, agencies)
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
        if row.source == f"{RECONCILED}:{agency}":
            yield _News(row, _seen(row.raw.body))
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
        begun = {
            one.row.id: one.what.reference
            for one in news
            if isinstance(one.what, AgencyComplaint)
        }
        references = {
            one.what.reference
            for one in news
            if not isinstance(one.what, Settled) and one.what.reference
        }

        def settle(work: Work) -> Counter[str]:
            work.foresee_references([(agency, r) for r in sorted(references)])
            states: Counter[str] = Counter()
            # What begins comes first: a word on it may stand before it.
            for row_id in sorted(work.ids, key=lambda row_id: row_id not in begun):
                one = by_id[row_id]
                match one.what:
                    case Settled() as settled:
                        pass
                    case Corrupt() as record:
                        settled = _unclear(work, agency, one.row, record)
                    case AgencyComplaint() as record:
                        settled = self._begin(work, agency, one.row, record)
                    case AgencyUpdate() as update:
                        settled = self._apply(work, agency, one.row, update)
                if settled.state == "quarantined":
                    _take_along(work, agency, one)
                work.settle(one.row, settled)
                answer_officer(work, agency, one.row, one.what, settled)
                states[settled.state] += 1
            return states

        # Two workers never begin one case of another system twice.
        cases = [(f"reference:{agency}", r) for r in sorted(set(begun.values()))]
        done = self._journal.work(list(by_id), settle, cases)
        for state, count in done.items():
            telemetry.processed.labels(stage="updates", outcome=state).inc(count)

    def _begin(
        self, work: Work, party: str, row: JournalRow, record: AgencyComplaint
    ) -> Settled:
        """Register a complaint that began elsewhere; of a known one, hear its status.

        The same reference is never a second complaint, and neither is one of ours that
        comes back under our own number.
        """
        if why := self._unspeakable(party, record.event_type):
            return Settled("quarantined", why)
        found = work.case_by_reference(party, record.reference)
        complaint_id = found[0] if found else ""
        if not complaint_id and record.public_number:
            complaint_id = work.case_by_number(record.public_number)
            if complaint_id:
                why = "it is a complaint of ours that came back"
                return Settled("duplicate", why, "link", complaint_id)
        if complaint_id:
            why = "its reference is known"
            settled = Settled("duplicate", why, "link", complaint_id)
        else:
            complaint_id = self._births.begin(work, party, row, record)
            settled = Settled("done", "it began there", "event", complaint_id)
        if not record.event_type:
            return settled
        word = AgencyUpdate(
            reference=record.reference,
            event_type=record.event_type,
            raw_status=record.raw_status,
            event_id=record.event_id,
            sequence=record.sequence,
            occurred_at=record.occurred_at,
        )
        said = self._apply(work, party, row, word, AT_BIRTH)
        return settled if settled.state == "done" else said

    def _unspeakable(self, party: str, event_type: str) -> str:
        """Say why a party cannot say this; empty where it can, or says nothing."""
        legal = UPSTREAM_EVENTS if self._is_upstream(party) else AGENCY_EVENTS
        if not event_type or event_type in legal:
            return ""
        return f"unmapped_status: {party} cannot say {event_type!r}; mend [statuses]"

    def _apply(
        self,
        work: Work,
        agency: str,
        row: JournalRow,
        update: AgencyUpdate,
        no: int = 1,
    ) -> Settled:
        if why := self._unspeakable(agency, update.event_type):
            return Settled("quarantined", why)
        found = work.case_by_reference(agency, update.reference)
        if found is None:
            return self._orphan(work, agency, row, update)
        complaint_id, number = found
        if says_again(update, work.last_word(complaint_id, (agency, number))):
            return Settled("duplicate", "it stands as it stood", "link", complaint_id)
        return self._say(work, (complaint_id, (agency, number)), row, update, no)

    def _say(
        self,
        work: Work,
        at: tuple[str, tuple[str, int]],
        row: JournalRow,
        update: AgencyUpdate,
        no: int,
    ) -> Settled:
        complaint_id, leg = at
        numbered = (
            "" if update.sequence is not None else work.last_number(complaint_id, leg)
        )
        event = self._event(leg, row, update, numbered, no)
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
        leg: tuple[str, int],
        row: JournalRow,
        update: AgencyUpdate,
        numbered: str,
        no: int,
    ) -> NewEvent:
        party, assignment_no = leg
        key = order_key(self._agencies[party].order_by, update, row, numbered)
        if self._is_upstream(party):
            return from_above(party, row, update, key, no)
        return of_agency(party, assignment_no, row, update, key, no)

    def _is_upstream(self, party: str) -> bool:
        return self._agencies[party].kind is PartyKind.UPSTREAM


def _seen(body: bytes) -> AgencyUpdate | Corrupt:
    """Take how a case stands in the agency's system for its word."""
    try:
        view = AgencyView.model_validate_json(body)
        return AgencyUpdate(
            reference=view.reference,
            event_type=view.event_type,
            raw_status=view.raw_status,
            occurred_at=view.updated_at,
        )
    except ValueError:
        return Corrupt(code="malformed", why="it is no view of a case")


def _take_along(work: Work, agency: str, one: _News) -> None:
    """Let what was not understood of a known complaint go with it when it is erased."""
    if isinstance(one.what, Settled) or not one.what.reference:
        return
    if found := work.case_by_reference(agency, one.what.reference):
        work.adopt(one.row, found[0])


def _known(complaint_id: str) -> Settled:
    return Settled("duplicate", "this update is known", "link", complaint_id)


def _unclear(work: Work, agency: str, row: JournalRow, record: Corrupt) -> Settled:
    """Quarantine what could not be read; its reporter hears that there is something.

    Neutral words, and once until the agency is understood again: the agency's own word
    stays in the sealed row.
    """
    settled = Settled("quarantined", f"{record.code}: {record.why}")
    if record.code == BOUNCED:  # no word of the agency: its mailbox is gone or full
        telemetry.log.warning("agency_mail_bounced", party=agency, journal_id=row.id)
        return settled
    if not record.reference:
        return settled
    found = work.case_by_reference(agency, record.reference)
    if found is None or work.leader(found[0]) != found[0]:
        return settled
    complaint_id, number = found
    is_asked_back = record.answer_to is not None
    if is_asked_back:  # whoever wrote it hears of it: no news for the reporter
        work.adopt(row, complaint_id)
    # A platform has no leg that could be unclear.
    is_over = is_asked_back or number == FROM_ABOVE
    if is_over or work.last_of_leg(complaint_id, (agency, number)) == UNCLEAR:
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
    speaker, number = said.leg or ("", FROM_ABOVE)
    payload = Relayed(
        agency=speaker,
        origin=origin,
        stands_for=said.type,
        raw_status=said.sealed.get("raw_status", ""),
        text=said.sealed.get("text", ""),
        attachments=said.facts.get("attachments", 0),
    )
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
