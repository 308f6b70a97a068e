"""Why a message became what it is: written as it is settled, read when one asks.

Codes stand in the clear beside the row; what may name a person is sealed under the
row's own key, which the complaint owns once there is one: erasure reaches it.
"""

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from connectors.contract import Decision
from hub.database import tables as t
from hub.database.audit import note
from hub.database.engine import Database, Tx, retrying
from hub.database.vault import DataKey, Vault, open_or_none

_ROW = ("id", "source", "lane", "received_at", "state", "why")


def trace_columns(
    key: object, row_id: str, trace: tuple[Decision, ...]
) -> Mapping[str, Any]:
    """Write a trace as the columns of its journal row.

    Equal ones are one list, which a batch writes once.
    """
    if not any(d.private for d in trace):
        return _alike(trace)
    private = {str(n): dict(d.private) for n, d in enumerate(trace) if d.private}
    sealed = (
        key.seal_json(_place(row_id), private) if isinstance(key, DataKey) else None
    )
    return {"trace": _clear(trace), "trace_sealed": sealed}


def _place(row_id: str) -> str:
    return f"journal|trace_sealed|{row_id}"


@lru_cache(maxsize=1024)
def _alike(trace: tuple[Decision, ...]) -> Mapping[str, Any]:
    return {"trace": _clear(trace), "trace_sealed": None}


def _clear(trace: tuple[Decision, ...]) -> list[dict[str, Any]]:
    return [
        {"decision": d.decision, "rule": d.rule, "evidence": dict(d.evidence)}
        for d in trace
    ]


def trace_lines(tx: Tx, complaint_id: str) -> list[dict[str, Any]]:
    """Tell why each message of a complaint became what it is, without private words."""
    j, k = t.journal.c, t.data_keys.c
    rows = tx.conn.execute(
        sa.select(j.id, j.received_at, j.trace)
        .join(t.data_keys, k.id == j.data_key_id)
        .where(k.complaint_id == complaint_id, j.trace.is_not(None))
        .order_by(j.received_at, j.id)
    )
    return [
        {
            "at": row.received_at,
            "what": f"decided {one['decision']}",
            "who": one["rule"],
            "detail": evidence_text(one["evidence"]),
            "journal_id": row.id,
        }
        for row in rows
        for one in row.trace or ()
    ]


def evidence_text(evidence: Mapping[str, Any]) -> str:
    """Write evidence on one line."""
    return " ".join(f"{name}={value}" for name, value in evidence.items())


class Traces:
    """Reads why messages became what they are; whoever opens one is recorded."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    def of(self, row_id: str) -> dict[str, Any] | None:
        """Tell what became of one message and why; None: there is no such row."""
        with self._db.read() as tx:
            found = _found(tx, row_id)
        return None if found is None else _shown(found, {})

    @retrying
    def open(self, row_id: str, by: str, reason: str) -> dict[str, Any] | None:
        """The same with its private evidence; the audit trail keeps who looked.

        What was erased is left out. None: there is no such row.
        """
        with self._db.write() as tx:
            found = _found(tx, row_id)
            if found is None:
                return None
            keys = self._vault.keys(tx.conn, [found.data_key_id])
            opened = open_or_none(keys, _place(row_id), found.trace_sealed)
            note(tx, by=by, action="trace_opened", subject=row_id, reason=reason)
        return _shown(found, json.loads(opened) if opened else {})


def _found(tx: Tx, row_id: str) -> Any:
    j = t.journal.c
    shown = [*(j[name] for name in _ROW), j.data_key_id, j.trace, j.trace_sealed]
    return tx.conn.execute(sa.select(*shown).where(j.id == row_id)).one_or_none()


def _shown(row: Any, private: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    decisions: Iterable[dict[str, Any]] = row.trace or ()
    trace = [
        one | ({"private": private[str(n)]} if str(n) in private else {})
        for n, one in enumerate(decisions)
    ]
    return {name: getattr(row, name) for name in _ROW} | {"trace": trace}
