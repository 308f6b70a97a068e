"""From a raw mail to what it is: a complaint, a reply, or nothing to act on."""

import re
from dataclasses import dataclass
from datetime import datetime

from connectors.channels.email import explained
from connectors.channels.email.bounce import read_bounce
from connectors.channels.email.carriers import Carried, find_carried
from connectors.channels.email.config import EmailConfig
from connectors.channels.email.raw import INTERNAL_DATE, REMOTE, SIZE, UNFETCHABLE
from connectors.channels.email.sender import Sender, read_sender
from connectors.contract import (
    Decision,
    File,
    Ignored,
    Item,
    New,
    OptOut,
    Query,
    Receipt,
    Reply,
    Unreadable,
    decided,
)
from connectors.protocols.mail.authentication import trusted_part
from connectors.protocols.mail.conversations import conversation_of
from connectors.protocols.mail.dates import believed_date
from connectors.protocols.mail.envelope import ENVELOPE_FROM, ENVELOPE_TO
from connectors.protocols.mail.machine import find_machine, look_at
from connectors.protocols.mail.parts import Mail, read_mail
from connectors.protocols.mail.spans import says_nothing, split_reply
from connectors.protocols.mail.verdicts import find_verdict
from connectors.protocols.optout import read_opt_out
from connectors.protocols.plaintext import clean, one_line
from schemas.complaint import NewComplaint
from schemas.parties import ChannelName, IdentityLevel, Reporter
from schemas.raw import JournalEntry

NO_SUBJECT = "(tanpa judul)"
NO_TEXT = "(tanpa teks, lihat lampiran)"
TITLE_CHARS_MAX = 255
BODY_CHARS_MAX = 10_000
# Signatures and quotations are looked for in this much; more is no letter.
_READ_CHARS_MAX = 200_000
_PGP_BLOCK = re.compile(
    r"-----BEGIN PGP MESSAGE-----.*?(?:-----END PGP MESSAGE-----|\Z)", re.DOTALL
)
SPAM = "spam"


@dataclass(frozen=True)
class _Letter:
    """A mail of a person, with its words made safe."""

    sender: Sender
    subject: str
    text: str
    message_id: str
    files: tuple[File, ...]
    truncated: bool
    written_at: datetime | None
    conversation: str
    verdict: str
    """The header by which our own server calls it spam."""
    is_encrypted: bool
    """No words of it can be read."""
    trace: tuple[Decision, ...]

    @property
    def address(self) -> str:
        """Whom an answer goes to."""
        return self.sender.box.address

    @property
    def review(self) -> str:
        """Why an officer looks at it first, should it be a new complaint."""
        return SPAM if self.verdict else ""


def read_entry(config: EmailConfig, entry: JournalEntry) -> Item:
    """Say what one mail is, and why; pure."""
    raw = entry.raw
    if UNFETCHABLE in raw.meta:
        place = raw.meta.get(REMOTE, "")
        return Unreadable(why=f"the mailbox does not give the mail at {place}")
    mail = read_mail(raw.body)
    envelope_from = raw.meta.get(ENVELOPE_FROM)
    machine = find_machine(look_at(mail, config.domain, envelope_from))
    trace: tuple[Decision, ...] = (explained.classified(machine),)
    if machine:
        return _of_machine(config, machine.rule, machine.why, raw.body, trace)
    letter = _letter(config, mail, entry, trace)
    if letter.address.lower() == config.address:
        why = "our own mailbox is the sender"
        return Ignored(rule="own_address", why=why, trace=letter.trace)
    envelope_to = tuple(raw.meta.get(ENVELOPE_TO, "").split(","))
    carried = find_carried(config, mail.headers, envelope_to, letter.text)
    trace = (*letter.trace, explained.threaded(carried))
    if letter.is_encrypted:
        return _question(config, letter, carried.code, "encrypted", trace)
    return (
        _reply(config, letter, carried, trace)
        if carried.carrier
        else _new(config, letter, trace)
    )


def _of_machine(
    config: EmailConfig, rule: str, why: str, body: bytes, trace: tuple[Decision, ...]
) -> Item:
    bounce = read_bounce(config, body) if rule == "report" else None
    if bounce is None:
        return Ignored(rule=rule, why=why, trace=trace)
    gone = decided("bounce", "address_gone", status=bounce.raw_state)
    return Receipt(**{**dict(bounce), "trace": (*trace, gone)})


