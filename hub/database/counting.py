"""How much an address wrote and was answered of late, so that no flood is answered."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.answering import address_index, conversation_index
from hub.database.engine import Tx
from hub.database.vault import Vault
from hub.domain.identity import contact_form
from hub.ports import Answered

WITHIN = timedelta(days=1)

_Told = tuple[bytes, bytes | None]
"""Index of an address, and of a conversation."""


class Counts:
    """Counts from the database, and from what the transaction was told so far.

    Whoever counts holds the contact's lock: two transactions count one after the other.
    """

    def __init__(self, tx: Tx, vault: Vault) -> None:
        self._tx = tx
        self._vault = vault
        self._complaints: Counter[tuple[str, bytes]] = Counter()
        self._answers: Counter[_Told] = Counter()

    def complained(self, contacts: Iterable[tuple[str, bytes]]) -> None:
        """Count a complaint that is not written yet."""
        self._complaints.update(contacts)

    def answered(self, address: bytes | None, conversation: bytes | None) -> None:
        """Count an answer that is not written yet."""
        if address is not None:
            self._answers[(address, conversation)] += 1

    def complaints_of(self, kind: str, contact: str) -> int:
        """Count the complaints of a contact in the last 24 hours."""
        blind = self._vault.blind(kind, contact_form(kind, contact))
        c = t.contacts.c
        query = sa.select(sa.func.count()).where(
            c.kind == kind, c.hmac == blind, c.received_at > self._tx.now - WITHIN
        )
        stored = self._tx.conn.execute(query.select_from(t.contacts)).scalar_one()
        return int(stored) + self._complaints[(kind, blind)]

    def answers_to(self, address: str, conversation: str) -> Answered:
        """Count the answers by mail to an address in the last 24 hours."""
        index = address_index(self._vault, address)
        mine = conversation_index(self._vault, conversation) if conversation else None
        a, j = t.answers.c, t.journal.c
        rows = self._tx.conn.execute(
            sa.select(a.conversation_index, sa.func.count())
            .join(t.journal, j.id == a.journal_id)
            .where(a.contact_index == index, j.received_at > self._tx.now - WITHIN)
            .group_by(a.conversation_index)
        )
        found: Counter[bytes | None] = Counter()
        for told, count in rows:
            found[None if told is None else bytes(told)] += count
        for (to, told), count in self._answers.items():
            found[told] += count if to == index else 0
        in_conversation = found[mine] if mine is not None else 0
        return Answered(in_day=found.total(), in_conversation=in_conversation)
