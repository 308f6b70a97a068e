"""Answers to messages, that are no events."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.engine import Tx
from hub.database.vault import DataKey, Vault
from hub.domain.identity import contact_form
from hub.ports import NewAnswer
from schemas.parties import ChannelName, reporter_party

MAIL = reporter_party(ChannelName.EMAIL)


def address_index(vault: Vault, address: str) -> bytes:
    """Index an address as that of a contact."""
    return vault.blind("email", contact_form("email", address))


def conversation_index(vault: Vault, conversation: str) -> bytes:
    """Index a conversation without storing its name."""
    return vault.blind("conversation", conversation)


def is_answered(tx: Tx, row_id: str, number: int) -> bool:
    """Tell whether a message has its answer of this number."""
    c = t.answers.c
    query = sa.select(c.n).where(c.journal_id == row_id, c.n == number)
    return tx.conn.execute(query).first() is not None


def answers_since(tx: Tx, complaint_id: str, lane: str, since: datetime) -> int:
    """Count the answers to messages of one lane that a complaint owns."""
    rows, keys = t.journal.c, t.data_keys.c
    query = (
        sa.select(sa.func.count())
        .select_from(t.data_keys)
        .join(t.journal, rows.data_key_id == keys.id)
        .join(t.answers, t.answers.c.journal_id == rows.id)
        .where(
            keys.complaint_id == complaint_id,
            rows.lane == lane,
            rows.received_at >= since,
        )
    )
    return int(tx.conn.execute(query).scalar_one())


def sealed_answer(
    vault: Vault, key: DataKey, row_id: str, answer: NewAnswer
) -> dict[str, Any]:
    """Write an answer as a row, without its lane and its times."""
    place = f"{row_id}.{answer.number}"
    return {
        "journal_id": row_id,
        "n": answer.number,
        "party": answer.party,
        "data_key_id": key.id,
        "contact": key.seal_json(f"answers|contact|{place}", dict(answer.contact)),
        "template": answer.template,
        "params": key.seal_json(f"answers|params|{place}", dict(answer.params)),
        "state": "active",
        "key": vault.blind("answer", place).hex()[:40],
        **_counted(vault, answer),
    }


def _counted(vault: Vault, answer: NewAnswer) -> dict[str, bytes | None]:
    """Index whom an answer goes to by mail, and in which conversation."""
    address = answer.contact.get("email", "") if answer.party == MAIL else ""
    return {
        "contact_index": address_index(vault, address) if address else None,
        "conversation_index": conversation_index(vault, answer.conversation)
        if address and answer.conversation
        else None,
    }
