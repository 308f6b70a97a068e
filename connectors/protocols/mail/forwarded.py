"""Mails that somebody passes on: whose words they are, as it stands in them.

Nobody checked the inner sender: whoever writes a mail can write that, too.
"""

import re
from dataclasses import dataclass

from connectors.protocols.mail.headers import Headers, Mailbox

INNER_HEADERS = ("x-original-from", "x-original-sender", "x-mailfrom")
"""What mailing lists and groups keep of the sender that they replace."""
_READ_CHARS_MAX = 20_000
_BANNER = re.compile(
    r"(?im)^[\s>*_]*(?:"
    r"begin forwarded message\s*:|awal pesan terusan\s*:|"
    r"mulai pesan (?:terusan|yang diteruskan)\s*:|"
    r"[-_=]{2,}\s*(?:forwarded (?:message|by\b.{0,80})|"
    r"pesan (?:terusan|yang diteruskan|diteruskan))\s*[-_=]{2,})[\s*_]*$"
)
_FROM_LINE = re.compile(
    r"(?im)^[\s>*_]*(?:from|dari|pengirim)[\s*_]*:[ \t*_]*(\S.{0,300})$"
)
_LINES_BELOW_CHARS = 600
"""How far below the banner the From line is looked for."""


@dataclass(frozen=True)
class Forwarded:
    """Who is said to have written what was passed on."""

    rule: str
    inner: Mailbox


def find_forwarded(headers: Headers, text: str) -> Forwarded | None:
    """Recognise a mail that was passed on by a person or a group; None: it was not."""
    own = {box.address.lower() for box in headers.mailboxes("from")}
    for name in INNER_HEADERS:
        for box in headers.mailboxes(name):
            if box.address.lower() not in own:
                return Forwarded(name.replace("-", "_"), box)
    banner = _BANNER.search(text, 0, _READ_CHARS_MAX)
    if banner is None:
        return None
    below = text[banner.end() : banner.end() + _LINES_BELOW_CHARS]
    line = _FROM_LINE.search(below)
    if line is None:
        return None
    written = re.sub(r"\[?mailto:([^\]\s>]+)\]?", r"<\1>", line[1]).strip(" *_")
    boxes = Headers([("from", written)]).mailboxes("from")
    return Forwarded("banner", boxes[0] if boxes else Mailbox(written[:200], ""))
