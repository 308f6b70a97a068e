"""An officer's answer: a word or number of the menu, and what is said below it."""

import hashlib
import re

from connectors.protocols.mail.dates import read_date
from connectors.protocols.mail.envelope import (
    ENVELOPE_FROM,
    ENVELOPE_TO,
    RECIPIENT_HEADERS,
)
from connectors.protocols.mail.headers import Headers
from connectors.protocols.mail.machine import Kind, find_machine, look_at
from connectors.protocols.mail.parts import read_mail
from connectors.protocols.mail.spans import split_reply
from connectors.protocols.plaintext import clean, cut_at_word, one_line
from connectors.systems.email.menu import Chosen, first_line, nearest, read_choice
from connectors.systems.email.office import Office
from schemas.raw import JournalEntry
from schemas.updates import BOUNCED, AgencyUpdate, AnswerTo, Corrupt

TEXT_CHARS_MAX = 10_000
HEARD_CHARS_MAX = 80
_REPORT_BYTES_MAX = 200_000
_ACTION = re.compile(rb"(?mi)^Action:[ \t]*([a-z]+)")
_NOT_LOST = frozenset({b"delayed", b"delivered", b"relayed", b"expanded"})
"""Actions of a delivery report that say no mail was lost (RFC 3464, 2.3.3)."""


def read_answer(office: Office, entry: JournalEntry) -> list[AgencyUpdate | Corrupt]:
    """Map one mail to an update of the case that its address names.

    What a machine wrote is nothing; but a mail that came back is for an operator.
    """
    mail = read_mail(entry.raw.body)
    meta = entry.raw.meta
    look = look_at(mail, office.settings.domain, meta.get(ENVELOPE_FROM))
    reference = _reference(office, mail.headers, meta.get(ENVELOPE_TO, ""))
    if machine := find_machine(look):
        if machine.kind is not Kind.BOUNCE or _is_no_loss(entry.raw.body):
            return []
        why = "a mail to the agency came back: look at its address in [settings] `to`"
        return [Corrupt(code=BOUNCED, why=why, reference=reference)]
    if not reference:
        why = "no address of ours that names a case is among its recipients"
        return [Corrupt(code="missing_field", why=why)]
    reply = split_reply(clean(mail.text)).reply
    to = _answer_to(office, mail.headers, reference, reply)
    chosen = read_choice(office.menu, reply)
    if chosen is None:
        why = "its first line is no word of the menu"
        code = "unmapped_status"
        return [Corrupt(code=code, why=why, reference=reference, answer_to=to)]
    return [_update(entry, mail.headers, reference, chosen, to)]


def _update(
    entry: JournalEntry,
    headers: Headers,
    reference: str,
    chosen: Chosen,
    to: AnswerTo | None,
) -> AgencyUpdate:
    ids = headers.message_ids("message-id")
    digest = hashlib.sha256(entry.raw.body).hexdigest()
    return AgencyUpdate(
        reference=reference,
        event_type=chosen.choice.event_type,
        raw_status=chosen.word,
        text=chosen.text[:TEXT_CHARS_MAX],
        event_id=(ids[0] if ids else f"sha256:{digest}")[:200],
        occurred_at=read_date(headers.text("date")),
        answer_to=to,
    )


def _is_no_loss(body: bytes) -> bool:
    """Tell whether a delivery report speaks of a delay or of success alone."""
    actions = {one.lower() for one in _ACTION.findall(body[:_REPORT_BYTES_MAX])}
    return bool(actions) and actions <= _NOT_LOST


def _answer_to(
    office: Office, headers: Headers, reference: str, reply: str
) -> AnswerTo | None:
    """Say where whoever wrote is told what became of it, and what can be answered."""
    sender = next(iter(headers.mailboxes("from")), None)
    if sender is None:
        return None
    first = one_line(first_line(reply)[0])
    meant = nearest(office.menu, first)
    return AnswerTo(
        address=one_line(sender.address)[:254],
        reply_to=office.reply_address(reference),
        thread_id=one_line(next(iter(headers.message_ids("message-id")), ""))[:998],
        thread_subject=one_line(headers.text("subject"))[:998],
        heard=cut_at_word(first, HEARD_CHARS_MAX),
        meant=f"{meant.number} {meant.title}" if meant else "",
        choices=tuple(f"{each.number}  {each.title}" for each in office.menu),
    )


def _reference(office: Office, headers: Headers, envelope_to: str) -> str:
    boxes = [
        box.address for name in RECIPIENT_HEADERS for box in headers.mailboxes(name)
    ]
    found = (office.case_at(address) for address in (*envelope_to.split(","), *boxes))
    return next(filter(None, found), "")