def _letter(
    config: EmailConfig, mail: Mail, entry: JournalEntry, trace: tuple[Decision, ...]
) -> _Letter:
    headers = mail.headers
    message_id = one_line(next(iter(headers.message_ids("message-id")), ""))
    text = clean(mail.text)
    sender = read_sender(config, headers, text)
    fetched = entry.raw.meta.get(INTERNAL_DATE)
    came = datetime.fromisoformat(fetched) if fetched else None
    written_at, date_rule = believed_date(
        headers.text("date"), came or entry.received_at
    )
    verdict = find_verdict(trusted_part(headers, config.trust))
    return _Letter(
        sender=sender,
        subject=one_line(headers.text("subject")),
        text=text[:_READ_CHARS_MAX],
        message_id=message_id[:998],
        files=mail.files,
        truncated=mail.truncated
        or len(text) > BODY_CHARS_MAX
        or SIZE in entry.raw.meta,
        written_at=written_at or came,
        conversation=conversation_of(headers),
        verdict=verdict,
        is_encrypted="encrypted" in mail.defects
        and says_nothing(_PGP_BLOCK.sub("", text)),
        trace=(
            *trace,
            explained.decoded(mail),
            *explained.broken(mail),
            explained.dated(date_rule, in_a_mailbox=came is not None),
            explained.identified(sender),
            *explained.forwarded(sender),
            *explained.with_files(mail.files, left_out=mail.truncated),
            *explained.suspected(verdict),
        ),
    )


def _new(config: EmailConfig, letter: _Letter, trace: tuple[Decision, ...]) -> Item:
    if letter.sender.level is IdentityLevel.VERIFIED_EMAIL:
        # Nobody else can have written it: the wish needs no code.
        words = split_reply(letter.text).reply
        asked = letter.subject if says_nothing(words) else words
        if read_opt_out(asked) is not None:
            return _opt_out(config, letter, Carried(), asked, trace)
    if says_nothing(letter.text) and not letter.files:
        return _question(config, letter, "", "no_content", trace)
    return New(
        complaint=_complaint(config, letter),
        files=letter.files,
        level=letter.sender.reporter_level,
        conversation=letter.conversation,
        written_at=letter.written_at,
        review=letter.review,
        trace=trace,
    )


def _reply(
    config: EmailConfig, letter: _Letter, carried: Carried, trace: tuple[Decision, ...]
) -> Item:
    split = split_reply(letter.text)
    words, trace = split.reply, (*trace, explained.divided(split))
    asked = letter.subject if says_nothing(words) else words
    if read_opt_out(asked) is not None:
        return _opt_out(config, letter, carried, asked, trace)
    if says_nothing(words) and not letter.files:
        return _question(config, letter, carried.code, "no_content", trace)
    return Reply(
        code=carried.code,
        number=carried.number,
        reply_to=carried.reply_to,
        text=words[:BODY_CHARS_MAX],
        files=letter.files,
        contact_kind="email",
        contact=letter.address,
        carrier=carried.carrier,
        otherwise=_complaint(config, letter),
        level=letter.sender.level,
        conversation=letter.conversation,
        written_at=letter.written_at,
        review=letter.review,
        trace=trace,
    )


def _opt_out(
    config: EmailConfig,
    letter: _Letter,
    carried: Carried,
    asked: str,
    trace: tuple[Decision, ...],
) -> Item:
    opted_out = bool(read_opt_out(asked))
    wish = decided("opt_out", "whole_message", wants_messages=not opted_out)
    return OptOut(
        contact_kind="email",
        contact=letter.address,
        opted_out=opted_out,
        code=carried.code,
        reply_to=carried.reply_to,
        line=config.address,
        thread_id=letter.message_id,
        thread_subject=letter.subject[:998],
        level=letter.sender.level,
        conversation=letter.conversation,
        trace=(*trace, wish),
    )


def _complaint(config: EmailConfig, letter: _Letter) -> NewComplaint:
    reporter = letter.sender.reporter
    return NewComplaint(
        title=letter.subject[:TITLE_CHARS_MAX].strip() or NO_SUBJECT,
        body=letter.text[:BODY_CHARS_MAX].strip() or NO_TEXT,
        channel=ChannelName.EMAIL,
        reporter=Reporter(
            name=reporter.name,
            email=reporter.address,
            thread_id=letter.message_id,
            thread_subject=letter.subject[:998],
            line=config.address,
            on_behalf_of=letter.sender.on_behalf_of[:500],
        ),
        truncated=letter.truncated,
    )


def _question(
    config: EmailConfig,
    letter: _Letter,
    code: str,
    kind: str,
    trace: tuple[Decision, ...],
) -> Item:
    """Make what is answered, but is no event: a mail without words that can be read."""
    if not letter.address:
        why = "no words, and nobody to ask"
        return Ignored(rule="no_sender", why=why, trace=trace)
    return Query(
        kind=kind,
        code=code,
        contact_kind="email",
        contact=letter.address,
        line=config.address,
        thread_id=letter.message_id,
        thread_subject=letter.subject[:998],
        level=letter.sender.level,
        conversation=letter.conversation,
        trace=(*trace, decided("content", kind)),
    )
