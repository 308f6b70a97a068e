"""Envelope encryption as the hub has it: a key per complaint, wrapped by one key."""

import hashlib
import hmac
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_RING = AESGCM(hashlib.sha256(b"ring of the bench").digest())
_PERSONS = hashlib.sha256(b"persons of the bench").digest()


def new_key(number: int) -> tuple[AESGCM, bytes]:
    """Make a data key; returns it, and how it is kept."""
    key, nonce = os.urandom(32), os.urandom(12)
    return AESGCM(key), nonce + _RING.encrypt(nonce, key, b"key|%d" % number)


def open_key(number: int, wrapped: bytes) -> AESGCM:
    """Unwrap a data key."""
    return AESGCM(_RING.decrypt(wrapped[:12], wrapped[12:], b"key|%d" % number))


def seal(key: AESGCM, place: bytes, plain: bytes) -> bytes:
    """Encrypt for one place."""
    nonce = os.urandom(12)
    return nonce + key.encrypt(nonce, plain, place)


def unseal(key: AESGCM, place: bytes, sealed: bytes) -> bytes:
    """Decrypt what was sealed for this place."""
    return key.decrypt(sealed[:12], sealed[12:], place)


def person(contact: str) -> bytes:
    """Name a person by a keyed hash of their contact."""
    return hmac.digest(_PERSONS, contact.encode(), "sha256")[:16]
