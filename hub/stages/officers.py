"""What an officer hears who said a word by mail."""

from datetime import timedelta

from hub import telemetry
from hub.domain.officer_words import NUMBERS, officer_words
from hub.ports import JournalRow, NewAnswer, Settled, Work
from schemas.parties import ChannelName, reporter_party
from schemas.updates import AgencyComplaint, AgencyUpdate, AnswerTo, Corrupt

ADDRESSEE = "Petugas"
ANSWERS_A_DAY_MAX = 10
"""To one agency about one case: more is a circle of two programs, not a talk."""
DAY = timedelta(days=1)

Said = AgencyUpdate | AgencyComplaint | Corrupt | Settled


def answer_officer(
    work: Work, agency: str, row: JournalRow, what: Said, settled: Settled
) -> None:
    """Tell an officer who answered by mail what became of it; machines say nothing.

    Once for each mail and kind of answer, and never more than some a day on one case.
    """
    to = what.answer_to if isinstance(what, AgencyUpdate | Corrupt) else None
    if to is None or isinstance(what, AgencyComplaint | Settled):
        return
    kind, word = _kind(what, settled)
    if not kind:
        return
    if _is_too_much(work, agency, row, what.reference):
        telemetry.answers_capped.labels(limit="officers_per_case").inc()
        telemetry.log.warning("officer_not_answered", party=agency, journal_id=row.id)
        return
    said = officer_words(kind, what.reference, word, to.choices, (to.heard, to.meant))
    params = {"id": said[0], "en": said[1], "language": "id"}
    party, number = reporter_party(ChannelName.EMAIL), NUMBERS[kind]
    work.answer(row, NewAnswer(party, "text", params, _where(to), number, once=True))


def _kind(what: AgencyUpdate | Corrupt, settled: Settled) -> tuple[str, str]:
    """Choose what is told, and the word that it is about; empty: nothing."""
    if isinstance(what, Corrupt):
        return ("unclear" if what.reference else ""), ""
    if settled.state != "done":
        return "", ""
    return ("unmoved" if settled.why else "taken"), what.raw_status


def _is_too_much(work: Work, agency: str, row: JournalRow, reference: str) -> bool:
    found = work.case_by_reference(agency, reference)
    if found is None:
        return False
    given = work.answers_since(found[0], row.lane, work.now - DAY)
    return given >= ANSWERS_A_DAY_MAX


def _where(to: AnswerTo) -> dict[str, str]:
    return {
        "email": to.address,
        "name": ADDRESSEE,
        "reply_to": to.reply_to,
        "thread_id": to.thread_id,
        "thread_subject": to.thread_subject,
    }
