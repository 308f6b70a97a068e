"""What an officer hears who said a word by mail."""

from hub.domain.officer_words import NUMBERS, officer_words
from hub.ports import JournalRow, NewAnswer, Settled, Work
from schemas.parties import ChannelName, reporter_party
from schemas.updates import AgencyComplaint, AgencyUpdate, Corrupt


def answer_officer(
    work: Work,
    row: JournalRow,
    what: AgencyUpdate | AgencyComplaint | Corrupt | Settled,
    settled: Settled,
) -> None:
    """Tell an officer who answered by mail what became of it; machines say nothing."""
    to = what.answer_to if isinstance(what, AgencyUpdate | Corrupt) else None
    if to is None or isinstance(what, AgencyComplaint | Settled):
        return
    word = ""
    if isinstance(what, Corrupt):
        kind = "unclear" if what.reference else ""
    else:
        kind, word = "unmoved" if settled.why else "taken", what.raw_status
        kind = kind if settled.state == "done" else ""
    if not kind:
        return
    said = officer_words(kind, what.reference, word, to.choices)
    where = {
        "email": to.address,
        "thread_id": to.thread_id,
        "thread_subject": to.thread_subject,
    }
    params = {"id": said[0], "en": said[1], "language": "id"}
    party, number = reporter_party(ChannelName.EMAIL), NUMBERS[kind]
    work.answer(row, NewAnswer(party, "text", params, where, number, once=True))
