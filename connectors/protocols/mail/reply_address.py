"""Addresses that only we can make: whoever answers there speaks of one case.

`lapor+a.dinkes.4711-0815.k3j4h5g6d7m2@hub.example`: the agency, the case, and a mark
over both (HMAC-SHA256). Letters of any case are the same; a mark is twelve signs of
base32, sixty bits.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass

MARK_SIGNS = 12
LOCAL_SIGNS_MAX = 64
"""RFC 5321, 4.5.3.1.1."""
_TOKEN = re.compile(r"a\.([a-z][a-z0-9_]{1,29})\.([a-z0-9-]{1,24})\.([a-z2-7]{12})")


@dataclass(frozen=True, slots=True)
class Addressed:
    """Whose case an address names."""

    agency: str
    reference: str


def make(secret: bytes, mailbox: str, agency: str, reference: str) -> str:
    """Write the local part; raises ValueError where it would be too long or odd."""
    token = f"a.{agency}.{reference}.{_mark(secret, agency, reference)}".lower()
    local = f"{mailbox}+{token}"
    if len(local) > LOCAL_SIGNS_MAX or not _TOKEN.fullmatch(token):
        msg = "the agency's name or the case's id does not fit into an address"
        raise ValueError(msg)
    return local


def read(secret: bytes, address: str, mailbox: str) -> Addressed | None:
    """Read an address; None where it is not one that we made."""
    local = address.strip("<> ").rpartition("@")[0].lower()
    before, plus, token = local.partition("+")
    match = _TOKEN.fullmatch(token)
    if before != mailbox.lower() or not plus or match is None:
        return None
    agency, reference, mark = match.groups()
    if not hmac.compare_digest(mark, _mark(secret, agency, reference)):
        return None
    return Addressed(agency, reference)


def _mark(secret: bytes, agency: str, reference: str) -> str:
    said = f"{agency}\x1f{reference}".lower().encode()
    digest = hmac.new(secret, said, hashlib.sha256).digest()
    return base64.b32encode(digest).decode().lower()[:MARK_SIGNS]
