"""From a gateway's call to what it is."""

from collections.abc import Mapping

from connectors.channels.sms import grammar
from connectors.channels.sms.config import SmsConfig
from connectors.channels.sms.doors import KIND, RECEIPT
from connectors.channels.sms.payload import PayloadError, read_payload
from connectors.contract import (
    Ignored,
    Item,
    New,
    OptOut,
    Query,
    Receipt,
    Reply,
    Unreadable,
)
from connectors.protocols.plaintext import clean, cut_at_word, one_line
from connectors.protocols.sms.numbers import e164
from schemas.complaint import NewComplaint
from schemas.parties import ChannelName, IdentityLevel, Reporter
from schemas.raw import RawMessage

TITLE_CHARS_MAX = 60
BODY_CHARS_MAX = 10_000
STATES = {
    "accepted": "sent",
    "delivered": "delivered",
    "delivrd": "delivered",
    "expired": "failed",
    "failed": "failed",
    "queued": "sent",
    "rejected": "failed",
    "rejectd": "failed",
    "sent": "sent",
    "undelivered": "failed",
    "undeliv": "failed",
}
"""Gateway's word -> ours; others are kept and count as unknown."""

PERMANENT = frozenset({"rejected", "rejectd", "undelivered", "undeliv"})
"""Words that say that no later message will arrive either; "expired" is a telephone
that was off."""


def read_raw(config: SmsConfig, raw: RawMessage) -> Item:
    """Say what one call of a gateway was; pure, never raises."""
    try:
        fields = read_payload(raw.body, raw.content_type)
    except PayloadError as error:
        return Unreadable(why=str(error))
    if raw.meta.get(KIND) == RECEIPT:
        return _receipt(fields)
    if "text" not in fields:
        return Unreadable(why="the call has no field `text`")
    return _message(config, fields, raw.meta.get("line", ""))


def _receipt(fields: Mapping[str, str]) -> Item:
    reference = one_line(fields.get("client_reference", ""))
    external_id = one_line(fields.get("id", ""))
    if not reference and not external_id:
        return Unreadable(why="the receipt names no message")
    raw_state = one_line(fields.get("state", ""))[:60]
    return Receipt(
        client_reference=reference,
        external_id=external_id,
        state=STATES.get(raw_state.lower(), "unknown"),
        raw_state=raw_state,
        permanent=raw_state.lower() in PERMANENT,
    )


def _message(config: SmsConfig, fields: Mapping[str, str], line: str) -> Item:
    sender = e164(one_line(fields.get("from", "")))
    text = clean(fields["text"])
    wish = grammar.read_wish(text, config.keywords)
    match wish:
        case grammar.Words():
            complaint = _complaint(wish, sender, line)
            return New(complaint=complaint, level=_level(sender))
        case grammar.Answer(code=code, text=words):
            return Reply(
                code=code,
                text=words[:BODY_CHARS_MAX],
                contact_kind="phone",
                contact=sender,
                carrier="code",
                otherwise=_complaint(grammar.Words(text), sender, line),
                level=_level(sender),
            )
        case _ if not sender:
            # A short code or a name is a machine: whoever answers it begins a loop.
            return Ignored(rule="no_number", why="the sender cannot be answered")
        case grammar.OptOutWish(opted_out=opted_out):
            return OptOut(
                contact_kind="phone",
                contact=sender,
                opted_out=opted_out,
                line=line,
                level=_level(sender),
            )
        case grammar.Question(kind=kind, code=code):
            return Query(
                kind=kind,
                code=code,
                contact_kind="phone",
                contact=sender,
                line=line,
                level=_level(sender),
            )


def _level(sender: str) -> IdentityLevel:
    """A number is named by the operator's network; what is none names nobody."""
    return IdentityLevel.PHONE_SEEN if sender else IdentityLevel.NONE


def _complaint(words: grammar.Words, sender: str, line: str) -> NewComplaint:
    return NewComplaint(
        title=cut_at_word(one_line(words.text), TITLE_CHARS_MAX),
        body=words.text[:BODY_CHARS_MAX],
        keyword=words.keyword,
        channel=ChannelName.SMS,
        reporter=Reporter(phone=sender, line=line),
        truncated=len(words.text) > BODY_CHARS_MAX,
    )
