"""Codes that people read aloud, and keys that make repetitions harmless."""

import hmac
import unicodedata
from hashlib import sha256
from uuid import UUID

from schemas.parties import IdentityLevel

SURE = frozenset({IdentityLevel.VERIFIED_EMAIL, IdentityLevel.PHONE_SEEN})
"""Levels at which a contact is more than a claim."""
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U."""
_FORGIVEN = str.maketrans(
    {"I": "1", "L": "1", "O": "0", "U": "V", "-": "", " ": "", "_": ""}
)
CODE_LENGTH = 9
"""Eight random characters (40 bits) and a check character."""


def check_character(body: str) -> str:
    """Compute the Luhn mod 32 check character of a code's body."""
    total = 0
    for place, character in enumerate(reversed(body)):
        value = ALPHABET.index(character) * (2 if place % 2 == 0 else 1)
        total += value // 32 + value % 32
    return ALPHABET[-total % 32]


def tracking_code(entropy: bytes) -> str:
    """Make a tracking code, `XXXX-XXXX-C`, of at least five random bytes."""
    number = int.from_bytes(entropy[:5], "big")
    body = "".join(ALPHABET[(number >> shift) & 31] for shift in range(35, -1, -5))
    return show_code(body + check_character(body))


def show_code(bare: str) -> str:
    """Group a bare code for reading."""
    return f"{bare[:4]}-{bare[4:8]}-{bare[8:]}"


def read_code(typed: str) -> str | None:
    """Read a code as people type it; None when it cannot be one of ours.

    Case, spaces and dashes do not count; I and L are read as 1, O as 0, U as V.
    """
    bare = typed.strip().upper().translate(_FORGIVEN)
    if len(bare) != CODE_LENGTH or any(c not in ALPHABET for c in bare):
        return None
    return show_code(bare) if check_character(bare[:-1]) == bare[-1] else None


def public_number(entropy: bytes) -> str:
    """Make a random number of 15 digits; never starts with zero."""
    span = 9 * 10**14
    return str(10**14 + int.from_bytes(entropy[:16], "big") % span)


def delivery_key(
    secret: bytes,
    *,
    subject: tuple[str, str, str],
    assignment_no: int,
    generation: int,
    events: tuple[str, str],
    step: str,
) -> str:
    """Derive the idempotency key of one delivery: equal for every repetition.

    `subject` is (complaint, party, recipient), `events` the first and last event
    id. It never depends on the attempt; a raised generation makes a new one.
    """
    parts = (*subject, str(assignment_no), str(generation), *events, step)
    return hmac.new(secret, "\x1f".join(parts).encode(), sha256).hexdigest()[:40]


def contact_form(kind: str, value: str) -> str:
    """Write a contact in the form in which it is indexed."""
    bare = value.strip()
    return bare.lower() if kind == "email" else bare


def words_form(title: str, body: str) -> str:
    """Write a complaint's words in the form in which repetitions are told."""
    words = unicodedata.normalize("NFKC", f"{title} {body}")
    return " ".join(words.casefold().split())


def child_id(parent_id: str, number: int) -> str:
    """Derive the id of a request's record: a second child of that number has it too.

    A UUIDv7 of the parent's time, so that both lie in one month; children are in the
    order of their numbers, which may have 20 bits.
    """
    time_and_chance = int(parent_id.replace("-", ""), 16) >> 64 & ~0xF000 | 0x7000
    digest = sha256(f"{parent_id}#{number}".encode()).digest()
    rest = 0b10 << 62 | number << 42 | int.from_bytes(digest[:6], "big") >> 6
    return str(UUID(int=time_and_chance << 64 | rest))


def relayed_key(origin: str, assignment_no: int, occurrence_key: str) -> str:
    """Identify an update of one complaint in the log of another that it follows."""
    return f"{origin}:{assignment_no}:{occurrence_key}"
