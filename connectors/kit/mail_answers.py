"""Rows: an officer answers a mail, and the hub understands it, or asks back."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.message import EmailMessage

from connectors.kit.bench import Bench
from connectors.kit.breaking import FIRST_WORKS
from connectors.kit.coming_back import NOTE
from connectors.kit.mail_breaking import TLS
from connectors.kit.mail_programs import OFFICER, PROGRAMS, Read, answer, bounce, read
from connectors.kit.mailroom import Mailroom
from connectors.kit.receiver import Record
from connectors.kit.row import Outcome, judged, untried
from schemas.updates import BOUNCED, AgencyUpdate, Corrupt

COLLEAGUE = "Rekan Kerja <rekan@instansi.example>"
MARK = re.compile(r"([a-z2-7]{12})@", re.IGNORECASE)
SHOWN = 3
"""Faults that the evidence names; the others are alike."""


@dataclass(frozen=True)
class Desk:
    """An officer at the agency's mailbox, with the first mail before him."""

    bench: Bench
    room: Mailroom
    ours: Read
    envelope_from: str
    """Whom the relay was told to report to."""

    def says(self, mail: EmailMessage, sender: str, to: str = "") -> list[Record]:
        """Post a mail; returns what the hub reads of it."""
        since = len(self.bench.receiver.raws)
        self.room.post(mail, sender, to or str(self.ours.mail["Reply-To"]))
        return self.bench.receiver.records(since)

    def answers(
        self, text: str, program: str = "bare", who: str = OFFICER
    ) -> list[Record]:
        """Answer the mail by a mail program."""
        mail = answer(self.ours, who)
        PROGRAMS[program](mail, self.ours, text)
        return self.says(mail, _address(who))


def _address(written: str) -> str:
    return written.partition("<")[2].strip(">")


def _at_desk(row: Callable[[Desk], Outcome]) -> Callable[[Bench], Outcome]:
    """Put an officer before the first mail; without one nothing can be answered."""

    def run(bench: Bench) -> Outcome:
        if bench.mail is None or bench.mail.proxy is None:
            return untried(TLS)
        if bench.mail.first is None:
            return untried(FIRST_WORKS)
        first = bench.mail.first
        return row(Desk(bench, bench.mail, read(first.content), first.sender))

    return run


def _written_by(program: str) -> Callable[[Desk], Outcome]:
    """Try every word and every number of the menu by one mail program."""

    def row(desk: Desk) -> Outcome:
        menu = desk.ours.menu
        meant = [(word, word) for word in desk.bench.manifest.statuses]
        meant += list(menu.items())
        faults = [
            fault
            for text, word in meant
            for fault in _faults(desk, desk.answers(f"{text}\n{NOTE}", program), word)
        ]
        said = f"{len(desk.bench.manifest.statuses)} words, {len(menu)} numbers"
        good = bool(menu) and not faults
        return judged(good, "; ".join([said, *faults[:SHOWN]]))

    return row


def _faults(desk: Desk, records: list[Record], word: str) -> Iterator[str]:
    """Say how an answer was read otherwise than it was meant."""
    if len(records) != 1 or not isinstance(records[0], AgencyUpdate):
        yield f"{word}: was not understood"
        return
    update = records[0]
    if update.reference != desk.bench.notes["reference"]:
        yield f"{word}: read as another case's"
    if update.event_type != desk.bench.manifest.statuses[word]:
        yield f"{word}: read as {update.event_type}"
    if update.text != NOTE:
        yield f"{word}: its text is not what was written: {len(update.text)} characters"


def _asked_back(*texts: str) -> Callable[[Desk], Outcome]:
    """Try answers that choose nothing, or two things."""

    def row(desk: Desk) -> Outcome:
        words = list(desk.bench.manifest.statuses)
        written = [text.format(first=words[0], last=words[-1]) for text in texts]
        taken = [text for text in written if not _is_asked(desk.answers(text))]
        said = f"{len(written)} answers, none of them a choice"
        return judged(not taken, "; ".join([said, *(f"taken: {one}" for one in taken)]))

    return row


def _is_asked(records: list[Record]) -> bool:
    """Tell whether nothing moves, and whoever wrote is told what can be answered."""
    if len(records) != 1 or not isinstance(records[0], Corrupt):
        return False
    to = records[0].answer_to
    return records[0].code == "unmapped_status" and to is not None and bool(to.choices)


def _away(desk: Desk) -> Outcome:
    """What the mailbox answers by itself is kept, and is no answer."""
    mail = answer(desk.ours)
    mail.replace_header("Subject", f"Balasan otomatis: {desk.ours.mail['Subject']}")
    mail["Auto-Submitted"] = "auto-replied"
    first = next(iter(desk.bench.manifest.statuses))
    mail.set_content(f"{first}\nSaya sedang tidak di kantor.\n")
    before = len(desk.bench.receiver.raws)
    records = desk.says(mail, "")
    kept = len(desk.bench.receiver.raws) - before
    return judged(kept == 1 and not records, f"{kept} kept, {len(records)} read")


def _bounced(desk: Desk) -> Outcome:
    """A report that our mail did not arrive comes to the case, and to an operator."""
    if not desk.envelope_from:
        said = "our mails have no envelope sender: nobody would hear of a lost one"
        return judged(False, said)  # noqa: FBT003
    records = desk.says(bounce(desk.ours, desk.envelope_from), "", desk.envelope_from)
    codes = [one.code for one in records if isinstance(one, Corrupt)]
    answered = [getattr(one, "answer_to", None) for one in records]
    return judged(codes == [BOUNCED] and not any(answered), f"read as: {codes}")


def _colleague(desk: Desk) -> Outcome:
    """Whoever of the office has the mail may answer it, and hears what became of it."""
    first = next(iter(desk.bench.manifest.statuses))
    records = desk.answers(f"{first}\n{NOTE}", "indonesian", COLLEAGUE)
    faults = list(_faults(desk, records, first))
    told = [one.answer_to for one in records if isinstance(one, AgencyUpdate)]
    good = not faults and bool(told) and told[0] is not None
    good = good and told[0].address == _address(COLLEAGUE)  # type: ignore[union-attr]
    return judged(good, "; ".join(["another address of the office", *faults]))


def _forged(desk: Desk) -> Outcome:
    """An address with a wrong mark leads to no case."""
    real = str(desk.ours.mail["Reply-To"])
    wrong = MARK.sub(lambda found: f"{_other(found[1])}@", real)
    mail = answer(desk.ours)
    mail.replace_header("To", wrong)
    PROGRAMS["bare"](mail, desk.ours, next(iter(desk.bench.manifest.statuses)))
    strays = len(desk.room.strays)
    records = desk.says(mail, _address(OFFICER), wrong)
    good = wrong != real and not records and len(desk.room.strays) == strays + 1
    return judged(good, f"{len(records)} read of an address that nobody made")


def _other(mark: str) -> str:
    return ("b" if mark[0] != "b" else "c") + mark[1:]


ANSWERS: Mapping[str, Callable[[Bench], Outcome]] = {
    **{f"answer_{program}": _at_desk(_written_by(program)) for program in PROGRAMS},
    "answer_wrong": _at_desk(
        _asked_back("Akan kami cek dulu.", "99", "{first} besok", "oke")
    ),
    "answer_two": _at_desk(_asked_back("1 dan 2", "{first}, {last}", "1-2")),
    "answer_away": _at_desk(_away),
    "answer_bounced": _at_desk(_bounced),
    "answer_colleague": _at_desk(_colleague),
    "answer_forged": _at_desk(_forged),
}
"""Row -> how an officer answers, and what the hub has to make of it."""
