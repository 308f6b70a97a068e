"""What a complaint keeps of people: their contacts, and the files they sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from connectors.contract import File
from hub.database import blobs
from hub.database import tables as t
from hub.database.case import Case
from hub.database.engine import Tx
from hub.database.hot.batch import (
    NEW_ATTACHMENTS,
    NEW_CONTACTS,
    NEW_REPORTERS,
    Batch,
)
from hub.database.types import compact_json
from hub.database.vault import DataKey, Vault
from hub.domain.identity import words_form
from hub.ports import NewCase
from schemas.base import split
from schemas.complaint import Attachment, NewComplaint
from schemas.parties import IdentityLevel, Reporter


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What tells a repeated complaint: who wrote, and which words."""

    contacts: tuple[tuple[str, bytes], ...]
    """(kind, blind index) of the reporter's contacts, the first one first."""
    words: bytes


def fingerprint(vault: Vault, complaint: NewComplaint) -> Fingerprint:
    """Index a complaint's contacts and words without keeping them."""
    return Fingerprint(
        tuple(
            (kind, vault.blind(kind, value))
            for kind, value in contacts_of(complaint.reporter)
        ),
        vault.blind("words", words_form(complaint.title, complaint.body)),
    )


def contacts_of(reporter: Reporter) -> list[tuple[str, str]]:
    """Name the reporter's contacts, in the form in which they are indexed."""
    found = (
        ("email", reporter.email.strip().lower()),
        ("phone", reporter.phone.strip()),
    )
    return [(kind, value) for kind, value in found if value]


def collect_files(
    batch: Batch, key: DataKey, complaint_id: str, event_id: str, files: Sequence[File]
) -> None:
    """Collect the files that came with an event."""
    for n, file in enumerate(files, start=1):
        known = Attachment(
            name=file.name[:255],
            media_type=file.media_type[:127],
            size_bytes=len(file.content),
            inline=file.inline,
        )
        facts, sealed = split(known)
        place = f"attachments|sealed|{event_id}.{n}"
        batch.add(
            NEW_ATTACHMENTS,
            {
                "event_id": event_id,
                "n": n,
                "complaint_id": complaint_id,
                "blob_id": blobs.store(batch, key, file.content),
                "facts": facts,
                "data_key_id": key.id,
                "sealed": key.seal_json(place, sealed),
            },
        )


def collect_reporter(
    batch: Batch, key: DataKey, new: NewCase, who: Fingerprint, now: datetime
) -> None:
    """Collect the reporter and the index of the reporter's contacts."""
    person = new.complaint.reporter.model_dump(exclude_defaults=True)
    complaint_id = new.row.complaint_id
    batch.add(
        NEW_REPORTERS,
        {
            "id": new.reporter_id,
            "complaint_id": complaint_id,
            "level": _level(new),
            "data_key_id": key.id,
            "sealed": key.seal(
                f"reporters|sealed|{new.reporter_id}", compact_json(person)
            ),
        },
    )
    for kind, blind in who.contacts:
        batch.add(
            NEW_CONTACTS,
            {
                "kind": kind,
                "hmac": blind,
                "complaint_id": complaint_id,
                "reporter_id": new.reporter_id,
                "words_hash": who.words,
                "received_at": now,
            },
        )


def _level(new: NewCase) -> IdentityLevel:
    return IdentityLevel.ANONYMOUS if new.complaint.anonymous else new.level


def collect_followers(
    tx: Tx, vault: Vault, batch: Batch, secondary: Case, primary_id: str
) -> None:
    """Let the reporters of a merged complaint be told of the one that it follows.

    Each keeps the own tracking code, and the own key: an erasure reaches both places.
    """
    c = t.reporters.c
    query = sa.select(t.reporters).where(c.complaint_id == secondary.complaint_id)
    rows = tx.conn.execute(query).all()
    keys = vault.keys(tx.conn, {row.data_key_id for row in rows})
    for row in rows:
        key = keys.get(row.data_key_id)
        if key is None or row.sealed is None:
            continue
        place = f"reporters|sealed|{row.id}"
        person = {"code": secondary.code} | key.open_json(place, row.sealed)
        batch.add(
            NEW_REPORTERS,
            {
                "id": row.id,
                "complaint_id": primary_id,
                "level": row.level,
                "data_key_id": row.data_key_id,
                "sealed": key.seal(place, compact_json(person)),
            },
        )
