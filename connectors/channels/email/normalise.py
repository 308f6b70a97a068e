"""From a raw mail to what it is: a complaint, a reply, or nothing to act on."""

from dataclasses import dataclass

from connectors.channels.email.bounce import read_bounce
from connectors.channels.email.carriers import Carried, find_carried
from connectors.channels.email.config import EmailConfig
from connectors.channels.email.raw import (
    ENVELOPE_FROM,
    ENVELOPE_TO,
    REMOTE,
    SIZE,
    UNFETCHABLE,
)
from connectors.contract import (
    File,
    Ignored,
    Item,
    New,
    OptOut,
    Query,
    Reply,
    Unreadable,
)
from connectors.protocols.mail.headers import Mailbox
from connectors.protocols.mail.machine import find_machine, look_at
from connectors.protocols.mail.parts import Mail, read_mail
from connectors.protocols.mail.spans import says_nothing, split_reply
from connectors.protocols.optout import read_opt_out
from connectors.protocols.plaintext import clean, one_line
from schemas.complaint import NewComplaint
from schemas.parties import ChannelName, Reporter
from schemas.raw import RawMessage

NO_SUBJECT = "(tanpa judul)"
NO_TEXT = "(tanpa teks, lihat lampiran)"
TITLE_CHARS_MAX = 255
BODY_CHARS_MAX = 10_000
# Signatures and quotations are looked for in this much; more is no letter.
_READ_CHARS_MAX = 200_000


@dataclass(frozen=True)
class _Letter:
    """A mail of a person, with its words made safe."""

    sender: Mailbox
    subject: str
    text: str
    message_id: str
    files: tuple[File, ...]
    truncated: bool


def read_raw(config: EmailConfig, raw: RawMessage) -> Item:
    """Say what one mail is; pure."""
    if UNFETCHABLE in raw.meta:
        place = raw.meta.get(REMOTE, "")
        return Unreadable(why=f"the mailbox does not give the mail at {place}")
    mail = read_mail(raw.body)
    envelope_from = raw.meta.get(ENVELOPE_FROM)
    machine = find_machine(look_at(mail, config.domain, envelope_from))
    if machine:
        if machine.rule == "report" and (bounce := read_bounce(config, raw.body)):
            return bounce
        return Ignored(rule=machine.rule, why=machine.why)
    letter = _letter(mail, is_whole=SIZE not in raw.meta)
    if letter.sender.address.lower() == config.address:
        return Ignored(rule="own_address", why="our own mailbox is the sender")
    envelope_to = tuple(raw.meta.get(ENVELOPE_TO, "").split(","))
    carried = find_carried(config, mail.headers, envelope_to, letter.text)
    return _reply(config, letter, carried) if carried.carrier else _new(config, letter)


def _letter(mail: Mail, *, is_whole: bool) -> _Letter:
    headers = mail.headers
    sender = next(iter(headers.mailboxes("from")), Mailbox("", ""))
    address = one_line(sender.address)
    message_id = one_line(next(iter(headers.message_ids("message-id")), ""))
    text = clean(mail.text)
    return _Letter(
        sender=Mailbox(one_line(sender.name)[:200], address[:254]),
        subject=one_line(headers.text("subject")),
        text=text[:_READ_CHARS_MAX],
        message_id=message_id[:998],
        files=mail.files,
        truncated=mail.truncated or len(text) > BODY_CHARS_MAX or not is_whole,
    )


def _new(config: EmailConfig, letter: _Letter) -> Item:
    if says_nothing(letter.text) and not letter.files:
        return _no_content(config, letter, "")
    return New(complaint=_complaint(config, letter), files=letter.files)


def _reply(config: EmailConfig, letter: _Letter, carried: Carried) -> Item:
    words = split_reply(letter.text).reply
    asked = letter.subject if says_nothing(words) else words
    opted_out = read_opt_out(asked)
    if opted_out is not None:
        return OptOut(
            contact_kind="email",
            contact=letter.sender.address,
            opted_out=opted_out,
            code=carried.code,
            reply_to=carried.reply_to,
            line=config.address,
            thread_id=letter.message_id,
        )
    if says_nothing(words) and not letter.files:
        return _no_content(config, letter, carried.code)
    return Reply(
        code=carried.code,
        reply_to=carried.reply_to,
        text=words[:BODY_CHARS_MAX],
        files=letter.files,
        contact_kind="email",
        contact=letter.sender.address,
        carrier=carried.carrier,
        otherwise=_complaint(config, letter),
    )


def _complaint(config: EmailConfig, letter: _Letter) -> NewComplaint:
    return NewComplaint(
        title=letter.subject[:TITLE_CHARS_MAX].strip() or NO_SUBJECT,
        body=letter.text[:BODY_CHARS_MAX].strip() or NO_TEXT,
        channel=ChannelName.EMAIL,
        reporter=Reporter(
            name=letter.sender.name,
            email=letter.sender.address,
            thread_id=letter.message_id,
            thread_subject=letter.subject[:998],
            line=config.address,
        ),
        truncated=letter.truncated,
    )


def _no_content(config: EmailConfig, letter: _Letter, code: str) -> Item:
    if not letter.sender.address:
        return Ignored(rule="no_sender", why="no words, and nobody to ask")
    return Query(
        kind="no_content",
        code=code,
        contact_kind="email",
        contact=letter.sender.address,
        line=config.address,
        thread_id=letter.message_id,
    )
