"""Sealing and opening: AES-GCM under a data key per complaint, wrapped by the ring.

A sealed value is `v1.` + key id (16 bytes) + nonce (12 bytes) + ciphertext; its
associated data is `table|column|row`, so that no value can be moved elsewhere.
"""

import hmac
import json
import os
import secrets
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from uuid_utils.compat import uuid7

from hub.database import tables as t
from hub.database.keyring import Keyring, KeyringAwayError

_PREFIX = b"v1."
_HEAD = len(_PREFIX) + 16
_NONCE = 12
REREAD_SECONDS = 1.0
"""The file of the ring is read at most this often; so old it is when values are
wrapped."""


class KeyDestroyedError(Exception):
    """The data key is gone: the content was erased."""


@dataclass(frozen=True, slots=True)
class DataKey:
    """An unwrapped data key."""

    id: str
    cipher: AESGCM = field(repr=False)

    def seal(self, place: str, plain: bytes) -> bytes:
        """Encrypt for one place, `table|column|row`."""
        nonce = os.urandom(_NONCE)
        return self.head + nonce + self.cipher.encrypt(nonce, plain, place.encode())

    @property
    def head(self) -> bytes:
        """What a value that is sealed under this key begins with."""
        return _PREFIX + bytes.fromhex(self.id.replace("-", ""))

    def seal_json(self, place: str, value: Any) -> bytes:
        """Encrypt a JSON value for one place."""
        return self.seal(place, json.dumps(value, separators=(",", ":")).encode())

    def open(self, place: str, sealed: bytes) -> bytes:
        """Decrypt what was sealed for this place."""
        nonce = sealed[_HEAD : _HEAD + _NONCE]
        return self.cipher.decrypt(nonce, sealed[_HEAD + _NONCE :], place.encode())

    def open_json(self, place: str, sealed: bytes) -> Any:
        """Decrypt a JSON value."""
        return json.loads(self.open(place, sealed).decode())


