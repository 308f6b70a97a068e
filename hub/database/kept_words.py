"""What the log keeps of one message, as it reads by now; nothing is locked."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from hub.database import blobs
from hub.database import tables as t
from hub.database.engine import Tx
from hub.database.files import read_files
from hub.database.projection import event_of
from hub.database.vault import Vault
from hub.domain.lifecycle import is_read_anew
from hub.domain.readings import (
    Became,
    FileMark,
    Kept,
    Was,
    canonical,
    reporter_values,
)
from hub.domain.reread_fields import CLASSES, CORRECTABLE, FLAGS
from schemas.events import LogEvent
from schemas.parties import CauseKind
from schemas.status import Status

_TOLD = ("received", "corrected", "classified", "reporter_replied")
"""Events that a reading is compared with, beside the message's own."""
_BECAME: Mapping[str, Became] = {
    "received": Became.COMPLAINT,
    "reporter_replied": Became.REPLY,
    "third_party_comment": Became.COMMENT,
}
"""Event that a message caused -> what it became."""


def read_kept(tx: Tx, vault: Vault, complaint_id: str, row_id: str = "") -> Was | None:
    """Read what a complaint keeps of a message; without one, of its first message.

    None: its words are gone, or there is no such event.
    """
    c = t.complaints.c
    case = tx.conn.execute(sa.select(t.complaints).where(c.id == complaint_id)).first()
    if case is None or case.erased_at is not None:
        return None
    events = _events(tx, vault, complaint_id, row_id)
    own = next((e for e in events if _is_own(e, row_id)), None)
    if own is None or not (own.sealed or own.facts.get("attachments")):
        return None
    what = _BECAME[own.type]
    later = [e for e in events if _puts_right(e, own)]
    anew = [e for e in later if is_read_anew(e)]
    of_complaint = what is Became.COMPLAINT
    original = canonical(own.facts, own.sealed) if of_complaint else _text(own)
    kept = Kept(
        complaint_id=complaint_id,
        public_number=case.public_number,
        status=Status(case.status),
        merged_into=case.merged_into or "",
        seq=own.seq,
        corrected_seq=max((e.seq for e in later if e.type != "classified"), default=0),
        values=_values(original, later, case if of_complaint else None),
        original=original,
        decided=_decided(later),
        reporter=_reporter(tx, vault, own) if of_complaint else {},
        files=_files(tx, vault, complaint_id, [own.seq, *(e.seq for e in anew)]),
        is_followers=_key_of(tx, own) != case.data_key_id,
    )
    return Was(what, kept=kept)


def _events(tx: Tx, vault: Vault, complaint_id: str, row_id: str) -> list[LogEvent]:
    c = t.log.c
    own = sa.and_(c.cause_kind == CauseKind.JOURNAL, c.cause_id == row_id)
    rows = tx.conn.execute(
        sa.select(t.log)
        .where(c.complaint_id == complaint_id, sa.or_(c.type.in_(_TOLD), own))
        .order_by(c.seq)
    ).all()
    keys = vault.keys(tx.conn, {row.data_key_id for row in rows})
    return [event_of(row, keys) for row in rows]


def _key_of(tx: Tx, event: LogEvent) -> str:
    c = t.log.c
    query = sa.select(c.data_key_id).where(
        c.complaint_id == event.complaint_id, c.seq == event.seq
    )
    return str(tx.conn.execute(query).scalar_one())


def _is_own(event: LogEvent, row_id: str) -> bool:
    if not row_id:
        return event.type == "received"
    return event.cause.id == row_id and event.type in _BECAME


def _puts_right(event: LogEvent, own: LogEvent) -> bool:
    """Tell what changes how the message reads: of a complaint, also what people do."""
    if own.type == "received":
        return event.type in {"corrected", "classified"}
    return event.facts.get("rereads") == own.seq and event.type == own.type


def _text(event: LogEvent) -> dict[str, Any]:
    return canonical({}, {"text": event.sealed.get("text", "")})


def _values(
    original: Mapping[str, Any], later: Iterable[LogEvent], case: Any
) -> dict[str, Any]:
    found = dict(original)
    for event in later:
        found |= _set_by(event)
    for flag in FLAGS if case is not None else ():
        found[flag] = getattr(case, flag)
    return canonical({}, found)


def _set_by(event: LogEvent) -> dict[str, Any]:
    both = {**event.facts, **event.sealed}
    return {k: v for k, v in both.items() if k in CORRECTABLE | CLASSES.keys()}


def _decided(later: Iterable[LogEvent]) -> frozenset[str]:
    """Name the fields that a person set: these stand."""
    return frozenset(name for e in later if not is_read_anew(e) for name in _set_by(e))


def _reporter(tx: Tx, vault: Vault, received: LogEvent) -> dict[str, str]:
    c = t.reporters.c
    row = tx.conn.execute(
        sa.select(c.id, c.data_key_id, c.sealed).where(
            c.complaint_id == received.complaint_id,
            c.id == received.facts["reporter_id"],
        )
    ).first()
    key = vault.keys(tx.conn, [row.data_key_id]).get(row.data_key_id) if row else None
    if row is None or key is None or row.sealed is None:
        return {}
    return reporter_values(key.open_json(f"reporters|sealed|{row.id}", row.sealed))


def _files(
    tx: Tx, vault: Vault, complaint_id: str, seqs: Sequence[int]
) -> tuple[FileMark, ...]:
    return tuple(
        FileMark(
            blobs.digest(tx, file.key, str(file.blob_id)), file.name, file.media_type
        )
        for file in read_files(tx, vault, complaint_id, seqs)
    )
