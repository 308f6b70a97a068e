"""Our keys as the dialect writes ids: digits."""

import hashlib

MARK = "Simpul-Ref"
"""Stands before our key in a description, where a look-up reads it."""


def as_digits(key: str) -> str:
    """Write a key as up to 19 digits; equal keys give equal digits."""
    digest = hashlib.sha256(key.encode()).digest()
    return str(int.from_bytes(digest[:8], "big") >> 1)


def mark(key: str) -> str:
    """Write the line of a description by which a look-up knows the case."""
    return f"{MARK}: {as_digits(key)}"
