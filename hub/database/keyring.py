"""The key ring: the only secret that opens everything, in a file of mode 0600."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7


class KeyringError(Exception):
    """The key ring cannot be used; the text says what to do."""


class KeyringAwayError(KeyringError, ConnectionError):
    """The file cannot be used just now: what needs it is tried again later."""


Stamp = tuple[int, int, int]
"""Inode, time of change and size: another one is another file."""


@dataclass(frozen=True)
class Keyring:
    """Ring keys by id, the current one, and two secrets that never rotate."""

    path: Path
    current: UUID
    keys: dict[UUID, bytes] = field(repr=False)
    index_secret: bytes = field(repr=False)
    """Of blind indexes and content hashes."""
    delivery_secret: bytes = field(repr=False)
    """Of idempotency keys: the same delivery keeps its key for ever."""
    prepared: UUID | None = None
    """A key that is not used yet; the next rotation makes it the current one."""
    stamp: Stamp | None = field(default=None, compare=False)
    """Which file it was read from; None when from none."""

    @classmethod
    def open(cls, path: Path, *, create: bool = False) -> "Keyring":
        """Read the ring; make one on first start where `create` allows it.

        Raises KeyringError when it is missing, unreadable or open to others.
        """
        if not path.exists():
            if not create:
                msg = f"no key ring at {path}: run `simpul keys init`"
                raise KeyringError(msg)
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with _alone(path.parent):
                if not path.exists():  # another process may have been first
                    return cls._create(path)
        if path.stat().st_mode & 0o077:
            msg = f"the key ring {path} is open to others: chmod 600 {path}"
            raise KeyringError(msg)
        stamp = _stamp(path)  # before the text: a change in between shows later
        try:
            return cls._parse(path, json.loads(path.read_text()), stamp)
        except (ValueError, KeyError, TypeError) as error:
            msg = f"the key ring {path} is damaged: restore it from your backup"
            raise KeyringError(msg) from error

    @classmethod
    def _parse(
        cls, path: Path, found: dict[str, Any], stamp: Stamp | None
    ) -> "Keyring":
        return cls(
            path=path,
            current=UUID(found["current"]),
            keys={UUID(k): bytes.fromhex(v) for k, v in found["keys"].items()},
            index_secret=bytes.fromhex(found["index_secret"]),
            delivery_secret=bytes.fromhex(found["delivery_secret"]),
            prepared=UUID(found["prepared"]) if found.get("prepared") else None,
            stamp=stamp,
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
        return _write(ring)

    def is_outdated(self) -> bool:
        """Tell whether the file is another one than was read; False without a file."""
        return self.stamp is not None and self.stamp != _stamp(self.path)

    def reread(self) -> "Keyring":
        """Read what a rotation elsewhere wrote.

        Raises KeyringAwayError when the file cannot be read, or is another ring.
        """
        try:
            fresh = Keyring.open(self.path)
        except (KeyringError, OSError) as error:
            raise KeyringAwayError(str(error)) from error
        same = (self.index_secret, self.delivery_secret) == (
            fresh.index_secret,
            fresh.delivery_secret,
        )
        if not same or self.current not in fresh.keys:
            msg = f"{self.path} lacks ring key {self.current}: put its file back"
            raise KeyringAwayError(msg)
        return fresh

    def rotated(self) -> "Keyring":
        """Make the prepared key or a new one current, and write the file.

        Older keys still open; keys that others added meanwhile are kept. Raises
        KeyringAwayError as `reread` does.
        """
        with _alone(self.path.parent):
            known = self.reread() if self.is_outdated() else self
            fresh = known.prepared or uuid7()
            return _write(replace(_with_key(known, fresh), current=fresh))

    def with_prepared(self) -> "Keyring":
        """Add a key that is not used yet, once, and write the file; like `rotated`."""
        with _alone(self.path.parent):
            known = self.reread() if self.is_outdated() else self
            if known.prepared is not None:
                return known
            fresh = uuid7()
            return _write(replace(_with_key(known, fresh), prepared=fresh))


def _with_key(ring: Keyring, key_id: UUID) -> Keyring:
    """Have a key of this id: the prepared one stays what it is."""
    keys = {key_id: secrets.token_bytes(32), **ring.keys}
    return replace(ring, keys=keys, prepared=None)


def _write(ring: Keyring) -> Keyring:
    """Write the file; durable when it returns, since data is wrapped next."""
    text = json.dumps(
        {
            "current": str(ring.current),
            "prepared": str(ring.prepared or ""),
            "keys": {str(k): v.hex() for k, v in ring.keys.items()},
            "index_secret": ring.index_secret.hex(),
            "delivery_secret": ring.delivery_secret.hex(),
        },
        indent=1,
    )
    fresh = ring.path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(ring.path)
    with _opened(ring.path.parent) as folder:
        os.fsync(folder)
    return replace(ring, stamp=_stamp(ring.path))


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one rotation at a time read and write: a key that is lost loses data."""
    with _opened(folder) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
