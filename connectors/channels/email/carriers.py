"""Which complaint a mail speaks of, by what carries its code."""

import re
from dataclasses import dataclass

from connectors.channels.email.config import EmailConfig
from connectors.protocols.mail.envelope import RECIPIENT_HEADERS
from connectors.protocols.mail.headers import Headers

PLUS_ADDRESS, REFERENCES, BODY, SUBJECT, SENDER = CARRIERS = (
    "plus_address",
    "references",
    "body",
    "subject",
    "sender",
)
"""Strongest first. All but the last carry a secret: the code, or a key of ours. The
last is a public number in the subject, which counts only with the sender's verified
address."""
_SUBJECT_TAG = re.compile(r"(?i)\[\s*LAPOR[\s:#-]+([0-9a-z][0-9a-z -]{7,18})\]")
_NUMBER = re.compile(r"\d{15}")
_BODY_MARK = re.compile(
    r"(?i)kode laporan / tracking code:\s*([0-9a-z][0-9a-z -]{7,18}[0-9a-z])"
)
"""The last line but one of every mail of ours, however it is quoted."""
_TEXT_CHARS_MAX = 200_000


@dataclass(frozen=True)
class Carried:
    """What the mail carries; `carrier` is the strongest, empty for a new matter."""

    carrier: str = ""
    code: str = ""
    number: str = ""
    """Public number: no secret."""
    reply_to: tuple[str, ...] = ()
    """Keys of the deliveries that it answers, nearest first."""
    present: tuple[str, ...] = ()
    """All carriers that were there, strongest first."""


def find_carried(
    config: EmailConfig, headers: Headers, envelope_to: tuple[str, ...], text: str = ""
) -> Carried:
    """Look for a plus address, our Message-IDs, our line in the text, the subject."""
    plus = _plus_code(config, headers, envelope_to)
    tag = _SUBJECT_TAG.search(headers.text("subject"))
    tagged = tag[1].strip() if tag else ""
    number = tagged if _NUMBER.fullmatch(tagged) else ""
    written = "" if number else tagged
    ours = own_keys(config, headers)
    mark = _BODY_MARK.search(text[:_TEXT_CHARS_MAX])
    marked = mark[1].strip() if mark else ""
    found = (plus, ours, marked, written, number)
    present = tuple(c for c, what in zip(CARRIERS, found, strict=True) if what)
    return Carried(
        carrier=next(iter(present), ""),
        code=plus or marked or written,
        number=number,
        reply_to=ours,
        present=present,
    )


def own_keys(config: EmailConfig, headers: Headers) -> tuple[str, ...]:
    """Give the keys in our own Message-IDs that the mail answers, nearest first."""
    answered = headers.message_ids("in-reply-to")
    # References are written oldest first.
    chain = (*answered, *reversed(headers.message_ids("references")))
    ending = f"@{config.domain}>"
    ours = (each for each in chain if each.lower().endswith(ending))
    return tuple(dict.fromkeys(each[1 : -len(ending)] for each in ours))


def _plus_code(
    config: EmailConfig, headers: Headers, envelope_to: tuple[str, ...]
) -> str:
    boxes = [box for name in RECIPIENT_HEADERS for box in headers.mailboxes(name)]
    for address in (*envelope_to, *(box.address for box in boxes)):
        local, _, domain = address.strip("<> ").rpartition("@")
        mailbox, plus, code = local.partition("+")
        ours = domain.lower() == config.domain and mailbox.lower() == config.mailbox
        if ours and plus and code.strip():
            return code.strip()[:40]
    return ""
