"""The edge's own copies of what it accepted: spool, safety copy and independent count.

Every raw message is written here, encrypted and fsynced, before the journal's
commit; a mark says what became of it. When the database is down, a marked copy
*is* the acceptance (the spool) and is drained later. After a restore that lost
commits, the copies of the last hours refill the journal.
"""

import json
import os
import secrets
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub import telemetry
from hub.database.vault import KeyDestroyedError, Vault
from schemas.raw import RawMessage

COPY, ACKED, SEEN, SPOOLED = b"c", b"a", b"s", b"p"
"""Record kinds: a copy, and the marks committed, already known, spooled."""
_LENGTH = struct.Struct(">I")
_RECORD_BYTES_MAX = 200_000_000
_FILE_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Copy:
    """One accepted raw message with the ids allotted to it."""

    journal_id: str
    complaint_id: str
    code: str
    public_number: str
    raw: RawMessage


class Edge:
    """Append-only files in one directory, a new one each hour. Thread-safe."""

    def __init__(
        self, directory: Path, vault: Vault, *, keep_hours: float, fsync: bool
    ) -> None:
        self.directory = directory
        self._vault = vault
        self._keep_seconds = keep_hours * 3600
        self._fsync = fsync
        self._lock = threading.Lock()
        self._file: _Writer | None = None
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    def copy(self, copies: Sequence[Copy]) -> None:
        """Write copies; durable when it returns. Raises OSError when it cannot."""
        records = [(COPY, _pack(one)) for one in copies]
        self._append(records, fsync=self._fsync)
        telemetry.point("edge.copied")

    def mark(self, kind: bytes, journal_ids: Sequence[str]) -> None:
        """Say what became of copies; a spooled mark is durable when it returns.

        Raises OSError when it cannot be written.
        """
        records = [(kind, UUID(journal_id).bytes) for journal_id in journal_ids]
        self._append(records, fsync=self._fsync and kind == SPOOLED)
        telemetry.point("edge.marked")

    def _append(self, records: Sequence[tuple[bytes, bytes]], *, fsync: bool) -> None:
        """Write records; after an error the next ones stand in a file of their own.

        What follows a torn record cannot be read.
        """
        with self._lock:
            try:
                writer = self._writer()
                for kind, plain in records:
                    writer.write(kind, plain)
                writer.flush(fsync=fsync)
            except OSError:
                torn, self._file = self._file, None
                if torn is not None:
                    with suppress(OSError):
                        torn.close()
                raise

    def records(self) -> Iterator[tuple[bytes, str, Copy | None]]:
        """Read every record as (kind, journal_id, copy); a torn tail is left out."""
        for path in self.files():
            try:
                yield from _read(path, self._vault)
            except (InvalidTag, KeyDestroyedError, ValueError) as error:
                telemetry.log.error("edge_unreadable", file=path.name, error=error)

    def unreadable(self) -> list[str]:
        """Name the files that cannot be opened; what they hold is not known."""
        found = []
        for path in self.files():
            try:
                next(_read(path, self._vault), None)
            except (InvalidTag, KeyDestroyedError, ValueError):
                found.append(path.name)
        return found

    def spooled(self) -> dict[str, Copy]:
        """Find the copies that were accepted without the database, not yet drained."""
        marks = [(kind, i) for kind, i, _ in self.records() if kind != COPY]
        # Not by order: a mark may stand in another process's file of that second.
        drained = {i for kind, i in marks if kind != SPOOLED}
        wanted = {i for kind, i in marks if kind == SPOOLED} - drained
        if not wanted:
            return {}
        return {
            i: c for kind, i, c in self.records() if kind == COPY and i in wanted and c
        }

    def accepted(self) -> set[str]:
        """Name the journal ids that senders were told to be accepted.

        One that turned out to be known stands in the journal under the id of the
        first: a message that was spooled, or replayed, after its repetition came in.
        """
        marks = [(kind, i) for kind, i, _ in self.records() if kind != COPY]
        known = {i for kind, i in marks if kind == SEEN}
        return {i for _, i in marks} - known

    def files(self) -> list[Path]:
        """List the files, oldest first."""
        return sorted(self.directory.glob("*.edge"))

    def trim(self) -> None:
        """Remove files older than they are kept, unless something waits in them."""
        limit = time.time() - self._keep_seconds
        waiting = set(self.spooled())
        for path in self.files():
            if path.stat().st_mtime >= limit:
                continue
            if waiting and any(i in waiting for _, i, _ in _read(path, self._vault)):
                continue
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the open file."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _writer(self) -> "_Writer":
        if self._file is None or time.time() - self._file.opened_at > _FILE_SECONDS:
            if self._file is not None:
                self._file.close()
            self._file = _Writer(self.directory, self._vault)
        return self._file


class _Writer:
    def __init__(self, directory: Path, vault: Vault) -> None:
        self.opened_at = time.time()
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(self.opened_at))
        self.path = directory / f"{stamp}-{secrets.token_hex(6)}.edge"
        key = secrets.token_bytes(32)
        self._cipher = AESGCM(key)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(descriptor, "wb")
        self._n = 0
        head = vault.wrap(f"edge|key|{self.path.name}", key)
        self._file.write(_LENGTH.pack(len(head)) + head)

    def write(self, kind: bytes, plain: bytes) -> None:
        nonce = os.urandom(12)
        place = f"{self.path.name}|{self._n}".encode()
        sealed = nonce + self._cipher.encrypt(nonce, kind + plain, place)
        self._file.write(_LENGTH.pack(len(sealed)) + sealed)
        self._n += 1

    def flush(self, *, fsync: bool) -> None:
        self._file.flush()
        if fsync:
            os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


def _pack(one: Copy) -> bytes:
    head = {
        "journal_id": one.journal_id,
        "complaint_id": one.complaint_id,
        "code": one.code,
        "public_number": one.public_number,
        "raw": one.raw.model_dump(mode="json", exclude={"body"}),
    }
    return json.dumps(head).encode() + b"\n" + one.raw.body


def _unpack(plain: bytes) -> Copy:
    head, _, body = plain.partition(b"\n")
    found: dict[str, Any] = json.loads(head)
    raw = RawMessage(**found.pop("raw"), body=body)
    return Copy(raw=raw, **found)


def _read(path: Path, vault: Vault) -> Iterator[tuple[bytes, str, Copy | None]]:
    with path.open("rb") as file:
        head = _next(file)
        if head is None:
            return
        cipher = AESGCM(vault.unwrap(f"edge|key|{path.name}", head))
        n = 0
        while (sealed := _next(file)) is not None:
            try:
                plain = cipher.decrypt(
                    sealed[:12], sealed[12:], f"{path.name}|{n}".encode()
                )
            except InvalidTag:
                return
            n += 1
            kind, rest = plain[:1], plain[1:]
            if kind == COPY:
                copy = _unpack(rest)
                yield kind, copy.journal_id, copy
            else:
                yield kind, str(UUID(bytes=rest)), None


def _next(file: Any) -> bytes | None:
    length = file.read(_LENGTH.size)
    if len(length) < _LENGTH.size:
        return None
    size = _LENGTH.unpack(length)[0]
    if size > _RECORD_BYTES_MAX:
        return None
    found = file.read(size)
    return found if len(found) == size else None
