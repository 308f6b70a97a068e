"""A mail from the wire as a raw message: its key and what the envelope said."""

import hashlib
import re
from collections.abc import Sequence

from connectors.channels.email.config import EmailConfig
from connectors.protocols.mail.headers import Headers
from connectors.protocols.mail.reply_address import read
from schemas.raw import RawMessage

SOURCE, LANE = "email", "intake.email"
ENVELOPE_FROM, ENVELOPE_TO, REMOTE = "envelope_from", "envelope_to", "remote"
_HEAD_BYTES_MAX = 200_000
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(rb"(?m)^([!-9;-~]+)[ \t]*:((?:[^\r\n]|\r?\n[ \t])*)")
_KEY = re.compile(r"<[\x21-\x7e]{3,500}>")
# Added on the way: the same mail over two ways has other ones.
_WAY = re.compile(rb"(?:received|delivered-to|return-path|x-[!-9;-~]*)", re.IGNORECASE)


def raw_message(
    body: bytes, *, sender: str, recipients: Sequence[str], remote: str
) -> RawMessage:
    """Describe a mail to the journal; its key is its Message-ID, else its content."""
    return RawMessage(
        source=SOURCE,
        lane=LANE,
        source_key=source_key(body),
        body=body,
        content_type="message/rfc822",
        meta={
            ENVELOPE_FROM: _printable(sender).strip("<> "),
            ENVELOPE_TO: ", ".join(_printable(each) for each in recipients),
            REMOTE: remote,
        },
    )


def of_agency(config: EmailConfig, raw: RawMessage) -> RawMessage:
    """Bring an officer's answer to its agency's lane: its address says whose it is.

    Only we can make such an address. Anything else stays what it is.
    """
    secret = config.reply_secret.get_secret_value().encode()
    for address in raw.meta.get(ENVELOPE_TO, "").split(",") if secret else ():
        addressed = read(secret, address, config.mailbox)
        if addressed is not None:
            return raw.model_copy(
                update={
                    "source": f"agency:{addressed.agency}",
                    "lane": f"updates.{addressed.agency}",
                    "expects_complaint": False,
                }
            )
    return raw


def source_key(body: bytes) -> str:
    """Name a mail by its Message-ID, else by a hash without the headers of its way."""
    end = _HEAD_END.search(body, 0, _HEAD_BYTES_MAX)
    head = body[: end.start() if end else _HEAD_BYTES_MAX]
    fields = [(m[1], m[0], m[2]) for m in _FIELD.finditer(head)]
    for name, _, value in fields:
        if name.lower() == b"message-id":
            written = Headers([("id", value.decode("ascii", "replace"))])
            ids = written.message_ids("id")
            if ids and _KEY.fullmatch(ids[0]):
                return ids[0]
    digest = hashlib.sha256()
    for name, field, _ in fields:
        if not _WAY.fullmatch(name):
            digest.update(field + b"\n")
    digest.update(body[end.end() :] if end else b"")
    return f"sha256:{digest.hexdigest()}"


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\0", "")[:500]
