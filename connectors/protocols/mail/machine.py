"""Which mails a machine wrote: they are kept, and never answered."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from connectors.protocols.mail import machine_words as words
from connectors.protocols.mail.headers import Headers
from connectors.protocols.mail.parts import Mail

LOOKED_AT_CHARS = 20_000
LOOP_HEADER = "X-Simpul-Loop"
"""On every mail of ours; whoever sends it back is a machine in a circle."""

_MACHINE_LOCAL_PART = re.compile(
    r"(?:mailer[-_.]?daemon|postmaster|mail[-_.]?daemon)@?.*", re.IGNORECASE
)
_NO_PERSON = re.compile(
    r"post[-_.]?master|mailer|mail[-_.]?daemon|m?daemon|bounces?\b|"
    r".*[-+_.]bounces?@|symantec_?antivirus|root@|system@",
    re.IGNORECASE,
)
_NO_REPLY = re.compile(r"(?:no|do[-_.]?not|not)[-_.]?reply", re.IGNORECASE)
"""Servers sign with it, and forms on the web that send what a citizen typed."""
_ADDRESS = re.compile(r"[^\s<>@]{1,64}@[^\s<>@]{1,255}\.")
_UNSUBSCRIBES = "x-apple-unsubscribe"
_ENCLOSED = frozenset({"message/rfc822", "text/rfc822-headers"})
_BULK = frozenset({"bulk", "list", "junk"})
_AUTO_PRECEDENCE = frozenset({"auto_reply", "auto-reply"})
_LIST_HEADERS = (
    "list-id",
    "list-post",
    "list-subscribe",
    "list-unsubscribe",
    "mailing-list",
    "x-mailing-list",
    "x-mlserver",
)
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
    headers = look.headers
    if headers.parameter("content-type", "report-type").lower() == "feedback-report":
        return True
    if "message/feedback-report" in look.inner_types or headers.has(_UNSUBSCRIBES):
        return True
    # "Abuse report" may be a citizen's: a provider encloses the mail, or says more.
    titled = words.FEEDBACK_SUBJECT.match(headers.text("subject")) is not None
    enclosed = bool(look.inner_types & _ENCLOSED)
    return titled and (enclosed or words.FEEDBACK.search(look.text) is not None)


def _receipt(look: Look) -> bool:
    report_type = look.headers.parameter("content-type", "report-type").lower()
    return report_type == "disposition-notification" or (
        "message/disposition-notification" in look.inner_types
    )


def _report(look: Look) -> bool:
    if look.content_type == "multipart/report":
        return True
    # A person's program forwards a report with its parts.
    return "message/delivery-status" in look.inner_types and not _handed_on(look)


def _vacation(look: Look) -> bool:
    value = look.headers.text("auto-submitted").lower()
    return _auto_subject(look) or value.startswith("auto-replied")


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
    if look.headers.has("x-failed-recipients"):
        return True
    if words.FAILURE.search(look.text) is None:
        return False
    senders = [box.address for box in look.headers.mailboxes("from")]
    if any(_NO_PERSON.match(sender) for sender in senders):
        return True
    titled = words.FAILURE_SUBJECT.match(look.headers.text("subject")) is not None
    evident = titled or words.SERVER_EVIDENCE.search(look.text) is not None
    return evident and any(_NO_REPLY.match(sender) for sender in senders)


def _failure_subject(look: Look) -> bool:
    """Recognise a failure by its subject and what a server prints below it."""
    if words.FAILURE_SUBJECT.match(look.headers.text("subject")) is None:
        return False
    if words.SERVER_EVIDENCE.search(look.text) is not None:
        return True
    told = (_ADDRESS, words.FAILURE, words.OF_MAIL)
    return all(each.search(look.text) is not None for each in told)


def _handed_on(look: Look) -> bool:
    return words.HANDED_ON.match(look.headers.text("subject")) is not None


def _auto_submitted(look: Look) -> bool:
    value = look.headers.text("auto-submitted").lower()
    return re.split(r"[;(\s]", value, maxsplit=1)[0] not in {"", "no"}


def _auto_precedence(look: Look) -> bool:
    return look.headers.text("precedence").strip().lower() in _AUTO_PRECEDENCE


def _bulk(look: Look) -> bool:
    return look.headers.text("precedence").strip().lower() in _BULK


def _list(look: Look) -> bool:
    return any(look.headers.has(name) for name in _LIST_HEADERS)


def _auto_header(look: Look) -> bool:
    return any(look.headers.has(name) for name in _AUTO_HEADERS)


def _suppressed(look: Look) -> bool:
    subject = look.headers.text("subject")
    suppresses = look.headers.has("x-auto-response-suppress")
    return suppresses and words.AUTO_BEGINNING.match(subject) is not None


def _auto_subject(look: Look) -> bool:
    return words.AUTO_SUBJECT.match(look.headers.text("subject")) is not None


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
    ("precedence", _K.AUTO_REPLY, "declared as an answer", _auto_precedence),
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
