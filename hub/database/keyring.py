"""The key ring: the only secret that opens everything, in a file of mode 0600."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7


class KeyringError(Exception):
    """The key ring cannot be used; the text says what to do."""


@dataclass(frozen=True)
class Keyring:
    """Ring keys by id, the current one, and two secrets that never rotate."""

    path: Path
    current: UUID
    keys: dict[UUID, bytes]
    index_secret: bytes
    """Of blind indexes and content hashes."""
    delivery_secret: bytes
    """Of idempotency keys: the same delivery keeps its key for ever."""

    @classmethod
    def open(cls, path: Path, *, create: bool = False) -> "Keyring":
        """Read the ring; make one on first start where `create` allows it.

        Raises KeyringError when it is missing, unreadable or open to others.
        """
        if not path.exists():
            if not create:
                msg = f"no key ring at {path}: run `simpul keys init`"
                raise KeyringError(msg)
            return cls._create(path)
        if path.stat().st_mode & 0o077:
            msg = f"the key ring {path} is open to others: chmod 600 {path}"
            raise KeyringError(msg)
        try:
            return cls._parse(path, json.loads(path.read_text()))
        except (ValueError, KeyError, TypeError) as error:
            msg = f"the key ring {path} is damaged: restore it from your backup"
            raise KeyringError(msg) from error

    @classmethod
    def _parse(cls, path: Path, found: dict[str, Any]) -> "Keyring":
        return cls(
            path=path,
            current=UUID(found["current"]),
            keys={UUID(k): bytes.fromhex(v) for k, v in found["keys"].items()},
            index_secret=bytes.fromhex(found["index_secret"]),
            delivery_secret=bytes.fromhex(found["delivery_secret"]),
        )

    @classmethod
    def _create(cls, path: Path) -> "Keyring":
        first = uuid7()
        ring = cls(
            path,
            first,
            {first: secrets.token_bytes(32)},
            secrets.token_bytes(32),
            secrets.token_bytes(32),
        )
        ring._write()
        return ring

    def rotated(self) -> "Keyring":
        """Add a new current key and write the file; older keys still open."""
        fresh = uuid7()
        keys = {**self.keys, fresh: secrets.token_bytes(32)}
        ring = Keyring(self.path, fresh, keys, self.index_secret, self.delivery_secret)
        ring._write()
        return ring

    def _write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        text = json.dumps(
            {
                "current": str(self.current),
                "keys": {str(k): v.hex() for k, v in self.keys.items()},
                "index_secret": self.index_secret.hex(),
                "delivery_secret": self.delivery_secret.hex(),
            },
            indent=1,
        )
        fresh = self.path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)
