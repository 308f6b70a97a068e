"""One group of accepted messages: looked up together, written together."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from connectors.contract import Receiptful
from hub.database import tables as t
from hub.database.edge import Copy
from hub.database.engine import Tx
from hub.database.hot.batch import NEW_CODES, NEW_KEYS, NEW_SOURCE_KEYS, Batch
from hub.database.hot.packing import PACKERS, pack_bytes
from hub.database.hot.pipeline import run
from hub.database.hot.statements import KNOWN_KEYS, TAKEN_CODES
from hub.database.hot.writing import write
from hub.database.rows import collect_row
from hub.database.vault import Vault
from hub.ports import StoreUnavailableError
from schemas.raw import RawMessage

NAMES_MAX = 20
"""Codes that are tried for one message before it is refused."""
AT_ONCE = 500

_Key = tuple[str, bytes]
"""A source and the hash of its key."""


class _Known(NamedTuple):
    content_hash: bytes
    journal_id: str
    expires_at: datetime | None


class AcceptedGroup:
    """Writes a group in one transaction; equal messages in it are one row."""

    def __init__(
        self,
        tx: Tx,
        vault: Vault,
        names: Callable[[RawMessage, int], tuple[str, str]],
        *,
        hinting: bool,
        counts_seen: bool = True,
    ) -> None:
        self._tx = tx
        self._vault = vault
        self._names = names
        self._hinted = tx.now if hinting else None
        self._counts_seen = counts_seen
        self._batch = Batch()
        self._known: dict[_Key, list[_Known]] = {}
        self._taken: set[str] = set()
        self._new: dict[str, dict[str, Any]] = {}
        """Rows of this group by id: not written yet."""

    def accept(self, copies: Sequence[Copy], *, promised: bool) -> list[Receiptful]:
        """Write what is new and count what is not, in order.

        `promised` says that the senders were told "accepted": then no message is
        refused as the revision of another one.
        """
        hashes = [self._hashes(copy.raw) for copy in copies]
        self._look_up([key for key, _ in hashes], [c.code for c in copies if c.code])
        answers = [
            self._one(copy, key, content, promised=promised)
            for copy, (key, content) in zip(copies, hashes, strict=True)
        ]
        write(self._tx, self._batch)
        return answers

    def _hashes(self, raw: RawMessage) -> tuple[_Key, bytes]:
        key = (raw.source, self._vault.blind("source_key", raw.source_key))
        return key, self._vault.content_hash(raw.compared)

    # what is known

    def _look_up(self, keys: list[_Key], codes: list[str]) -> None:
        wanted = sorted(set(keys))
        if self._tx.is_postgresql:
            self._look_up_by_arrays(wanted, codes)
        else:
            self._look_up_by_core(wanted, codes)
        for key, rows in self._known.items():
            self._forget_expired(key, rows)

    def _look_up_by_arrays(self, keys: list[_Key], codes: list[str]) -> None:
        sources, hashes = zip(*keys, strict=True)
        text = PACKERS["text"]
        known, taken = run(
            self._tx,
            [
                (KNOWN_KEYS, (text(sources), pack_bytes(hashes))),
                (TAKEN_CODES, (text(codes),)),
            ],
        )
        for n, *row in known.fetchall():
            self._known.setdefault(keys[n - 1], []).append(_Known(*row))
        self._taken = {row[0] for row in taken.fetchall()}

    def _look_up_by_core(self, keys: list[_Key], codes: list[str]) -> None:
        c, wanted = t.source_keys.c, set(keys)
        for start in range(0, len(keys), AT_ONCE):
            some = keys[start : start + AT_ONCE]
            rows = self._tx.conn.execute(
                sa.select(t.source_keys)
                .where(
                    c.source.in_({source for source, _ in some}),
                    c.key_hash.in_([key_hash for _, key_hash in some]),
                )
                .order_by(c.journal_id)
            )
            for row in rows:
                key = (row.source, bytes(row.key_hash))
                if key in wanted:
                    known = _Known(
                        bytes(row.content_hash), row.journal_id, row.expires_at
                    )
                    self._known.setdefault(key, []).append(known)
        code = t.codes.c.code
        for start in range(0, len(codes), AT_ONCE):
            query = sa.select(code).where(code.in_(codes[start : start + AT_ONCE]))
            self._taken.update(self._tx.conn.execute(query).scalars())

    def _forget_expired(self, key: _Key, rows: list[_Known]) -> None:
        """A key is free again after its hours."""
        expired = [
            row.content_hash
            for row in rows
            if row.expires_at is not None and row.expires_at <= self._tx.now
        ]
        if not expired:
            return
        c = t.source_keys.c
        self._tx.conn.execute(
            sa.delete(t.source_keys).where(
                c.source == key[0],
                c.key_hash == key[1],
                c.content_hash.in_(expired),
            )
        )
        rows[:] = [row for row in rows if row.content_hash not in expired]

    # one message

    def _one(
        self, copy: Copy, key: _Key, content_hash: bytes, *, promised: bool
    ) -> Receiptful:
        known = self._known.setdefault(key, [])
        for row in known:
            if row.content_hash == content_hash:
                return self._seen(row.journal_id)
        if known and not copy.raw.revisable and not promised:
            return Receiptful(state="revised", journal_id=known[0].journal_id)
        return self._insert(copy, key, content_hash, known)

    def _seen(self, journal_id: str) -> Receiptful:
        row = self._new.get(journal_id)
        if row is not None:
            row["times_seen"] += 1
            code, number = row["code"], row["public_number"]
        elif not self._counts_seen:
            code = number = ""
        else:
            c = t.journal.c
            code, number = self._tx.conn.execute(
                sa.update(t.journal)
                .where(c.id == journal_id)
                .values(times_seen=c.times_seen + 1)
                .returning(c.code, c.public_number)
            ).one()
        return Receiptful(
            state="seen",
            journal_id=journal_id,
            code=code or "",
            public_number=number or "",
        )

    def _insert(
        self, copy: Copy, key: _Key, content_hash: bytes, known: list[_Known]
    ) -> Receiptful:
        raw, now = copy.raw, self._tx.now
        code, number = self._free_names(copy)
        complaint_id = copy.complaint_id or None
        data_key, key_row = self._vault.new_key()
        # The key is the complaint's from the beginning, should it become one.
        self._batch.add(NEW_KEYS, {**key_row, "complaint_id": complaint_id})
        self._new[copy.journal_id] = collect_row(
            self._batch,
            data_key,
            raw,
            {
                "id": copy.journal_id,
                "received_at": now,
                "due_at": now,
                "hinted_at": self._hinted,
                "parent_id": None,
                "item_no": 0,
                "content_hash": content_hash,
                "complaint_id": complaint_id,
                "code": code or None,
                "public_number": number or None,
                "revised": bool(known),
            },
        )
        if code:
            self._batch.add(NEW_CODES, {"code": code, "journal_id": copy.journal_id})
        expires = now + timedelta(hours=raw.key_hours) if raw.key_hours else None
        self._batch.add(
            NEW_SOURCE_KEYS,
            {
                "source": key[0],
                "key_hash": key[1],
                "content_hash": content_hash,
                "journal_id": copy.journal_id,
                "expires_at": expires,
            },
        )
        known.append(_Known(content_hash, copy.journal_id, expires))
        return Receiptful(
            state="revised" if len(known) > 1 else "new",
            journal_id=copy.journal_id,
            code=code,
            public_number=number,
        )

    def _free_names(self, copy: Copy) -> tuple[str, str]:
        code, number = copy.code, copy.public_number
        for attempt in range(1, NAMES_MAX):
            if not code or not self._is_taken(code, first=attempt == 1):
                self._taken.add(code)
                return code, number
            code, number = self._names(copy.raw, attempt)
        msg = "no free tracking code was found"
        raise StoreUnavailableError(msg)

    def _is_taken(self, code: str, *, first: bool) -> bool:
        """Tell whether a code is in use; only first codes were looked up together."""
        if first or code in self._taken:
            return code in self._taken
        found = sa.select(t.codes.c.journal_id).where(t.codes.c.code == code)
        return self._tx.conn.execute(found).first() is not None
