"""Sealing and opening: AES-GCM under a data key per complaint, wrapped by the ring.

A sealed value is `v1.` + key id (16 bytes) + nonce (12 bytes) + ciphertext; its
associated data is `table|column|row`, so that no value can be moved elsewhere.
"""

import hmac
import json
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from uuid_utils.compat import uuid7

from hub.database import tables as t
from hub.database.keyring import Keyring

_PREFIX = b"v1."
_HEAD = len(_PREFIX) + 16
_NONCE = 12


class KeyDestroyedError(Exception):
    """The data key is gone: the content was erased."""


@dataclass(frozen=True, slots=True)
class DataKey:
    """An unwrapped data key."""

    id: str
    cipher: AESGCM = field(repr=False)

    def seal(self, place: str, plain: bytes) -> bytes:
        """Encrypt for one place, `table|column|row`."""
        return _seal(UUID(self.id), self.cipher, place, plain)

    def seal_json(self, place: str, value: Any) -> bytes:
        """Encrypt a JSON value for one place."""
        return self.seal(place, json.dumps(value, separators=(",", ":")).encode())

    def open(self, place: str, sealed: bytes) -> bytes:
        """Decrypt what was sealed for this place."""
        nonce = sealed[_HEAD : _HEAD + _NONCE]
        return self.cipher.decrypt(nonce, sealed[_HEAD + _NONCE :], place.encode())

    def open_json(self, place: str, sealed: bytes) -> Any:
        """Decrypt a JSON value."""
        return json.loads(self.open(place, sealed))


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


class Vault:
    """Data keys, ring-sealed values and blind indexes. Thread-safe."""

    def __init__(self, ring: Keyring) -> None:
        self.ring = ring
        self._ciphers = {key_id: AESGCM(key) for key_id, key in ring.keys.items()}

    # data keys

    def new_key(self, key_id: str | None = None) -> tuple[DataKey, dict[str, Any]]:
        """Make a data key and the row that keeps it wrapped."""
        name = key_id or str(uuid7())
        plain = secrets.token_bytes(32)
        row = {
            "id": name,
            "complaint_id": None,
            "wrapped": self.wrap(f"data_keys|wrapped|{name}", plain),
            "ring_id": str(self.ring.current),
        }
        return DataKey(name, AESGCM(plain)), row

    def wrap(self, place: str, plain: bytes) -> bytes:
        """Encrypt under the ring's current key."""
        return _seal(self.ring.current, self._ciphers[self.ring.current], place, plain)

    def unwrap(self, place: str, sealed: bytes) -> bytes:
        """Decrypt what is under any key of the ring.

        Raises KeyDestroyedError when the ring no longer has that key.
        """
        cipher = self._ciphers.get(UUID(key_id_of(sealed)))
        if cipher is None:
            msg = f"ring key {key_id_of(sealed)} is not in the key ring"
            raise KeyDestroyedError(msg)
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
                plain = self.unwrap(f"data_keys|wrapped|{key_id}", wrapped)
                found[key_id] = DataKey(key_id, AESGCM(plain))
        return found

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
        return hmac.new(
            self.ring.index_secret, label + b"\x1f" + value, sha256
        ).digest()


def open_or_none(
    keys: Mapping[str, DataKey], place: str, sealed: bytes | None
) -> bytes | None:
    """Open a value, or None when there is none or its key was destroyed."""
    if sealed is None:
        return None
    key = keys.get(key_id_of(sealed))
    return None if key is None else key.open(place, sealed)
