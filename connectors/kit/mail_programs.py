"""How mail programs write an answer to a mail of ours: what they quote, and how."""

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import format_datetime
from uuid import uuid4

OFFICER = "Petugas Uji <petugas@instansi.example>"
_MENU = re.compile(r"(?m)^\s+(\d)  (\S.*?)(?:\s{2,}|\s*$)")


@dataclass(frozen=True)
class Read:
    """A mail of ours as its addressee reads it."""

    mail: EmailMessage

    @property
    def plain(self) -> str:
        """Its plain text."""
        return self._body("plain")

    @property
    def rich(self) -> str:
        """What stands in the body of its HTML."""
        page = self._body("html")
        return re.sub(r"(?is)^.*<body[^>]*>|</body>.*$", "", page)

    @property
    def menu(self) -> dict[str, str]:
        """Number -> the first of its words, as the mail shows them."""
        found = _MENU.findall(self.plain)
        return {number: words.partition(" / ")[0].strip() for number, words in found}

    def _body(self, kind: str) -> str:
        body = self.mail.get_body((kind,))
        return str(body.get_content()).replace("\r\n", "\n") if body else ""


def read(content: bytes) -> Read:
    """Read the bytes of a mail."""
    mail = message_from_bytes(content, policy=default)
    assert isinstance(mail, EmailMessage)  # noqa: S101 - the policy makes it so
    return Read(mail)


def answer(ours: Read, sender: str = OFFICER) -> EmailMessage:
    """Begin an answer to a mail of ours."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = ours.mail["Reply-To"]
    mail["Subject"] = f"Re: {ours.mail['Subject']}"
    mail["Message-ID"] = f"<{uuid4().hex}@instansi.example>"
    mail["In-Reply-To"] = ours.mail["Message-ID"]
    references = f"{ours.mail['References']} {ours.mail['Message-ID']}"
    mail["References"] = references
    mail["Date"] = format_datetime(datetime.now(UTC))
    return mail


Write = Callable[[EmailMessage, Read, str], None]


def _bare(mail: EmailMessage, _: Read, text: str) -> None:
    mail.set_content(f"{text}\n")


def _indonesian(mail: EmailMessage, ours: Read, text: str) -> None:
    said = "Pada Sel, 24 Nov 2026 pukul 09.10 Layanan <lapor@hub.example>\nmenulis:"
    mail.set_content(f"{text}\n\n{said}\n\n{_marked(ours.plain)}\n")


def _english(mail: EmailMessage, ours: Read, text: str) -> None:
    said = "On Tue, Nov 24, 2026 at 9:10 AM Layanan <lapor@hub.example> wrote:"
    mail.set_content(f"{text}\n\n{said}\n\n{_marked(ours.plain)}\n")


def _outlook(mail: EmailMessage, ours: Read, text: str) -> None:
    lines = "".join(
        f"<p class=MsoNormal>{html.escape(line)}<o:p></o:p></p>"
        for line in text.split("\n")
    )
    header = (
        "<b>From:</b> Layanan &lt;lapor@hub.example&gt;<br><b>Sent:</b> Tuesday, "
        "November 24, 2026 9:10 AM<br><b>To:</b> Petugas<br><b>Subject:</b> "
        f"{html.escape(str(ours.mail['Subject']))}"
    )
    mail.set_content(
        f"<html><body><div class=WordSection1>{lines}<p class=MsoNormal>&nbsp;</p>"
        '<div style="border-top:solid #E1E1E1 1.0pt"><p class=MsoNormal>'
        f"{header}</p></div>{ours.rich}</div></body></html>",
        subtype="html",
    )


def _gmail(mail: EmailMessage, ours: Read, text: str) -> None:
    lines = "".join(f"<div>{html.escape(line)}</div>" for line in text.split("\n"))
    mail.set_content(
        f'<div dir="ltr">{lines}</div><br><div class="gmail_quote"><div dir="ltr" '
        'class="gmail_attr">Pada Sel, 24 Nov 2026 pukul 09.10 Layanan &lt;<a href='
        '"mailto:lapor@hub.example">lapor@hub.example</a>&gt; menulis:<br></div>'
        f'<blockquote class="gmail_quote">{ours.rich}</blockquote></div>',
        subtype="html",
    )


def _marked(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


PROGRAMS: Mapping[str, Write] = {
    "bare": _bare,
    "indonesian": _indonesian,
    "english": _english,
    "outlook": _outlook,
    "gmail": _gmail,
}
"""Mail program -> how it writes an answer: without a quotation, or above one."""


def bounce(ours: Read, sender: str) -> EmailMessage:
    """Write the report of a mail that did not arrive (RFC 3464)."""
    text = _REPORT.format(to=sender, id=uuid4().hex, ours=ours.mail["Message-ID"])
    return read(text.encode()).mail


_REPORT = """\
From: MAILER-DAEMON@instansi.example
To: {to}
Subject: Undelivered Mail Returned to Sender
Message-ID: <{id}@instansi.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=batas

--batas
Content-Type: text/plain

The following address had permanent fatal errors.
--batas
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.instansi.example

Final-Recipient: rfc822; pengaduan@instansi.example
Action: failed
Status: 5.1.1
--batas
Content-Type: text/rfc822-headers

Message-ID: {ours}
--batas--
"""
