"""Signed links to attachments: who holds one may fetch that file until it ends."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

_VERSION = b"\x01"
_MARK_BYTES = 16
"""128 bits cannot be guessed over a network."""
_EVENT = slice(1, 17)
_NUMBER = slice(17, 19)
_ENDS = slice(19, 24)
_PARTY_FROM = 24
TOKEN_CHARACTERS_MAX = 160
_PURPOSE = b"simpul file link\x00"
"""The secret signs other things, too; none of them begins like this."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a token stands for."""

    event_id: str
    n: int
    """Number of the file within its event."""
    party: str
    """Who it was given to."""
    ends: datetime
    """UTC, in whole seconds."""


def token_of(secret: bytes, link: Link) -> str:
    """Sign a link; the same link has the same token."""
    told = b"".join(
        (
            _VERSION,
            UUID(link.event_id).bytes,
            link.n.to_bytes(2, "big"),
            int(link.ends.timestamp()).to_bytes(5, "big"),
            link.party.encode(),
        )
    )
    return urlsafe_b64encode(told + _mark(secret, told)).decode().rstrip("=")


def read_token(secret: bytes, token: str) -> Link | None:
    """Read a token that we signed; None for everything else.

    A token has one spelling. It may have ended: that is for the caller to see.
    """
    if not token.isascii() or len(token) > TOKEN_CHARACTERS_MAX:
        return None
    try:
        plain = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (NotBase64, ValueError):
        return None
    if urlsafe_b64encode(plain).decode().rstrip("=") != token:
        return None
    told, mark = plain[:-_MARK_BYTES], plain[-_MARK_BYTES:]
    if not hmac.compare_digest(mark, _mark(secret, told)):
        return None
    if told[:1] != _VERSION or len(told) <= _PARTY_FROM:
        return None
    return Link(
        event_id=str(UUID(bytes=told[_EVENT])),
        n=int.from_bytes(told[_NUMBER], "big"),
        party=told[_PARTY_FROM:].decode(),
        ends=datetime.fromtimestamp(int.from_bytes(told[_ENDS], "big"), UTC),
    )


def _mark(secret: bytes, told: bytes) -> bytes:
    return hmac.digest(secret, _PURPOSE + told, sha256)[:_MARK_BYTES]
