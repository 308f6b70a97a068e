"""How mail programs write an answer: each quotes, and marks it, in its own way."""

import html
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

from hub.simulator.mail import MailMessage
from hub.simulator.profiles import WIB

OFFICER = "Petugas Registrasi <petugas@kemenkes-sukamaju.example>"
AWAY = "Saya sedang tidak di kantor sampai hari Senin.\n"

Write = Callable[[EmailMessage, MailMessage, str], None]


def _bare(answer: EmailMessage, _: MailMessage, text: str) -> None:
    answer.set_content(f"{text}\n")


def _quoting(answer: EmailMessage, mail: MailMessage, text: str) -> None:
    """As Thunderbird does, in Indonesian."""
    quoted = "\n".join(f"> {line}" for line in mail.text.splitlines())
    when = mail.received_at.astimezone(WIB).strftime("%d/%m/%y %H.%M")
    said = f"Pada {when}, Layanan Pengaduan menulis:\n{quoted}\n"
    answer.set_content(f"{text}\n\n{said}")


def _outlook(answer: EmailMessage, mail: MailMessage, text: str) -> None:
    """As Outlook does: HTML alone, and a block of headers above the old mail."""
    when = mail.received_at.astimezone(WIB).strftime("%d %B %Y %H:%M")
    header = (
        f"<b>Dari:</b> Layanan Pengaduan<br><b>Dikirim:</b> {when}<br>"
        f"<b>Kepada:</b> Registrasi<br><b>Perihal:</b> {html.escape(mail.subject)}"
    )
    lines = "".join(
        f"<p class=MsoNormal>{_escaped(line)}<o:p></o:p></p>"
        for line in text.split("\n")
    )
    answer.set_content(
        '<html xmlns:o="urn:schemas-microsoft-com:office:office"><body>'
        f"<div class=WordSection1>{lines}"
        '<div style="border:none;border-top:solid #E1E1E1 1.0pt">'
        f"<p class=MsoNormal>{header}</p></div>{_escaped(mail.text)}"
        "</div></body></html>",
        subtype="html",
    )


def _gmail(answer: EmailMessage, mail: MailMessage, text: str) -> None:
    """As Gmail's page does, with the old mail in its own element."""
    when = mail.received_at.astimezone(WIB).strftime("%d %b %Y pukul %H.%M")
    answer.set_content(
        f'<div dir="ltr">{_escaped(text)}</div><br><div class="gmail_quote">'
        f'<div dir="ltr" class="gmail_attr">Pada {when} Layanan Pengaduan '
        "&lt;lapor@simpul.example&gt; menulis:<br></div>"
        f'<blockquote class="gmail_quote">{_escaped(mail.text)}</blockquote></div>',
        subtype="html",
    )


def _escaped(text: str) -> str:
    return html.escape(text).replace("\n", "<br>")


PROGRAMS: Mapping[str, Write] = {
    "bare": _bare,
    "quoting": _quoting,
    "outlook": _outlook,
    "gmail": _gmail,
}
"""Mail program -> what it makes of an answer."""


def answer_to(mail: MailMessage, text: str, number: int, program: str) -> EmailMessage:
    """Write an officer's n-th answer to a mail."""
    answer = _to(mail, f"jawab-{number}")
    answer["Subject"] = f"Re: {mail.subject.removeprefix('Re: ')}"
    PROGRAMS[program](answer, mail, text)
    return answer


def away_note(mail: MailMessage, number: int) -> EmailMessage:
    """Write what the mailbox answers by itself while nobody is there (RFC 3834)."""
    note = _to(mail, f"cuti-{number}")
    note["Subject"] = f"Balasan otomatis: {mail.subject}"
    note["Auto-Submitted"] = "auto-replied"
    note.set_content(AWAY)
    return note


def _to(mail: MailMessage, name: str) -> EmailMessage:
    answer = EmailMessage()
    answer["From"] = OFFICER
    answer["To"] = mail.reply_to
    answer["Message-ID"] = f"<{name}@kemenkes-sukamaju.example>"
    answer["In-Reply-To"] = mail.message_id
    answer["References"] = f"{mail.references} {mail.message_id}".strip()
    answer["Date"] = format_datetime(datetime.now(UTC))
    return answer
