"""Which mails a machine wrote: they are kept, and never answered."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from connectors.protocols.mail.headers import Headers

LOOP_HEADER = "X-Simpul-Loop"
"""On every mail of ours; whoever sends it back is a machine in a circle."""

AUTO_SUBJECTS = (
    "automatic reply",
    "auto reply",
    "auto-reply",
    "autoreply",
    "auto response",
    "autoresponse",
    "out of office",
    "out of the office",
    "out-of-office",
    "vacation reply",
    "on leave",
    "delivery status notification",
    "undelivered mail returned to sender",
    "undeliverable",
    "mail delivery failed",
    "returned mail",
    "failure notice",
    "delivery failure",
    "delivery status",
    "complaint about message from",
    "balasan otomatis",
    "jawaban otomatis",
    "respon otomatis",
    "respons otomatis",
    "pesan otomatis",
    "tanggapan otomatis",
    "balas otomatis",
    "di luar kantor",
    "diluar kantor",
    "tidak di kantor",
    "tidak berada di kantor",
    "sedang cuti",
    "pengiriman gagal",
    "notifikasi status pengiriman",
)
"""How subjects of machines begin. People write about "di luar kantor" too: alone, it
counts only where the subject ends there or a colon follows."""

_ANY_SUBJECT = "|".join(re.escape(each) for each in AUTO_SUBJECTS)
_AUTO_SUBJECT = re.compile(
    rf"(?:(?:re|bls|balas)\s*:\s*)?[\[(]?(?:{_ANY_SUBJECT})[\])]?\s*(?::|- |$)",
    re.IGNORECASE,
)
_AUTO_BEGINNING = re.compile(
    rf"(?:(?:re|bls|balas)\s*:\s*)?[\[(]?(?:{_ANY_SUBJECT})\b", re.IGNORECASE
)
_MACHINE_LOCAL_PART = re.compile(
    r"(?:mailer[-_.]?daemon|postmaster|mail[-_.]?daemon)@?.*", re.IGNORECASE
)
_BULK = frozenset({"bulk", "list", "junk", "auto_reply", "auto-reply"})
_AUTO_HEADERS = (
    "x-autoreply",
    "x-autorespond",
    "x-autoresponder",
    "x-autoreply-from",
    "x-auto-reply-from",
    "x-mail-autoreply",
    "x-failed-recipients",
)


@dataclass(frozen=True)
class Look:
    """What the rules look at."""

    headers: Headers
    content_type: str
    own_domain: str
    envelope_from: str | None
    """None where the envelope is not known."""


@dataclass(frozen=True)
class Machine:
    """The rule that recognised a machine."""

    rule: str
    why: str


_Test = Callable[[Look], bool]


def _own_message(look: Look) -> bool:
    ending = f"@{look.own_domain.lower()}>"
    ids = look.headers.message_ids("message-id")
    return look.headers.has(LOOP_HEADER.lower()) or any(
        each.lower().endswith(ending) for each in ids
    )


def _null_sender(look: Look) -> bool:
    if look.envelope_from is None:
        return False
    sender = look.envelope_from.strip("<> ")
    return not sender or _MACHINE_LOCAL_PART.fullmatch(sender) is not None


def _daemon(look: Look) -> bool:
    senders = [box.address for box in look.headers.mailboxes("from")]
    written = look.headers.text("from")
    senders = senders or [written]
    return written == "<>" or any(_MACHINE_LOCAL_PART.fullmatch(s) for s in senders)


def _auto_submitted(look: Look) -> bool:
    value = look.headers.text("auto-submitted").lower()
    return re.split(r"[;(\s]", value, maxsplit=1)[0] not in {"", "no"}


def _bulk(look: Look) -> bool:
    return look.headers.text("precedence").strip().lower() in _BULK


def _report(look: Look) -> bool:
    return look.content_type in {"multipart/report", "message/delivery-status"}


def _list(look: Look) -> bool:
    return look.headers.has("list-id")


def _auto_header(look: Look) -> bool:
    return any(look.headers.has(name) for name in _AUTO_HEADERS)


def _suppressed(look: Look) -> bool:
    subject = look.headers.text("subject")
    suppresses = look.headers.has("x-auto-response-suppress")
    return suppresses and _AUTO_BEGINNING.match(subject) is not None


def _auto_subject(look: Look) -> bool:
    return _AUTO_SUBJECT.match(look.headers.text("subject")) is not None


RULES: tuple[tuple[str, str, _Test], ...] = (
    ("own_message", "one of our own mails came back", _own_message),
    ("report", "a delivery report", _report),
    ("null_sender", "the envelope has no sender that could be answered", _null_sender),
    ("daemon", "a mail server wrote it", _daemon),
    ("auto_submitted", "declared as sent by a program", _auto_submitted),
    ("precedence", "declared as mass mail", _bulk),
    ("list", "came through a mailing list", _list),
    ("auto_header", "carries a header of an answering program", _auto_header),
    ("suppressed", "suppresses answers and has a machine's subject", _suppressed),
    ("auto_subject", "has the subject of an automatic answer", _auto_subject),
)
"""Rule id, what it means to people, test; the first that matches decides."""


def find_machine(look: Look) -> Machine | None:
    """Recognise a mail of a machine; None for a person's."""
    for rule, why, test in RULES:
        if test(look):
            return Machine(rule, why)
    return None
