"""Delivery reports about our own mails: an address that is gone for good."""

import re

from connectors.channels.email.config import EmailConfig
from connectors.contract import Receipt

READ_BYTES_MAX = 200_000
_GONE = re.compile(rb"(?mi)^Status:\s*(5\.(?:1\.(?:1|2|3|6|10)|2\.1))\b")
"""Bad address, or a mailbox that is switched off (RFC 3463); a full one may empty."""


def read_bounce(config: EmailConfig, body: bytes) -> Receipt | None:
    """Read which of our mails will never arrive; None where the report says less.

    Our Message-ID carries the delivery's key, which nobody else can make.
    """
    text = body[:READ_BYTES_MAX]
    status = _GONE.search(text)
    domain = re.escape(config.domain.encode())
    ours = re.search(
        rb"(?i)\bMessage-ID:\s*<([a-z0-9._-]{8,64})@" + domain + rb">", text
    )
    if status is None or ours is None:
        return None
    return Receipt(
        client_reference=ours[1].decode(),
        state="failed",
        raw_state=status[1].decode(),
        permanent=True,
    )
