"""Which mails a machine wrote: they are kept, and never answered."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from connectors.protocols.mail.headers import Headers
from connectors.protocols.mail.parts import Mail

LOOKED_AT_CHARS = 20_000
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
_NOBODY = re.compile(
    r"(?:no|do[-_.]?not|not)[-_.]?reply|post[-_.]?master|mailer|mail[-_.]?daemon|"
    r"bounces?\b|.*[-+_.]bounces?@|daemon|symantec_?antivirus|root@|system@",
    re.IGNORECASE,
)
_FAILURE = re.compile(
    r"\b5\d\d[ -](?:5\.\d\.\d|requested action not taken)|\buser unknown\b|"
    r"\bno such (?:user|recipient|mailbox)|\bmailbox (?:is )?(?:full|unavailable)|"
    r"could not be delivered|was not delivered|cannot be delivered|"
    r"delivery (?:to the following|has failed|failed)|undeliver(?:able|ed)|"
    r"\"notificationType\"\s*:\s*\"(?:Bounce|Complaint|Delivery)\"|"
    r"^(?:final-recipient|diagnostic-code|reporting-mta):|"
    r"tidak (?:dapat|bisa|berhasil) (?:di)?kirim|gagal (?:di)?kirim|"
    r"alamat (?:email |surel )?(?:tidak ditemukan|tidak valid)",
    re.IGNORECASE | re.MULTILINE,
)
_FAILURE_SUBJECTS = (
    "delivery status notification",
    "undelivered mail returned to sender",
    "undeliverable",
    "mail delivery failed",
    "returned mail",
    "failure notice",
    "delivery failure",
    "delivery status",
    "pengiriman gagal",
    "notifikasi status pengiriman",
)
_FAILURE_SUBJECT = re.compile(
    "|".join(re.escape(each) for each in _FAILURE_SUBJECTS), re.IGNORECASE
)
_FEEDBACK_SUBJECT = re.compile(
    r"\s*(?:complaint about message from|abuse report|e-?mail feedback report)\b",
    re.IGNORECASE,
)
_AWAY_SUBJECT = re.compile(
    r"out of (?:the )?office|vacation|on leave|auto|otomatis|kantor|cuti", re.IGNORECASE
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


class Kind(StrEnum):
    """Who or what wrote a mail."""

    HUMAN = "human"
    AUTO_REPLY = "auto_reply"
    """A program answers for a person: vacation, receipt, ticket system."""
    BOUNCE = "bounce"
    """A mail server says what became of a mail."""
    COMPLAINT = "complaint"
    """A provider forwards that somebody called a mail spam (RFC 5965)."""
    LIST = "list"
    """Mass mail."""
    OWN_LOOP = "own_loop"
    """One of our own comes back."""


@dataclass(frozen=True)
class Look:
    """What the rules look at."""

    headers: Headers
    content_type: str
    own_domain: str
    envelope_from: str | None
    """None where the envelope is not known."""
    text: str = ""
    """The beginning of its words."""
    inner_types: frozenset[str] = frozenset()
    """Media types of its parts."""


@dataclass(frozen=True)
class Machine:
    """The rule that recognised a machine, and what kind of machine it is."""

    rule: str
    kind: Kind
    why: str


_Test = Callable[[Look], bool]


def _own_message(look: Look) -> bool:
    ending = f"@{look.own_domain.lower()}>"
    ids = look.headers.message_ids("message-id")
    return look.headers.has(LOOP_HEADER.lower()) or any(
        each.lower().endswith(ending) for each in ids
    )


def _feedback(look: Look) -> bool:
    report_type = look.headers.parameter("content-type", "report-type").lower()
    return (
        report_type == "feedback-report"
        or "message/feedback-report" in look.inner_types
        or _FEEDBACK_SUBJECT.match(look.headers.text("subject")) is not None
    )


def _receipt(look: Look) -> bool:
    report_type = look.headers.parameter("content-type", "report-type").lower()
    return report_type == "disposition-notification" or (
        "message/disposition-notification" in look.inner_types
    )


def _report(look: Look) -> bool:
    types = {look.content_type, *look.inner_types}
    return bool(types & {"multipart/report", "message/delivery-status"})


def _vacation(look: Look) -> bool:
    value = look.headers.text("auto-submitted").lower()
    subject = look.headers.text("subject")
    away = _auto_subject(look) and _AWAY_SUBJECT.search(subject) is not None
    return away or value.startswith("auto-replied")


def _null_sender(look: Look) -> bool:
    sender = look.envelope_from
    if sender is None:
        # A mail that was stored names its envelope in the header.
        if not look.headers.has("return-path"):
            return False
        sender = look.headers.source("return-path")
    sender = sender.strip("<> ")
    return not sender or _MACHINE_LOCAL_PART.fullmatch(sender) is not None


def _daemon(look: Look) -> bool:
    senders = [box.address for box in look.headers.mailboxes("from")]
    written = look.headers.text("from")
    senders = senders or [written]
    return written == "<>" or any(_MACHINE_LOCAL_PART.fullmatch(s) for s in senders)


def _failed(look: Look) -> bool:
    """Recognise a failure in words, from somebody who is no person."""
    senders = [box.address for box in look.headers.mailboxes("from")]
    nobody = any(_NOBODY.match(sender) for sender in senders)
    return look.headers.has("x-failed-recipients") or (
        nobody and _FAILURE.search(look.text) is not None
    )


def _failure_subject(look: Look) -> bool:
    return _FAILURE_SUBJECT.match(look.headers.text("subject")) is not None


def _auto_submitted(look: Look) -> bool:
    value = look.headers.text("auto-submitted").lower()
    return re.split(r"[;(\s]", value, maxsplit=1)[0] not in {"", "no"}


def _bulk(look: Look) -> bool:
    return look.headers.text("precedence").strip().lower() in _BULK


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


_K = Kind
RULES: tuple[tuple[str, Kind, str, _Test], ...] = (
    ("own_message", _K.OWN_LOOP, "one of our own mails came back", _own_message),
    ("feedback", _K.COMPLAINT, "a provider's report of a spam complaint", _feedback),
    ("receipt", _K.AUTO_REPLY, "a receipt of reading", _receipt),
    ("report", _K.BOUNCE, "a delivery report", _report),
    ("failed", _K.BOUNCE, "says that a mail could not be delivered", _failed),
    ("failure_subject", _K.BOUNCE, "has the subject of a failure", _failure_subject),
    ("daemon", _K.BOUNCE, "a mail server wrote it", _daemon),
    ("vacation", _K.AUTO_REPLY, "an automatic answer of somebody away", _vacation),
    ("auto_header", _K.AUTO_REPLY, "has a header of answering programs", _auto_header),
    (
        "suppressed",
        _K.AUTO_REPLY,
        "suppresses answers and has a machine's subject",
        _suppressed,
    ),
    ("auto_subject", _K.AUTO_REPLY, "has an automatic answer's subject", _auto_subject),
    (
        "null_sender",
        _K.BOUNCE,
        "the envelope has no sender that could be answered",
        _null_sender,
    ),
    ("list", _K.LIST, "came through a mailing list", _list),
    ("precedence", _K.LIST, "declared as mass mail", _bulk),
    ("auto_submitted", _K.AUTO_REPLY, "declared as sent by a program", _auto_submitted),
)
"""Rule id, kind, what it means to people, test; the first that matches decides."""


def find_machine(look: Look) -> Machine | None:
    """Recognise a mail of a machine; None for a person's."""
    for rule, kind, why, test in RULES:
        if test(look):
            return Machine(rule, kind, why)
    return None


def look_at(mail: Mail, own_domain: str, envelope_from: str | None) -> Look:
    """Gather what tells a machine from a person."""
    return Look(
        mail.headers,
        mail.content_type,
        own_domain,
        envelope_from,
        mail.text[:LOOKED_AT_CHARS],
        frozenset(file.media_type for file in mail.files),
    )
