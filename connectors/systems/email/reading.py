"""An officer's answer: a word or number of the menu, and what is said below it."""

import hashlib
from collections.abc import Sequence

from connectors.protocols.mail.dates import read_date
from connectors.protocols.mail.headers import Headers
from connectors.protocols.mail.machine import Kind, find_machine, look_at
from connectors.protocols.mail.parts import read_mail
from connectors.protocols.mail.reply_address import read
from connectors.protocols.mail.spans import split_reply
from connectors.protocols.plaintext import clean, one_line
from connectors.systems.email.menu import Choice, read_choice
from connectors.systems.email.settings import EmailSettings
from schemas.raw import JournalEntry
from schemas.updates import AgencyUpdate, AnswerTo, Corrupt

TEXT_CHARS_MAX = 10_000
RECIPIENT_HEADERS = ("delivered-to", "x-original-to", "to", "cc")
ENVELOPE_FROM, ENVELOPE_TO = "envelope_from", "envelope_to"


def read_answer(
    settings: EmailSettings, menu: Sequence[Choice], entry: JournalEntry
) -> list[AgencyUpdate | Corrupt]:
    """Map one mail to an update of the case that its address names.

    What a machine wrote is nothing; but a mail that came back is for an operator.
    """
    mail = read_mail(entry.raw.body)
    meta = entry.raw.meta
    look = look_at(mail, settings.domain, meta.get(ENVELOPE_FROM))
    reference = _reference(settings, mail.headers, meta.get(ENVELOPE_TO, ""))
    if machine := find_machine(look):
        if machine.kind is not Kind.BOUNCE:
            return []
        why = "a mail to the agency came back: look at its address in [settings] `to`"
        return [Corrupt(code="bounce", why=why, reference=reference)]
    if not reference:
        why = "no address of ours that names a case is among its recipients"
        return [Corrupt(code="missing_field", why=why)]
    to = _answer_to(mail.headers, menu)
    chosen = read_choice(menu, split_reply(clean(mail.text)).reply)
    if chosen is None:
        why = "its first line is no word of the menu"
        code = "unmapped_status"
        return [Corrupt(code=code, why=why, reference=reference, answer_to=to)]
    ids = mail.headers.message_ids("message-id")
    digest = hashlib.sha256(entry.raw.body).hexdigest()
    return [
        AgencyUpdate(
            reference=reference,
            event_type=chosen.choice.event_type,
            raw_status=chosen.choice.word,
            text=chosen.text[:TEXT_CHARS_MAX],
            event_id=(ids[0] if ids else f"sha256:{digest}")[:200],
            occurred_at=read_date(mail.headers.text("date")),
            answer_to=to,
        )
    ]


def _answer_to(headers: Headers, menu: Sequence[Choice]) -> AnswerTo | None:
    sender = next(iter(headers.mailboxes("from")), None)
    if sender is None:
        return None
    return AnswerTo(
        address=one_line(sender.address)[:254],
        thread_id=one_line(next(iter(headers.message_ids("message-id")), ""))[:998],
        thread_subject=one_line(headers.text("subject"))[:998],
        choices=", ".join(f"{choice.number} {choice.word}" for choice in menu),
    )


def _reference(settings: EmailSettings, headers: Headers, envelope_to: str) -> str:
    secret = settings.reply_secret.get_secret_value().encode()
    boxes = [
        box.address for name in RECIPIENT_HEADERS for box in headers.mailboxes(name)
    ]
    for address in (*envelope_to.split(","), *boxes):
        addressed = read(secret, address, settings.mailbox)
        if addressed is not None:
            return addressed.reference
    return ""
