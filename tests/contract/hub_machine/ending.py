"""What must hold when all is over: everyone is in step, or it is recorded why not."""

from typing import Any

from connectors.contract import Capabilities
from hub.bootstrap import Store
from hub.database import tables as t
from hub.domain.concern import ALWAYS_TOLD
from hub.domain.identity import child_id
from hub.domain.lifecycle import fold
from hub.domain.privacy import interested
from schemas.events import LogEvent
from schemas.parties import PartyKind
from tests.contract.builders import MAIL
from tests.contract.delivery_machine.ledger import Told
from tests.contract.hub_machine.agencies import WORDS, FakeAgency, Record
from tests.contract.hub_machine.judge import KINDS, Judge, read
from tests.contract.hub_machine.ledgers import named

REPORTERS_CHANNEL = Capabilities(submits=False, resends_once=True)


def at_rest(store: Store) -> bool:
    """Tell whether nothing is due any more."""
    rows = read(store, t.journal)
    if any(row.state in {"new", "waiting"} for row in rows):
        return False
    due = [*read(store, t.cursors), *read(store, t.answers)]
    return not any(row.state == "active" and row.due_at for row in due)


class Ending:
    """Judges a store in which nothing is due."""

    def __init__(self, store: Store, judge: Judge) -> None:
        self._store = store
        self._judge = judge
        judge.watch(store)
        self._cursors = read(store, t.cursors)
        self._letters = read(store, t.dead_letters)

    def judge(self, agencies: list[FakeAgency]) -> None:
        """Judge everything."""
        for row in read(self._store, t.journal):
            assert row.due_at is None, f"{row.state} row is due"
        for row in self._cursors:
            self._judge_cursor(row)
        for letter in self._letters:
            assert letter.state != "requested", "a retry that never came"
        for agency in agencies:
            self._judge_told(agency)
            self._judge_view(agency)
            for record in agency.said:
                self._judge_update(agency, record)
        self._judge_answers()

    # what went out

    def _judge_cursor(self, row: Any) -> None:
        assert not row.sending_open, "a call is open, and nobody makes it"
        if row.state == "active":
            assert row.due_at is None, "it never comes to rest"
            assert row.delivered_seq == row.target_seq, "it is not in step"
            assert row.sending_to_seq is None, "it is in step, and yet sending"
        aside = self._aside(row)
        ledger = self._judge.ledger(row.party)
        for event in self._to_tell(row):
            told = Told(named(row), event.seq, event.event_id)
            accounted = ledger.has(told) or told in ledger.skipped or told in aside
            assert accounted, f"{row.party} never heard of {event.type} {event.seq}"

    def _aside(self, row: Any) -> set[Told]:
        """Name what is recorded as not told: letters, and what waits behind one."""
        ledger = self._judge.ledger(row.party)
        found = {
            event
            for letter in self._letters
            if (named(letter), letter.party) == (named(row), row.party)
            for event in self._judge.covered(letter)
        }
        if row.state != "active":
            head = len(self._judge.events[row.complaint_id])
            found |= set(ledger.wanted(named(row), row.delivered_seq + 1, head))
        return found

    def _to_tell(self, row: Any) -> list[LogEvent]:
        """Name the events that this party was to be told of, from the log alone."""
        kind, log = KINDS[row.party], self._judge.events[row.complaint_id]
        if kind is PartyKind.AGENCY:
            return self._of_its_time(row, log)
        born = self._born(row, log)
        follows = born > 0
        return [
            e
            for e in log
            if e.seq > born and interested(e, kind, row.party, follows=follows)
        ]

    def _born(self, row: Any, log: list[LogEvent]) -> int:
        """Where a cursor begins: at the merge, for who follows from another complaint.

        Zero for the complaint's own reporter.
        """
        if log[0].facts["reporter_id"] == row.recipient:
            return 0
        from_ = {r.complaint_id for r in self._cursors if r.recipient == row.recipient}
        return min(
            e.seq for e in log if e.type == "merged_from" and e.facts["other"] in from_
        )

    def _of_its_time(self, row: Any, log: list[LogEvent]) -> list[LogEvent]:
        """What an agency is told of a case, from its last assignment on.

        Nothing is handed over that was over before the first try; where it goes on,
        the hand-over shows how it stands then.
        """
        party, numbered = row.party, [(e.seq, e) for e in log]
        state = fold(numbered)
        first = max(
            leg.opened_seq for leg in state.legs.values() if leg.agency == party
        )
        ledger = self._judge.ledger(party)
        told = [
            e.seq for e in log if ledger.has(Told(e.complaint_id, e.seq, e.event_id))
        ]
        told += [event.seq for event in self._aside(row)]
        began = min((seq for seq in told if seq >= first), default=None)
        if began is None and not state.expects(party):
            return []
        return [
            e
            for e in log
            if e.seq >= (began or first)
            and interested(e, PartyKind.AGENCY, party)
            and (e.type in ALWAYS_TOLD or _concerns(log, e, party))
        ]

    def _judge_told(self, agency: FakeAgency) -> None:
        """An agency hears of a case while it has it, and how it ends."""
        for effect in self._judge.ledger(agency.name).effects.values():
            for told in effect.events:
                log = self._judge.events[told.complaint_id]
                event = log[told.seq - 1]
                may = event.type in ALWAYS_TOLD or _concerns(log, event, agency.name)
                assert may, f"{agency.name} heard of {event.type} {event.seq}"

    def _judge_view(self, agency: FakeAgency) -> None:
        """What an agency believes of a case is what ours was when it was told last."""
        ledger = self._judge.ledger(agency.name)
        for complaint, status in agency.told.items():
            log = self._judge.events[complaint]
            heard = [
                event.seq
                for effect in ledger.effects.values()
                if not effect.late
                for event in effect.events
                if event.complaint_id == complaint
            ]
            assert status == log[max(heard) - 1].status_after

    def _judge_answers(self) -> None:
        ledger = self._judge.ledger(MAIL)
        keys = {row.id: row for row in read(self._store, t.data_keys)}
        for row in read(self._store, t.answers):
            assert row.state in {"done", "failed"}, row.state
            told = row.key in ledger.effects or ledger.events[row.key] in ledger.skipped
            erased = keys[row.data_key_id].wrapped is None
            assert told or erased or row.state == "failed", "an answer nobody got"

    # what came in

    def _judge_update(self, agency: FakeAgency, record: Record) -> None:
        """Each update is in the log once, or its rows say why not."""
        rows = {row.id: row for row in read(self._store, t.journal)}
        ids = set(record.rows)
        caused = [
            (e.complaint_id, e.seq)
            for log in self._judge.events.values()
            for e in log
            if e.cause.id in ids
        ]
        assert len(caused) <= 1, f"one update, many events: {caused}"
        states = {rows[one].state for one in ids}
        if record.word not in WORDS:
            assert states == {"quarantined"}, f"{record.word}: {states}"
        elif not caused:
            assert states == {"quarantined"}, f"an update vanished: {states}"
            why = {rows[one].why.partition(":")[0] for one in ids}
            assert why == {"orphan"}, f"{why}"
            assert not self._is_known(agency, record), "an orphan whose case is known"
        else:
            about = self._followed(agency.cases[record.reference])
            assert caused[0][0] in about, "it is in another complaint's log"
            assert states <= {"done", "duplicate"}, f"{states}"

    def _followed(self, complaint: str) -> list[str]:
        """Name a complaint, and those that it was merged into, one after the other."""
        into = {row.id: row.merged_into for row in read(self._store, t.complaints)}
        found = [complaint]
        while next_ := into[found[-1]]:
            found.append(next_)
        return found

    def _is_known(self, agency: FakeAgency, record: Record) -> bool:
        """Tell whether the hub knows an agency's reference, also of a case it left."""
        index = self._store.vault.blind(f"reference:{agency.name}", record.reference)
        old = read(self._store, t.agency_references)
        return any(
            row.reference_index == index and agency.name == name
            for row, name in (
                *((row, row.party) for row in self._cursors),
                *((row, row.agency) for row in old),
            )
        )


def _concerns(log: list[LogEvent], event: LogEvent, agency: str) -> bool:
    """Tell whether an agency has the case when an event is appended."""
    if event.leg is not None and event.leg[0] == agency:
        return True
    state = fold([(e.seq, e) for e in log[: event.seq]])
    return any(leg.is_open for leg in state.legs.values() if leg.agency == agency)


def record_ids(journal_id: str, records: int) -> list[str]:
    """Name the rows that a request of so many records becomes."""
    if records == 1:
        return [journal_id]
    return [child_id(journal_id, n) for n in range(1, records + 1)]