def _seal(key_id: UUID, cipher: AESGCM, place: str, plain: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return b"".join(
        (_PREFIX, key_id.bytes, nonce, cipher.encrypt(nonce, plain, place.encode()))
    )


def key_id_of(sealed: bytes) -> str:
    """Read which key a sealed value is under."""
    if not sealed.startswith(_PREFIX):
        msg = "not a sealed value of version v1"
        raise ValueError(msg)
    return str(UUID(bytes=bytes(sealed[len(_PREFIX) : _HEAD])))


class _Open:
    """A ring with its ciphers; replaced as one, so that they always agree."""

    def __init__(self, ring: Keyring) -> None:
        self.ring = ring
        self.ciphers = {key_id: AESGCM(key) for key_id, key in ring.keys.items()}


class Vault:
    """Data keys, ring-sealed values and blind indexes. Thread-safe.

    The ring may be rotated by another process: its file is read again when a value
    names a key that is not known, and looked at once a second before wrapping.
    """

    def __init__(self, ring: Keyring) -> None:
        self._open = _Open(ring)
        self._lock = threading.Lock()
        self._next_look = 0.0
        self._next_read = 0.0

    @property
    def ring(self) -> Keyring:
        """The ring as it was last read."""
        return self._open.ring

    # the ring

    def _known(self, key_id: UUID) -> AESGCM:
        """Find a ring key, in the file if need be.

        Raises KeyDestroyedError when the file does not have it, KeyringAwayError when
        it cannot be said now.
        """
        found = self._open.ciphers.get(key_id)
        if found is not None:
            return found
        with self._lock:
            if key_id not in self._open.ciphers and self._open.ring.is_outdated():
                self._read_again()
            found = self._open.ciphers.get(key_id)
        if found is None:
            msg = f"ring key {key_id} is not in the key ring"
            raise KeyDestroyedError(msg)
        return found

    def _read_again(self) -> None:
        now = time.monotonic()
        if now < self._next_read:
            msg = "the key ring changed a moment ago: try again in a second"
            raise KeyringAwayError(msg)
        self._next_read = now + REREAD_SECONDS
        self._open = _Open(self._open.ring.reread())

    def _for_wrapping(self) -> "_Open":
        """Give the ring, at most a second old; the one in memory while it is away."""
        if time.monotonic() >= self._next_look:
            with self._lock, suppress(KeyringAwayError):
                self._next_look = time.monotonic() + REREAD_SECONDS
                if self._open.ring.is_outdated():
                    self._read_again()
        return self._open

    # data keys

    def new_key(self, key_id: str | None = None) -> tuple[DataKey, dict[str, Any]]:
        """Make a data key and the row that keeps it wrapped."""
        name = key_id or str(uuid7())
        plain = secrets.token_bytes(32)
        ring_id, wrapped = self._wrap(f"data_keys|wrapped|{name}", plain)
        row = {
            "id": name,
            "complaint_id": None,
            "wrapped": wrapped,
            "ring_id": str(ring_id),
        }
        return DataKey(name, AESGCM(plain)), row

    def wrap(self, place: str, plain: bytes) -> bytes:
        """Encrypt under the ring's current key."""
        return self._wrap(place, plain)[1]

    def _wrap(self, place: str, plain: bytes) -> tuple[UUID, bytes]:
        found = self._for_wrapping()
        current = found.ring.current
        return current, _seal(current, found.ciphers[current], place, plain)

    def unwrap(self, place: str, sealed: bytes) -> bytes:
        """Decrypt what is under any key of the ring.

        Raises KeyDestroyedError when the ring no longer has that key,
        KeyringAwayError when its file cannot be read.
        """
        cipher = self._known(UUID(key_id_of(sealed)))
        return cipher.decrypt(
            sealed[_HEAD : _HEAD + _NONCE], sealed[_HEAD + _NONCE :], place.encode()
        )

    def keys(self, conn: sa.Connection, ids: Iterable[str]) -> dict[str, DataKey]:
        """Unwrap the data keys that still exist; destroyed ones are left out."""
        wanted = sorted(set(ids))
        found: dict[str, DataKey] = {}
        for start in range(0, len(wanted), 500):
            rows = conn.execute(
                sa.select(t.data_keys.c.id, t.data_keys.c.wrapped).where(
                    t.data_keys.c.id.in_(wanted[start : start + 500]),
                    t.data_keys.c.wrapped.is_not(None),
                )
            )
            for key_id, wrapped in rows:
                found[key_id] = self.unwrapped(key_id, wrapped)
        return found

    def unwrapped(self, key_id: str, wrapped: bytes) -> DataKey:
        """Unwrap one data key whose row was read."""
        plain = self.unwrap(f"data_keys|wrapped|{key_id}", wrapped)
        return DataKey(key_id, AESGCM(plain))

    def key(self, conn: sa.Connection, key_id: str) -> DataKey:
        """Unwrap one data key; raises KeyDestroyedError when it is gone."""
        found = self.keys(conn, [key_id]).get(key_id)
        if found is None:
            msg = f"data key {key_id} was destroyed"
            raise KeyDestroyedError(msg)
        return found

    # hashes

    def blind(self, kind: str, value: str) -> bytes:
        """Index a contact or reference without storing it."""
        return self._hmac(b"index|" + kind.encode(), value.encode())

    def content_hash(self, content: bytes) -> bytes:
        """Hash a plaintext; without the secret it cannot be guessed from."""
        return self._hmac(b"content", content)

    def _hmac(self, label: bytes, value: bytes) -> bytes:
        return hmac.digest(self.ring.index_secret, label + b"\x1f" + value, sha256)


def open_or_none(
    keys: Mapping[str, DataKey], place: str, sealed: bytes | None
) -> bytes | None:
    """Open a value, or None when there is none or its key was destroyed."""
    if sealed is None:
        return None
    key = keys.get(key_id_of(sealed))
    return None if key is None else key.open(place, sealed)
