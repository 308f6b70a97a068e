"""Intake: raw messages become complaints, replies, answers, or a recorded why not."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from connectors.contract import (
    Ignored,
    Item,
    New,
    OptOut,
    Query,
    Receipt,
    Reply,
    Unreadable,
    Waiting,
)
from hub import telemetry
from hub.domain.identity import contact_form, read_code
from hub.domain.notices import STANDARD, Wording
from hub.domain.placing import Placing
from hub.domain.reference import Reference
from hub.domain.registration import Entry, first_events
from hub.ports import (
    Journal,
    JournalRow,
    KnownCase,
    NewAnswer,
    NewCase,
    NormaliseError,
    Normaliser,
    Settled,
    Work,
)
from schemas.agency import AgencyManifest, RoutingTable
from schemas.complaint import NewComplaint
from schemas.events import Cause, new_event
from schemas.parties import (
    Author,
    AuthorKind,
    CauseKind,
    ChannelName,
    reporter_party,
)
from schemas.payloads import Said

MAIL, SMS = reporter_party(ChannelName.EMAIL), reporter_party(ChannelName.SMS)
CRASHES_MAX = 3
"""A row that crashed its reader this often is quarantined."""
CODE_WAITS_SECONDS = (5.0, 30.0, 300.0)
"""Waits of a reply whose complaint is accepted but not yet worked."""


@dataclass(frozen=True)
class Read:
    """One row with what its channel made of it."""

    row: JournalRow
    item: Item


class Intake:
    """Works one batch of journal rows of one lane."""

    def __init__(
        self,
        journal: Journal,
        normaliser: Normaliser,
        routing: RoutingTable,
        agencies: Mapping[str, AgencyManifest],
        ways_back: frozenset[str],
        new_id: Callable[[], str],
        reference: Reference | None = None,
        wording: Wording = STANDARD,
    ) -> None:
        self._journal = journal
        self._normaliser = normaliser
        self._place = Placing(routing, agencies, reference)
        self._order_by = {name: each.order_by for name, each in agencies.items()}
        self._ways_back = ways_back
        self._new_id = new_id
        self._words = wording

    def __call__(self, lane: str, ids: Sequence[str]) -> int:
        """Work those rows of the batch that are due; returns how many were.

        A row that cannot be written is tried alone, so it never takes its
        neighbours along; alone it is quarantined. Idempotent.
        """
        rows = self._journal.read(ids)
        reads = [self._read(lane, row) for row in rows]
        if reads:
            self._write(reads)
        return len(reads)

    def _read(self, lane: str, row: JournalRow) -> Read:
        if row.closed:
            return Read(row, Unreadable(why=row.closed))
        if row.raw is None:
            return Read(row, Ignored(rule="erased", why="its key was destroyed"))
        if row.crashes >= CRASHES_MAX:
            return Read(row, Unreadable(why=f"it ended its reader {row.crashes} times"))
        try:
            items = self._normaliser.run(lane.removeprefix("intake."), row.entry)
        except NormaliseError as error:
            if error.crashed and self._journal.mark_crash(row.id) < CRASHES_MAX:
                return Read(row, Waiting(group="crash", why=error.why))
            return Read(row, Unreadable(why=error.why))
        return Read(
            row, items[0] if items else Ignored(rule="empty", why="nothing in it")
        )

    def _write(self, reads: Sequence[Read]) -> None:
        try:
            self._transact(reads)
        except Exception as error:
            if isinstance(error, ConnectionError):
                raise  # the database is away: the rows stay due
            if len(reads) > 1:
                half = len(reads) // 2
                self._write(reads[:half])
                self._write(reads[half:])
                return
            self._quarantine(reads[0], error)

    def _transact(self, reads: Sequence[Read]) -> None:
        by_id = {read.row.id: read for read in reads}
        complaints = [c for read in reads if (c := _complaint(read.item)) is not None]
        contacts = [
            (item.contact_kind, contact_form(item.contact_kind, item.contact))
            for read in reads
            if isinstance(item := read.item, Reply) and item.contact
        ]

        def settle(work: Work) -> Counter[str]:
            states: Counter[str] = Counter()
            for row_id in work.ids:
                read = by_id[row_id]
                settled = self._settle(work, read)
                work.settle(read.row, settled)
                states[settled.state] += 1
            return states

        states = self._journal.work(list(by_id), settle, contacts, complaints)
        for state, count in states.items():
            telemetry.processed.labels(stage="intake", outcome=state).inc(count)

    def _quarantine(self, read: Read, error: Exception) -> None:
        telemetry.log.error("intake_failed", journal_id=read.row.id, error=error)
        why = f"could not be written ({type(error).__name__}); see the log"
        quarantined = Settled("quarantined", why)

        def settle(work: Work) -> None:
            for _ in work.ids:
                work.settle(read.row, quarantined)

        self._journal.work([read.row.id], settle)

    def _settle(self, work: Work, read: Read) -> Settled:  # noqa: PLR0911 - a row each
        match read.item:
            case New():
                return self._new(work, read.row, read.item)
            case Reply():
                return self._reply(work, read.row, read.item)
            case Query():
                return self._query(work, read.row, read.item)
            case OptOut():
                return self._opt_out(work, read.row, read.item)
            case Receipt():
                return _receipt(work, read.row, read.item)
            case Ignored(rule=rule, why=why):
                return Settled("ignored", f"{rule}: {why}")
            case Waiting(why=why):
                return Settled("waiting", why, due_in_seconds=1.0)
            case Unreadable(why=why):
                return Settled("quarantined", why)

    # a new complaint

    def _new(self, work: Work, row: JournalRow, item: New) -> Settled:
        known = work.same_words(item.complaint)
        if known is not None and not known.erased:
            self._tell_code(work, row, item.complaint, known)
            return Settled(
                "duplicate", "same words, same person", "link", known.complaint_id
            )
        if not row.complaint_id:  # nobody foresaw that it is one: a mended reader may
            row = work.allot(row)
        complaint = item.complaint
        reporter_id = self._new_id()
        entry = Entry(row.id, row.received_at, row.code, row.public_number)
        decision = self._place(complaint, work.now)
        events = first_events(
            entry, item, decision, self._order_by, reporter_id, work.now
        )
        party = self._way_back(complaint)
        work.create(NewCase(row, complaint, item.files, events, reporter_id, party))
        return Settled("done", "", "event", row.complaint_id)

    def _tell_code(
        self, work: Work, row: JournalRow, complaint: NewComplaint, known: KnownCase
    ) -> None:
        party = self._way_back(complaint)
        if party:
            text = self._words.answer("status", known.code, work.status_of(known))
            # Once: it may have been answered when it was read otherwise.
            work.answer(row, replace(_answer(party, text, complaint), once=True))

    def _way_back(self, complaint: NewComplaint) -> str:
        """Choose how the reporter is told: the way they came, else another one."""
        person = complaint.reporter
        by_mail = bool(person.email) and MAIL in self._ways_back
        by_sms = bool(person.phone) and SMS in self._ways_back
        if by_mail and not (by_sms and complaint.channel is ChannelName.SMS):
            return MAIL
        return SMS if by_sms else ""

    # words for a known complaint

    def _reply(self, work: Work, row: JournalRow, item: Reply) -> Settled:
        contact = (item.contact_kind, item.contact)
        code = read_code(item.code) if item.code else None
        known = work.case_by_code(code, contact) if code else None
        if known is None and item.reply_to:
            known = work.case_by_key(item.reply_to, contact)
        if known is not None:
            return self._said(work, row, item, known)
        if (
            code is not None
            and work.code_is_waiting(code)
            and row.waits < len(CODE_WAITS_SECONDS)
        ):
            wait = CODE_WAITS_SECONDS[row.waits]
            return Settled(
                "waiting", "its complaint is being registered", due_in_seconds=wait
            )
        if item.otherwise is not None:
            return self._new(work, row, New(complaint=item.otherwise, files=item.files))
        return self._answer_contact(
            work, row, item.contact_kind, item.contact, "unknown_code"
        )

    def _said(
        self, work: Work, row: JournalRow, item: Reply, known: KnownCase
    ) -> Settled:
        if known.erased:
            work.adopt(row, known.complaint_id)
            return Settled("ignored", "erased: the complaint's data was erased")
        by_reporter = known.contact_matches
        name = "reporter_replied" if by_reporter else "third_party_comment"
        author = (
            Author(kind=AuthorKind.REPORTER, id=known.reporter_id)
            if by_reporter
            else Author(kind=AuthorKind.THIRD_PARTY, id="unknown")
        )
        payload = Said(
            channel=ChannelName(row.lane.removeprefix("intake.")),
            attachments=len(item.files),
            text=item.text,
        )
        cause = Cause(kind=CauseKind.JOURNAL, id=row.id)
        event = new_event(name, payload, author, cause, work.now)
        leader = work.leader(known.complaint_id)
        work.append(leader, [event], item.files, adopt=row, owner=known.complaint_id)
        return Settled("done", f"by {item.carrier}", "event", leader)

    # no messages, or messages again

    def _opt_out(self, work: Work, row: JournalRow, item: OptOut) -> Settled:
        """Take a contact's wish, and say once that it was taken.

        Anybody can write a mail in another's name: it counts with a code, or as an
        answer to a mail of ours.
        """
        contact, language = (item.contact_kind, item.contact), ""
        if item.contact_kind == "email":
            code = read_code(item.code) if item.code else None
            known = work.case_by_code(code, contact) if code else None
            known = known or work.case_by_key(item.reply_to, contact)
            if known is None or not known.contact_matches:
                return Settled("ignored", "opt_out: nothing shows whose wish it is")
            work.adopt(row, known.complaint_id)
            language = _language(known)
        if work.opt_out(*contact, opted_out=item.opted_out):
            # Once: two machines that say stop to each other would never end.
            text = self._words.answer("opted_out" if item.opted_out else "opted_in")
            self._send_answer(work, row, *contact, text, item, language)
        return Settled("done", "opt-out", "answer", "opt_out")

    # questions

    def _query(self, work: Work, row: JournalRow, item: Query) -> Settled:
        if item.kind != "status":
            return self._answer_contact(
                work, row, item.contact_kind, item.contact, item.kind, item
            )
        code = read_code(item.code)
        known = (
            work.case_by_code(code, (item.contact_kind, item.contact)) if code else None
        )
        if known is None:
            return self._answer_contact(
                work, row, item.contact_kind, item.contact, "unknown_code", item
            )
        if known.contact_matches and not known.erased:
            work.adopt(row, known.complaint_id)
        text = self._words.answer("status", known.code, work.status_of(known))
        contact, language = (item.contact_kind, item.contact), _language(known)
        return self._send_answer(work, row, *contact, text, item, language)

    def _answer_contact(
        self,
        work: Work,
        row: JournalRow,
        kind: str,
        contact: str,
        template: str,
        query: Query | None = None,
    ) -> Settled:
        known = (
            template if template in {"help", "no_content", "unknown_code"} else "help"
        )
        text = self._words.answer(known)
        return self._send_answer(work, row, kind, contact, text, query)

    def _send_answer(
        self,
        work: Work,
        row: JournalRow,
        kind: str,
        contact: str,
        text: tuple[str, str],
        query: Query | OptOut | None,
        language: str = "",
    ) -> Settled:
        channel = ChannelName.EMAIL if kind == "email" else ChannelName.SMS
        party = reporter_party(channel)
        if not contact or party not in self._ways_back:
            return Settled("done", "nobody to answer", "answer", "none")
        where = {
            ("email" if kind == "email" else "phone"): contact,
            "line": query.line if query else "",
            "thread_id": query.thread_id if query else "",
        }
        params = {"id": text[0], "en": text[1], "language": language}
        work.answer(row, NewAnswer(party, "text", params, where))
        return Settled("done", "answered", "answer", f"{row.id}.1")


def _receipt(work: Work, row: JournalRow, item: Receipt) -> Settled:
    ours, theirs = item.client_reference, item.external_id
    why = f"receipt: {item.raw_state.lower()}"
    if item.permanent and ours and (told := work.unreachable(ours, why)):
        # A report repeats the address, and often the mail: it goes when they go.
        work.adopt(row, told)
    return Settled("done", "receipt", "link", (ours or theirs)[:64])


def _answer(party: str, text: tuple[str, str], complaint: NewComplaint) -> NewAnswer:
    person = complaint.reporter
    contact = {
        "email": person.email,
        "phone": person.phone,
        "line": person.line,
        "thread_id": person.thread_id,
        "thread_subject": person.thread_subject,
    }
    params = {"id": text[0], "en": text[1], "language": complaint.language}
    return NewAnswer(party, "text", params, contact)


def _language(known: KnownCase) -> str:
    return str(known.state.facts.get("language", ""))


def _complaint(item: Item) -> NewComplaint | None:
    """Name the complaint that an item is, or may turn out to be."""
    match item:
        case New(complaint=complaint):
            return complaint
        case Reply(otherwise=otherwise):
            return otherwise
        case _:
            return None
