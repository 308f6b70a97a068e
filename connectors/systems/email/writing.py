"""The mails that an agency gets: a case, what is new, what became of an answer."""

import hashlib
from collections.abc import Mapping, Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from connectors.contract import Delivery, EventView, File
from connectors.protocols.mail.machine import LOOP_HEADER
from connectors.protocols.mail.phrases import DELIMITER, END_OF_OURS
from connectors.protocols.mail.reply_address import make
from connectors.protocols.plaintext import clean, one_line
from connectors.systems.email.menu import Choice
from connectors.systems.email.settings import EmailSettings

FIELDS: tuple[tuple[str, str], ...] = (
    ("public_number", "Nomor / Number"),
    ("received_at", "Diterima / Received"),
    ("channel", "Kanal / Channel"),
    ("category.code", "Kategori / Category"),
    ("region.code", "Wilayah / Region"),
    ("place_text", "Tempat / Place"),
    ("landmark", "Patokan / Landmark"),
    ("incident_on", "Tanggal kejadian / Date"),
    ("reporter.name", "Pelapor / Reporter"),
    ("reporter.phone", "Telepon / Telephone"),
    ("reporter.email", "Surel / E-mail"),
    ("reporter.address", "Alamat / Address"),
)
"""Our field -> how a person reads it; what the agency may not see is not there."""

_POLICY = SMTP.clone(cte_type="7bit", max_line_length=998)


def case_mail(
    settings: EmailSettings,
    menu: Sequence[Choice],
    delivery: Delivery,
    reference: str,
    date: str,
) -> bytes:
    """Write a case as a mail: its fields, its words, the menu, its files."""
    complaint = delivery.complaint
    rows = [
        f"{title}: {one_line(str(value))}"
        for field, title in FIELDS
        if (value := _at(complaint, field)) not in (None, "", [], {})
    ]
    if complaint.get("confidential"):
        rows.append("RAHASIA / CONFIDENTIAL")
    words = clean(str(complaint.get("body") or ""))
    title = one_line(str(complaint.get("title") or "Laporan"))
    blocks = ["\n".join(rows), title, words, *_files(settings, delivery.files)]
    mail = _mail(settings, delivery, reference, date, subject=title)
    return _finished(settings, mail, [*blocks, _menu(menu)], delivery.files)


def news_mail(
    settings: EmailSettings,
    menu: Sequence[Choice],
    delivery: Delivery,
    date: str,
) -> bytes:
    """Write what is new in a case that the agency has."""
    title = one_line(str(delivery.complaint.get("title") or "Laporan"))
    said = [_said(event) for event in delivery.events]
    said += _files(settings, delivery.files)
    mail = _mail(settings, delivery, delivery.reference, date, subject=f"Re: {title}")
    first = _message_id(settings, f"{delivery.party} {delivery.reference}")
    mail["In-Reply-To"] = mail["References"] = first
    return _finished(settings, mail, [*said, _menu(menu)], delivery.files)


def message_id(settings: EmailSettings, delivery: Delivery, *, first: bool) -> str:
    """Make the Message-ID of a delivery: the same for every repetition.

    The first of a case is known by the case, so that later ones can answer it.
    """
    if first:
        number = delivery.complaint.get("public_number", "")
        return _message_id(settings, f"{delivery.party} {number}")
    return _message_id(settings, delivery.key)


def _message_id(settings: EmailSettings, what: str) -> str:
    digest = hashlib.sha256(what.encode()).hexdigest()[:40]
    return f"<{digest}@{settings.domain}>"


def _mail(
    settings: EmailSettings,
    delivery: Delivery,
    reference: str,
    date: str,
    *,
    subject: str,
) -> EmailMessage:
    secret = settings.reply_secret.get_secret_value().encode()
    local = make(secret, settings.mailbox, delivery.party, reference)
    first = not delivery.reference
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = Address(settings.from_name, settings.mailbox, settings.domain)
    mail["To"] = ", ".join(settings.to)
    mail["Reply-To"] = Address("", local, settings.domain)
    mail["Subject"] = f"[LAPOR {reference}] {subject}"[:250]
    mail["Date"] = date
    mail["Message-ID"] = message_id(settings, delivery, first=first)
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail[LOOP_HEADER] = settings.domain
    return mail


def _finished(
    settings: EmailSettings,
    mail: EmailMessage,
    blocks: Sequence[str],
    files: Sequence[File],
) -> bytes:
    text = "\n\n".join([DELIMITER, *filter(None, blocks), END_OF_OURS])
    mail.set_content(text + "\n", cte="base64")
    for file in files:
        if len(file.content) <= settings.files_bytes_max:
            main, _, sub = file.media_type.partition("/")
            mail.add_attachment(
                file.content, maintype=main, subtype=sub, filename=one_line(file.name)
            )
    return mail.as_bytes(policy=_POLICY)


def _menu(menu: Sequence[Choice]) -> str:
    lines = [f"  {choice.number}  {choice.word}" for choice in menu]
    return "\n".join(
        [
            "Balas surel ini dengan satu angka atau kata pada baris pertama, lalu",
            "penjelasan di bawahnya. / Reply with one number or word on the first",
            "line, and what you want to say below it:",
            *lines,
        ]
    )


def _files(settings: EmailSettings, files: Sequence[File]) -> list[str]:
    large = [f for f in files if len(f.content) > settings.files_bytes_max]
    if not large:
        return []
    named = ", ".join(one_line(file.name) for file in large)
    return [f"Terlalu besar untuk surel / too large for mail: {named}"]


def _said(event: EventView) -> str:
    at = event.occurred_at.strftime("%d-%m-%Y %H:%M UTC")
    words = clean(str(event.words.get("text") or ""))
    return f"{at} {event.type} ({event.status})\n{words}".strip()


def _at(complaint: Mapping[str, Any], field: str) -> Any:
    value: Any = complaint.get(field)
    if value is None:
        value = complaint
        for step in field.split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
    return value
