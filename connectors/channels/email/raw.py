"""A mail from the wire as a raw message: its key and what the envelope said."""

import hashlib
import re
from collections.abc import Sequence

from connectors.channels.email.config import EmailConfig
from connectors.protocols.mail.envelope import (
    ENVELOPE_FROM,
    ENVELOPE_TO,
    RECIPIENT_HEADERS,
)
from connectors.protocols.mail.headers import Headers
from connectors.protocols.mail.reply_address import read
from schemas.raw import RawMessage

SOURCE, LANE = "email", "intake.email"
REMOTE = "remote"
"""Who handed it over, or where it lies."""
INTERNAL_DATE = "internal_date"
"""When the mailbox got it, ISO 8601."""
SIZE = "size"
"""Of the whole mail in bytes, where only its words and small files were fetched."""
UNFETCHABLE = "unfetchable"
"""Why the server does not give it; there is no body then."""
RECIPIENTS_MAX = 50
_RECIPIENT_FIELDS = frozenset(name.encode() for name in RECIPIENT_HEADERS)
_HEAD_BYTES_MAX = 200_000
_HEAD_END = re.compile(rb"(\r?\n)\r?\n")
_FIELD = re.compile(rb"(?m)^([!-9;-~]+)[ \t]*:((?:[^\r\n]|\r?\n[ \t])*)\r?\n?")
_KEY = re.compile(r"<[\x21-\x7e]{3,500}>")
# Added on the way: the same mail over two ways has other ones.
_WAY = re.compile(
    rb"(?:received|received-spf|delivered-to|envelope-to|return-path|"
    rb"authentication-results|arc-[!-9;-~]*|x-[!-9;-~]*)",
    re.IGNORECASE,
)


def raw_message(
    body: bytes, *, sender: str | None, recipients: Sequence[str], remote: str
) -> RawMessage:
    """Describe a mail to the journal; its key is its Message-ID, else its content.

    `sender` is None where no envelope is known.
    """
    meta = {
        ENVELOPE_TO: ", ".join(_printable(each) for each in recipients),
        REMOTE: remote,
    }
    if sender is not None:
        meta[ENVELOPE_FROM] = _printable(sender).strip("<> ")
    digest = _digest(body)
    return RawMessage(
        source=SOURCE,
        lane=LANE,
        source_key=headers_key(body) or digest,
        body=body,
        content_type="message/rfc822",
        meta=meta,
        fingerprint=digest,
    )


def of_agency(config: EmailConfig, raw: RawMessage) -> RawMessage:
    """Bring an officer's answer to its agency's lane: its address says whose it is.

    Only we can make such an address. Anything else stays what it is.
    """
    agency = _agency_of(config, raw.meta.get(ENVELOPE_TO, "").split(","))
    if not agency:
        return raw
    return raw.model_copy(
        update={
            "source": f"agency:{agency}",
            "lane": f"updates.{agency}",
            "expects_complaint": False,
        }
    )


def source_of(config: EmailConfig, recipients: Sequence[str]) -> str:
    """Say who speaks in a mail to these: citizens, or an agency's officer."""
    agency = _agency_of(config, recipients)
    return f"agency:{agency}" if agency else SOURCE


def _agency_of(config: EmailConfig, recipients: Sequence[str]) -> str:
    secret = config.reply_secret.get_secret_value().encode()
    for address in recipients if secret else ():
        addressed = read(secret, address, config.mailbox)
        if addressed is not None:
            return addressed.agency
    return ""


def recipients_of(body: bytes) -> list[str]:
    """Name whom a mail was for, where no envelope tells: by what its way wrote."""
    written = Headers(
        [
            (name.decode("ascii", "replace"), value.decode("ascii", "replace"))
            for name, value in _fields(body)
            if name.lower() in _RECIPIENT_FIELDS
        ]
    )
    boxes = (box for name in RECIPIENT_HEADERS for box in written.mailboxes(name))
    return list(dict.fromkeys(box.address for box in boxes))[:RECIPIENTS_MAX]


def _digest(body: bytes) -> str:
    """Hash what was sent: the same for every way by which it comes.

    All of it counts but the header fields of the way, how lines end, and line ends at
    the end of it; so no two mails are one, however broken they are.
    """
    kept, start = [], 0
    for field in _FIELD.finditer(body, 0, _head_end(body)):
        if _WAY.fullmatch(field[1]):
            kept.append(body[start : field.start()])
            start = field.end()
    said = b"".join([*kept, body[start:]]).replace(b"\r\n", b"\n").rstrip(b"\n")
    return f"sha256:{hashlib.sha256(said).hexdigest()}"


def headers_key(body: bytes) -> str:
    """Give a mail's Message-ID; empty where it has none that could name it."""
    for name, value in _fields(body):
        if name.lower() == b"message-id":
            written = Headers([("id", value.decode("ascii", "replace"))])
            ids = written.message_ids("id")
            if ids and _KEY.fullmatch(ids[0]):
                return ids[0]
    return ""


def _fields(body: bytes) -> list[tuple[bytes, bytes]]:
    """Give the header fields: name and value."""
    return [(m[1], m[2]) for m in _FIELD.finditer(body, 0, _head_end(body))]


def _head_end(body: bytes) -> int:
    """Say where the header ends, as far as it is looked at."""
    end = _HEAD_END.search(body, 0, _HEAD_BYTES_MAX)
    return end.end(1) if end else min(len(body), _HEAD_BYTES_MAX)


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\0", "")[:500]
