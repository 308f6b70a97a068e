"""Claimed journal rows: everything that one intake or update transaction writes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from connectors.contract import File
from hub.database import contacts
from hub.database import tables as t
from hub.database.adopting import destroy_adopted
from hub.database.answering import answers_since, is_answered, sealed_answer
from hub.database.births import append_birth, named, wake_orphans
from hub.database.case import Case
from hub.database.children import ChildMaker
from hub.database.counting import Counts
from hub.database.engine import Tx
from hub.database.finding import Finder
from hub.database.hot.batch import ADOPTED_KEYS, NEW_ANSWERS, SETTLED_ROWS, Batch
from hub.database.log import Appender, known_occurrence
from hub.database.moulds import Mould, Moulds
from hub.database.persons import Fingerprint, collect_files, collect_reporter
from hub.database.quarantine import cause_before
from hub.database.tracing import trace_columns
from hub.database.vault import DataKey, Vault
from hub.domain.deadlines import Deadlines
from hub.domain.identity import contact_form, relayed_key
from hub.domain.lifecycle import why_unmoved
from hub.domain.order import last_number, last_word
from hub.domain.registration import Beginning
from hub.ports import (
    Answered,
    JournalRow,
    KnownCase,
    NewAnswer,
    NewCase,
    Settled,
)
from schemas.complaint import NewComplaint
from schemas.events import LogEvent, NewEvent
from schemas.status import Status


class ClaimedWork:
    """One transaction over locked journal rows. Implements `hub.ports.Work`.

    What it is told is collected and written at the end, by `flush`; what it is asked
    counts what was told before.
    """

    def __init__(
        self,
        tx: Tx,
        vault: Vault,
        prints: Mapping[int, Fingerprint],
        moulds: Moulds,
        deadlines: Deadlines,
        *,
        hinting: bool,
    ) -> None:
        self._tx = tx
        self._vault = vault
        self._hinting = hinting
        self._moulds = moulds
        self._batch = Batch()
        self._log = Appender(tx, vault, deadlines, hinting=hinting, batch=self._batch)
        self._find = Finder(tx, vault, self._log, prints)
        self._counts = Counts(tx, vault)
        self._due: list[tuple[str, str]] = []
        self._silenced: list[tuple[str, bytes]] = []
        self._adopted: set[str] = set()
        """Keys that got their owner: the first one keeps them."""

    @property
    def ids(self) -> Sequence[str]:
        """The rows that are still to be worked, locked."""
        return self._find.claimed

    @property
    def rows(self) -> Sequence[JournalRow]:
        """The same, read again."""
        return self._find.rows()

    @property
    def now(self) -> datetime:
        """The database's clock."""
        return self._tx.now

    def claim(self, ids: Sequence[str], contacts: Sequence[tuple[str, str]]) -> None:
        """Lock the rows, then the persons: two messages of one wait for each other."""
        self._find.claim(ids, contacts)

    # finding

    def case_by_code(self, code: str, contact: tuple[str, str]) -> KnownCase | None:
        """Find a complaint by tracking code and compare (kind, contact)."""
        return self._find.case_by_code(code, contact)

    def code_is_waiting(self, code: str) -> bool:
        """Tell whether the code's own message is accepted but not yet worked."""
        return self._find.code_is_waiting(code)

    def case_by_key(
        self, keys: Sequence[str], contact: tuple[str, str]
    ) -> KnownCase | None:
        """Find a complaint by the delivery keys in our own Message-IDs."""
        return self._find.case_by_key(keys, contact)

    def case_by_reference(self, agency: str, reference: str) -> tuple[str, int] | None:
        """Find (complaint_id, assignment_no) by the agency's reference."""
        return self._find.case_by_reference(agency, reference)

    def case_by_number(self, public_number: str) -> str:
        """Find a complaint by the number that agencies see; empty: there is none."""
        return self._find.case_by_number(public_number)

    def case_of_number(
        self, public_number: str, contact: tuple[str, str]
    ) -> KnownCase | None:
        """Find a complaint by its public number and compare (kind, contact)."""
        return self._find.case_of_number(public_number, contact)

    def complaints_of(self, kind: str, contact: str) -> int:
        """Count the complaints of a contact in the last 24 hours."""
        return self._counts.complaints_of(kind, contact)

    def answers_to(self, address: str, conversation: str) -> Answered:
        """Count the answers by mail to an address in the last 24 hours."""
        return self._counts.answers_to(address, conversation)

    def cause_before(self, row: JournalRow) -> str:
        """Name why a row was quarantined before somebody replayed it."""
        return cause_before(self._tx, row.id)

    def foresee_references(self, references: Sequence[tuple[str, str]]) -> None:
        """Look (agency, reference) pairs up at once, and lock their complaints."""
        self._find.foresee_references(references)

    def same_words(self, complaint: NewComplaint) -> KnownCase | None:
        """Find a recent complaint of the same contact with the same words."""
        return self._find.same_words(complaint)

    # writing

    def create(self, new: NewCase) -> None:
        """Write a new complaint with its events, legs and cursors."""
        row, who = new.row, self._find.print_of(new.complaint)
        if new.origin is not None:  # it repeats nothing that is written to us
            own = self._vault.blind("words", row.complaint_id)
            who = replace(who, words=own)
        key = self._row_key(row)
        event_id = self._begin(new, key)
        collect_reporter(self._batch, key, new, who, self._tx.now)
        if new.files:
            collect_files(self._batch, key, row.complaint_id, event_id, new.files)
        self._find.remember(new, who)
        self._counts.complained(who.contacts)
        if new.origin is not None:
            index = self._vault.blind(
                f"reference:{new.origin.party}", new.origin.reference
            )
            self._due += wake_orphans(
                self._tx, self._batch, index, self.ids, hinting=self._hinting
            )

    def allot(self, row: JournalRow) -> JournalRow:
        """Give a row the names of a complaint, which no sender was told at accept."""
        found = named(self._tx, self._vault, self._batch, row)
        key_id = self._row_key_id(row)
        adopted = {"id": key_id, "complaint_id": found.complaint_id}
        self._batch.add(ADOPTED_KEYS, adopted)
        self._adopted.add(key_id)
        return found

    def _begin(self, new: NewCase, key: DataKey) -> str:
        """Write the first events, and what they lead to; returns the first one's id."""
        begun, parties = new.events, self._log.parties
        if not isinstance(begun, Beginning):
            return self._appended(new, key).added[0].event_id
        mould = self._moulds.find(begun, new.party, parties)
        if mould is None:
            case = self._appended(new, key)
            self._moulds.keep(begun, new.party, Mould.of(case, begun, parties))
            return case.added[0].event_id
        return self._log.stamp(mould, new, begun, key)

    def _appended(self, new: NewCase, key: DataKey) -> Case:
        row = new.row
        case = self._log.create(
            Case(
                complaint_id=row.complaint_id,
                code=row.code,
                public_number=row.public_number,
                key=key,
                data_key_id=key.id,
                reporter_id=new.reporter_id,
                channel=new.complaint.channel,
                received_at=None if new.origin else row.received_at,
            )
        )
        if new.origin is not None:
            number = append_birth(self._log, case, new, new.origin)
            self._find.remember_reference(new.origin, case.complaint_id, number)
            return case
        self._log.append(case, new.events[:1])
        if new.party:
            self._log.add_cursor(case, new.party, new.reporter_id)
        self._log.append(case, new.events[1:])
        return case

    def append(
        self,
        complaint_id: str,
        events: Sequence[NewEvent],
        files: Sequence[File] = (),
        adopt: JournalRow | None = None,
        owner: str = "",
    ) -> list[LogEvent]:
        """Append to an existing complaint; repeated ones are left out."""
        case = self._log.open(complaint_id)
        keeper = self._log.open(owner) if owner else case
        if case is None or keeper is None:
            msg = f"complaint {complaint_id} is not there"
            raise LookupError(msg)
        if keeper.key is None:
            events = [event.model_copy(update={"sealed": {}}) for event in events]
        written = self._log.append(case, events, keeper)
        if adopt is not None:
            self.adopt(adopt, keeper.complaint_id)
        if written and files and keeper.key is not None:
            event_id = written[0].event_id
            collect_files(self._batch, keeper.key, complaint_id, event_id, files)
        return [one.as_event() for one in written]

    def last_of_leg(self, complaint_id: str, leg: tuple[str, int]) -> str:
        """Name the type of a leg's last event; empty when there is none."""
        case = self._log.open(complaint_id)
        events = case.events if case is not None else ()
        return next((e.type for _, e in reversed(events) if e.leg == leg), "")

    def last_number(self, complaint_id: str, leg: tuple[str, int]) -> str:
        """Name the order key of a leg's highest numbered update; empty: none."""
        case = self._log.open(complaint_id)
        return last_number((e for _, e in case.events) if case else (), leg)

    def last_word(self, complaint_id: str, leg: tuple[str, int]) -> str:
        """Name the occurrence key of a leg's last update that came; empty: none."""
        case = self._log.open(complaint_id)
        return last_word((e for _, e in case.events) if case else (), leg)

    def leader(self, complaint_id: str) -> str:
        """Name the complaint that it follows since they were merged, else itself."""
        case = self._log.open(complaint_id)
        while case is not None and case.state.merged_into:
            complaint_id = case.state.merged_into
            case = self._log.open(complaint_id)
        return complaint_id

    def has_occurrence(self, complaint_id: str, event: NewEvent) -> bool:
        """Tell whether an update is in the complaint's log, or was relayed from it."""
        number = event.leg[1] if event.leg else 0
        key = relayed_key(complaint_id, number, event.occurrence_key)
        relayed = event.model_copy(update={"leg": None, "occurrence_key": key})
        case = self._log.open(complaint_id)
        while case is not None:
            own = case.complaint_id == complaint_id
            if known_occurrence(case, event if own else relayed):
                return True
            into = case.state.merged_into
            case = self._log.open(into) if into else None
        return False

    def status_of(self, known: KnownCase) -> Status:
        """Tell its status, or that of the complaint that it follows."""
        case = self._log.open(self.leader(known.complaint_id))
        return known.state.status if case is None else case.state.status

    def why_unmoved(self, complaint_id: str, seq: int) -> str:
        """Say why an event moves nothing where it stands; empty when it may."""
        case = self._log.open(complaint_id)
        return why_unmoved(case.state, seq) if case else ""

    def _row_key(self, row: JournalRow) -> DataKey:
        if isinstance(row.key, DataKey):
            return row.key
        return self._vault.key(self._tx.conn, self._row_key_id(row))

    def _row_key_id(self, row: JournalRow) -> str:
        if isinstance(row.key, DataKey):
            return row.key.id
        found = self._tx.conn.execute(
            sa.select(t.journal.c.data_key_id).where(t.journal.c.id == row.id)
        ).scalar_one()
        return str(found)

    def adopt(self, row: JournalRow, complaint_id: str) -> None:
        """The complaint owns the row's key from now on: erasure reaches the raw.

        A complaint that was erased already takes the key with it at once, and that of
        the page that the row is a record of; the page's other records have their own.
        """
        key_id = self._row_key_id(row)
        case = self._log.open(complaint_id)
        if case is not None and case.key is None:
            destroy_adopted(self._tx, key_id, complaint_id, row.parent_id)
        elif complaint_id != row.complaint_id:  # that one has it since accept
            if key_id not in self._adopted:
                adopted = {"id": key_id, "complaint_id": complaint_id}
                self._batch.add(ADOPTED_KEYS, adopted)
            self._adopted.add(key_id)

    def answer(self, row: JournalRow, answer: NewAnswer) -> None:
        """Store an answer, due at once."""
        key = self._row_key(row)
        party = self._log.parties.get(answer.party)
        if party is None:
            return
        if answer.once and is_answered(self._tx, row.id, answer.number):
            return
        sealed = sealed_answer(self._vault, key, row.id, answer)
        times = {"due_at": self._tx.now, "hinted_at": self._hinted()}
        self._batch.add(NEW_ANSWERS, {**sealed, "lane": party.lane, **times})
        self._counts.answered(sealed["contact_index"], sealed["conversation_index"])
        self._due.append((party.lane, row.id))

    def answers_since(self, complaint_id: str, lane: str, since: datetime) -> int:
        """Count the answers that a complaint's messages of one lane were given."""
        return answers_since(self._tx, complaint_id, lane, since)

    def opt_out(self, kind: str, contact: str, *, opted_out: bool) -> bool:
        """Remember that a contact wants no messages, or wants them again.

        What still rests is due now: it is passed over, so that whoever wants messages
        again hears from then on. False when it was so before.
        """
        hmac = self._vault.blind(kind, contact_form(kind, contact))
        if opted_out:
            self._silenced.append((kind, hmac))
        return contacts.opt_out(self._tx, kind, hmac, opted_out=opted_out)

    def unreachable(self, key: str, why: str) -> str:
        """Remember that the contact of a delivery with this key is gone."""
        return contacts.lose(self._tx, self._vault, key, why)

    def blind(self, kind: str, value: str) -> bytes:
        """Index a value without storing it."""
        return self._vault.blind(kind, value)

    def settle(self, row: JournalRow, settled: Settled) -> None:
        """Write what became of the row.

        What repeats a complaint goes with it when it is erased.
        """
        if settled.state == "duplicate" and settled.result_kind == "link":
            self.adopt(row, settled.result_id)
        due = None
        if settled.due_in_seconds is not None:
            due = self._tx.now + timedelta(seconds=settled.due_in_seconds)
        waiting = settled.state == "waiting"
        self._batch.add(
            SETTLED_ROWS,
            {
                "id": row.id,
                "state": settled.state,
                "why": settled.why[:300],
                "due_at": due,
                "result_kind": settled.result_kind or None,
                "result_id": settled.result_id or None,
                "waiting_for": settled.waiting_for,
                "waits": row.waits + 1 if waiting else row.waits,
                **trace_columns(row.key, row.id, settled.trace),
            },
        )

    def split(self, row: JournalRow, bodies: Sequence[bytes]) -> list[JournalRow]:
        """Make a child row of each record; each has its own key and its own raw."""
        make = ChildMaker(self._tx, self._vault, self._batch, self._hinted())
        children = make.split(row, bodies)
        self._due += [(row.lane, child.id) for child in children]
        return children

    def _hinted(self) -> datetime | None:
        return self._tx.now if self._hinting else None

    def flush(self) -> list[tuple[str, str]]:
        """Write everything; returns the (lane, id) pairs that became due."""
        due = self._due + self._log.flush()
        for kind, hmac in self._silenced:  # cursors are locked after complaints
            due += contacts.wake_resting(self._tx, kind, hmac, hinted=self._hinted())
        return due
