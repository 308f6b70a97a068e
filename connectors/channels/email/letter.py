"""The mail that tells a reporter what is new."""

import hashlib
import re
from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from connectors.channels.email.config import EmailConfig
from connectors.contract import Contact, Delivery, EventView
from connectors.protocols.mail.layout import Part, plain, rich
from connectors.protocols.mail.machine import LOOP_HEADER
from connectors.protocols.plaintext import clean, one_line

NO_THREAD_SUBJECT = "Laporan Anda"
NO_NOTICE = ("Ada perkembangan baru.", "There is news.")
_POLICY = SMTP.clone(cte_type="7bit")
# Folding breaks ids that are longer than a line; so nothing is folded.
_PRINTED = _POLICY.clone(max_line_length=998)
_PLAIN_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}[A-Za-z0-9]")
_THREAD_ID = re.compile(r"<[!-;=?-~]{3,900}>")
_ANSWER_MARK = re.compile(r"(?:(?:re|bls|balas|aw)\s*:\s*)+", re.IGNORECASE)
_CODE = re.compile(r"[0-9A-Za-z-]{1,40}")


def write_letter(config: EmailConfig, delivery: Delivery, to: str, date: str) -> bytes:
    """Write one mail with all notices of a delivery; `date` as in RFC 5322."""
    contact = delivery.contact or Contact(address=to)
    code = delivery.code if _CODE.fullmatch(delivery.code) else ""
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = _address(config.from_name, config.address)
    mail["To"] = _address(contact.name, to)
    answers = contact.reply_to or _reply_address(config, code)
    mail["Reply-To"] = _address("", answers)
    mail["Subject"] = _subject(contact.thread_subject, code)
    mail["Date"] = date
    mail["Message-ID"] = message_id(config, delivery.key)
    if _THREAD_ID.fullmatch(contact.thread_id):
        mail["In-Reply-To"] = contact.thread_id
        mail["References"] = contact.thread_id
    mail["Auto-Submitted"] = "auto-replied"
    mail["X-Auto-Response-Suppress"] = "All"
    mail["Precedence"] = "bulk"
    mail[LOOP_HEADER] = config.domain
    if code:
        # RFC 2369: a mail with the code proves whose wish it is.
        target = f"mailto:{_reply_address(config, code)}?subject=BERHENTI"
        mail["List-Unsubscribe"] = f"<{target}>"
    parts = _parts(config, contact, code, delivery.events)
    mail.set_content(plain(parts), cte="base64")
    shown = rich(parts, contact.language)
    mail.add_alternative(shown, subtype="html", cte="base64")
    return mail.as_bytes(policy=_PRINTED)


def message_id(config: EmailConfig, key: str) -> str:
    """Make the Message-ID of a delivery: the same for every repetition."""
    if not _PLAIN_KEY.fullmatch(key):
        key = hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:40]
    return f"<{key}@{config.domain}>"


def _address(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(one_line(name), local, domain)


def _reply_address(config: EmailConfig, code: str) -> str:
    plus = f"+{code}" if code else ""
    return f"{config.mailbox}{plus}@{config.domain}"


def _subject(thread_subject: str, code: str) -> str:
    subject = _ANSWER_MARK.sub("", one_line(thread_subject), count=1)[:200].strip()
    tag = f"[LAPOR {code}]" if code else ""
    begin = f"Re: {subject}" if subject else NO_THREAD_SUBJECT
    return begin if not tag or tag in begin else f"{begin} {tag}"


def _words(event: EventView, language: int) -> str:
    """Give the notice, and the agency's own words where the notice leaves them out."""
    notice = clean(event.notice[language]) or NO_NOTICE[language]
    said = event.words.get("text")
    said = clean(said) if isinstance(said, str) else ""
    return notice if not said or said in notice else f"{notice}\n\n{said}"


def _parts(
    config: EmailConfig, contact: Contact, code: str, events: Sequence[EventView]
) -> list[Part]:
    """Say everything in both languages, the reporter's first."""
    told = ["\n\n".join(_words(event, n) for event in events) for n in (0, 1)]
    name = one_line(contact.name)
    if contact.language == "en":
        parts = [
            Part(text=f"Dear {name or 'reporter'},\n\n{told[1]}"),
            Part("Dalam bahasa Indonesia", text=told[0]),
        ]
    else:
        parts = [
            Part(text=f"Yth. {name or 'Pelapor'},\n\n{told[0]}"),
            Part("In English", text=told[1]),
        ]
    if code:
        parts.append(Part(text=f"Kode laporan / tracking code: {code}"))
    if code and config.link:
        link = config.link.replace("{code}", code)
        parts.append(Part(text=f"Ikuti laporan Anda / follow your report:\n{link}"))
    return parts
