"""A mail to an agency on the wire: its headers, its two bodies, its files."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from connectors.contract import Delivery, File
from connectors.protocols.mail.layout import Part, plain, rich
from connectors.protocols.mail.machine import LOOP_HEADER
from connectors.protocols.plaintext import one_line
from connectors.systems.email.office import Office
from connectors.systems.email.settings import EmailSettings

NO_MACHINES = "DR, RN, NRN, OOF, AutoReply"
"""What Exchange is asked not to send; a report that a mail did not arrive is wanted."""
SUBJECT_SIGNS_MAX = 200
# Folding breaks ids that are longer than a line; so nothing is folded.
_POLICY = SMTP.clone(cte_type="7bit", max_line_length=998)


@dataclass(frozen=True)
class Letter:
    """What a mail says, before it has a form."""

    reference: str
    title: str
    parts: tuple[Part, ...]
    is_first: bool

    @property
    def text(self) -> str:
        """Its plain text."""
        return plain(self.parts)


def headers_of(office: Office, delivery: Delivery, letter: Letter) -> dict[str, str]:
    """Make the headers but the date: the same for every repetition of a delivery.

    All mails of a case refer to one id that no mail has, so that mail programs show
    them together (RFC 5322, 3.6.4), also when the case is handed over anew.
    """
    settings = office.settings
    own = Address(settings.from_name, settings.mailbox, settings.domain)
    subject = one_line(letter.title)[:SUBJECT_SIGNS_MAX]
    tagged = f"[LAPOR {letter.reference}] {subject}"
    root = _id(settings, f"case {delivery.party} {letter.reference}")
    found = {
        "From": str(own),
        "To": ", ".join(settings.to),
        "Reply-To": office.reply_address(letter.reference),
        "Subject": tagged if letter.is_first else f"Re: {tagged}",
        "Message-ID": _id(settings, delivery.key),
        "References": root,
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": NO_MACHINES,
        LOOP_HEADER: settings.domain,
    }
    return found if letter.is_first else found | {"In-Reply-To": root}


def mail_of(
    office: Office,
    delivery: Delivery,
    letter: Letter,
    headers: Mapping[str, str],
    date: str,
) -> bytes:
    """Write the mail; `date` as in RFC 5322."""
    mail = EmailMessage(policy=_POLICY)
    for name, value in headers.items():
        mail[name] = value
    mail["Date"] = date
    mail.set_content(letter.text, cte="base64")
    mail.add_alternative(rich(letter.parts), subtype="html", cte="base64")
    along = going_along(office.settings, delivery.files)
    for place in sorted(along):
        file = delivery.files[place]
        main, sub = _type_of(file)
        mail.add_attachment(
            file.content, maintype=main, subtype=sub, filename=one_line(file.name)
        )
    return mail.as_bytes(policy=_POLICY)


def _type_of(file: File) -> tuple[str, str]:
    """Name a file's type; mails in mails have none, since they must not be base64.

    RFC 2046, 5.2.1: programs show such a part broken, and printing a delivery report
    fails.
    """
    main, slash, sub = file.media_type.partition("/")
    if not slash or main.lower() in {"message", "multipart"}:
        return "application", "octet-stream"
    return main, sub


def going_along(settings: EmailSettings, files: Sequence[File]) -> frozenset[int]:
    """Choose the files of one mail, in order, while they fit together."""
    left, along = settings.files_bytes_max, set()
    for place, file in enumerate(files):
        if len(file.content) <= left:
            along.add(place)
            left -= len(file.content)
    return frozenset(along)


def _id(settings: EmailSettings, what: str) -> str:
    digest = hashlib.sha256(what.encode()).hexdigest()[:40]
    return f"<{digest}@{settings.domain}>"
