"""Intake: raw messages become complaints, replies, answers, or a recorded why not."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from connectors.contract import (
    Decision,
    Ignored,
    Item,
    New,
    OptOut,
    Query,
    Receipt,
    Reply,
    Unreadable,
    Waiting,
    decided,
)
from hub import telemetry
from hub.domain.capping import is_flood
from hub.domain.identity import SURE, contact_form, read_code
from hub.domain.placing import Placing
from hub.domain.quarantine import FLOOD, OFFICER_LOOKS, SPAM
from hub.domain.reference import Reference
from hub.domain.registration import Entry, first_events
from hub.ports import (
    Journal,
    JournalRow,
    KnownCase,
    NewCase,
    NormaliseError,
    Normaliser,
    Settled,
    Work,
)
from hub.stages import explaining
from hub.stages.answering import (
    CAPPED,
    MAIL,
    SMS,
    Answerer,
    Asker,
    Manner,
)
from hub.stages.wishes import answer_question, take_wish
from schemas.agency import AgencyManifest, RoutingTable
from schemas.complaint import NewComplaint
from schemas.events import Cause, new_event
from schemas.parties import (
    Author,
    AuthorKind,
    CauseKind,
    ChannelName,
)
from schemas.payloads import Said

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
        manner: Manner | None = None,
    ) -> None:
        self._journal = journal
        self._normaliser = normaliser
        self._place = Placing(routing, agencies, reference)
        self._order_by = {name: each.order_by for name, each in agencies.items()}
        self._ways_back = ways_back
        self._new_id = new_id
        manner = manner or Manner()
        self._caps = manner.caps
        self._answer = Answerer(manner, ways_back)

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
        contacts = [x for read in reads if (x := _contact(read.item)) is not None]

        def settle(work: Work) -> tuple[Counter[str], Counter[str]]:
            states: Counter[str] = Counter()
            capped: Counter[str] = Counter()
            for row_id in work.ids:
                read = by_id[row_id]
                settled = _traced(read, self._settle(work, read))
                work.settle(read.row, settled)
                states[settled.state] += 1
                capped.update(d.rule for d in settled.trace if d.decision == CAPPED)
            return states, capped

        states, capped = self._journal.work(list(by_id), settle, contacts, complaints)
        for state, count in states.items():
            telemetry.processed.labels(stage="intake", outcome=state).inc(count)
        for limit, count in capped.items():
            telemetry.answers_capped.labels(limit=limit).inc(count)

    def _quarantine(self, read: Read, error: Exception) -> None:
        telemetry.log.error("intake_failed", journal_id=read.row.id, error=error)
        why = f"could not be written ({type(error).__name__}); see the log"
        quarantined = _traced(read, Settled("quarantined", why))

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
                return answer_question(self._answer, work, read.row, read.item)
            case OptOut():
                return take_wish(self._answer, work, read.row, read.item)
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
            return self._repeated(work, row, item, known)
        stopped = self._set_aside(work, row, item)
        if stopped is not None:
            return stopped
        if not row.complaint_id:  # nobody foresaw that it is one: a mended reader may
            row = work.allot(row)
        complaint = item.complaint
        reporter_id = self._new_id()
        written_at = item.written_at and min(item.written_at, row.received_at)
        entry = Entry(row.id, row.received_at, row.code, row.public_number, written_at)
        decision = self._place(complaint, work.now)
        events = first_events(
            entry, item, decision, self._order_by, reporter_id, work.now
        )
        party = self._way_back(complaint)
        files = item.files
        new = NewCase(row, complaint, files, events, reporter_id, party, item.level)
        work.create(new)
        trace = explaining.accepted(item.level, decision)
        return Settled("done", "", "event", row.complaint_id, trace=trace)

    def _repeated(
        self, work: Work, row: JournalRow, item: New, known: KnownCase
    ) -> Settled:
        """Say that it is here already, on the contact that it is known by.

        The status is told only to who surely is that contact: anybody can write a mail
        in another's name.
        """
        asker = Asker.who_wrote(item.complaint, item.conversation)
        told: tuple[Decision, ...] = ()
        if self._way_back(item.complaint) == asker.party:
            sure = item.level in SURE
            kind = "status" if sure else "known"
            status = work.status_of(known) if sure else None
            told = self._answer.say(work, row, asker, kind, known, status).trace
        why, same = "same words, same person", explaining.SAME_WORDS
        link = known.complaint_id
        return Settled("duplicate", why, "link", link, trace=(same, *told))

    def _set_aside(self, work: Work, row: JournalRow, item: New) -> Settled | None:
        """Let an officer look first: at what is called spam, and at a flood.

        Who replays such a message has looked: it is stopped by neither again.
        """
        stopped = _reviewed(item) or self._flooded(work, item)
        if stopped is None or work.cause_before(row) in OFFICER_LOOKS:
            return None
        return stopped

    def _flooded(self, work: Work, item: New) -> Settled | None:
        address = item.complaint.reporter.email
        if item.complaint.channel is not ChannelName.EMAIL or not address:
            return None
        written = work.complaints_of("email", address)
        if not is_flood(self._caps, written):
            return None
        why = f"{FLOOD}: {written} complaints of one address in a day"
        capped = decided(CAPPED, "complaints_per_day", complaints=written)
        return Settled("quarantined", why, trace=(capped,))

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
        known, by = work.case_by_code(code, contact) if code else None, "code"
        if known is None and item.reply_to:
            known, by = work.case_by_key(item.reply_to, contact), "token"
        if known is None and item.number and item.level in SURE:
            # No secret: it counts for who surely is the reporter, and for nobody else.
            found = work.case_of_number(item.number, contact)
            known, by = found if found and found.contact_matches else None, "number"
        if known is not None:
            settled = self._said(work, row, item, known)
            found_by = explaining.found(by, item.level, known)
            return replace(settled, trace=(*found_by, *settled.trace))
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
            settled = self._new(work, row, _as_new(item, item.otherwise))
            return replace(settled, trace=(explaining.NOT_OURS, *settled.trace))
        asker = Asker(item.contact_kind, item.contact, conversation=item.conversation)
        return self._answer.say(work, row, asker, "unknown_code")

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


def _reviewed(item: New) -> Settled | None:
    if item.review != SPAM:
        return None
    why = f"{SPAM}: our mail server's verdict"
    return Settled("quarantined", why, trace=(decided("review", SPAM),))


def _traced(read: Read, settled: Settled) -> Settled:
    """Put what the journal and the channel found before what the stage decided."""
    before = explaining.of_row(read.row)
    if not before and not read.item.trace:
        return settled
    return replace(settled, trace=(*before, *read.item.trace, *settled.trace))


def _as_new(item: Reply, complaint: NewComplaint) -> New:
    """Take words that answer nothing of ours for a complaint."""
    return New(
        complaint=complaint,
        files=item.files,
        level=item.level,
        conversation=item.conversation,
        written_at=item.written_at,
        review=item.review,
    )


def _contact(item: Item) -> tuple[str, str] | None:
    """Name the contact whose messages are worked one after the other."""
    if not isinstance(item, Reply | Query | OptOut) or not item.contact:
        return None
    if item.contact_kind != "email" and not isinstance(item, Reply):
        return None
    return (item.contact_kind, contact_form(item.contact_kind, item.contact))


def _receipt(work: Work, row: JournalRow, item: Receipt) -> Settled:
    ours, theirs = item.client_reference, item.external_id
    why = f"receipt: {item.raw_state.lower()}"
    if item.permanent and ours and (told := work.unreachable(ours, why)):
        # A report repeats the address, and often the mail: it goes when they go.
        work.adopt(row, told)
    return Settled("done", "receipt", "link", (ours or theirs)[:64])


def _complaint(item: Item) -> NewComplaint | None:
    """Name the complaint that an item is, or may turn out to be."""
    match item:
        case New(complaint=complaint):
            return complaint
        case Reply(otherwise=otherwise):
            return otherwise
        case _:
            return None
