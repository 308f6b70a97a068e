"""What is answered but is no event: questions, and wishes about messages."""

from connectors.contract import Decision, OptOut, Query, decided
from hub.domain.identity import SURE, read_code
from hub.ports import JournalRow, KnownCase, Settled, Work
from hub.stages.answering import Answerer, Asker

PLAIN_ANSWERS = frozenset({"help", "no_content", "unknown_code"})
ENCRYPTED = "encrypted"
"""Cause of quarantine of what nobody could be asked to write again."""


def take_wish(answer: Answerer, work: Work, row: JournalRow, item: OptOut) -> Settled:
    """Take a contact's wish to hear no more, or again; say once that it was taken.

    Anybody can write a mail in another's name: it counts with a code, as an answer to
    a mail of ours, or where our own server vouches for the sender.
    """
    contact, language = (item.contact_kind, item.contact), ""
    by = str(item.level)
    if item.contact_kind == "email":
        code = read_code(item.code) if item.code else None
        known = work.case_by_code(code, contact) if code else None
        known = known or work.case_by_key(item.reply_to, contact)
        if known is not None and known.contact_matches:
            work.adopt(row, known.complaint_id)
            language, by = _language(known), "token"
        elif item.level not in SURE:
            why = "opt_out: nothing shows whose wish it is"
            return Settled("ignored", why, trace=(decided("wish", "not_shown_whose"),))
    trace: tuple[Decision, ...] = (decided("wish", f"shown_by_{by}"),)
    if work.opt_out(*contact, opted_out=item.opted_out):
        # Once: two machines that say stop to each other would never end.
        kind = "opted_out" if item.opted_out else "opted_in"
        said = answer.say(work, row, Asker.of(item, language), kind)
        trace = (*trace, *said.trace)
    return Settled("done", "opt-out", "answer", "opt_out", trace=trace)


def answer_question(
    answer: Answerer, work: Work, row: JournalRow, item: Query
) -> Settled:
    """Answer a question, or words that cannot be read."""
    if item.kind == ENCRYPTED:
        return _encrypted(answer, work, row, item)
    if item.kind != "status":
        kind = item.kind if item.kind in PLAIN_ANSWERS else "help"
        return answer.say(work, row, Asker.of(item), kind)
    code = read_code(item.code)
    known = work.case_by_code(code, (item.contact_kind, item.contact)) if code else None
    if known is None:
        return answer.say(work, row, Asker.of(item), "unknown_code")
    if known.contact_matches and not known.erased:
        work.adopt(row, known.complaint_id)
    asker, status = Asker.of(item, _language(known)), work.status_of(known)
    return answer.say(work, row, asker, "status", known, status)


def _encrypted(answer: Answerer, work: Work, row: JournalRow, item: Query) -> Settled:
    """Ask for words that can be read; what nobody was asked about waits here."""
    settled = answer.say(work, row, Asker.of(item), ENCRYPTED)
    if settled.result_id == f"{row.id}.1":
        return settled
    return Settled("quarantined", f"{ENCRYPTED}: {settled.why}", trace=settled.trace)


def _language(known: KnownCase) -> str:
    return str(known.state.facts.get("language", ""))
