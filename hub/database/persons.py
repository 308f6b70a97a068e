"""What a complaint keeps of people: their contacts, and the files they sent."""

from collections.abc import Sequence

import sqlalchemy as sa

from connectors.contract import File
from hub.database import blobs
from hub.database import tables as t
from hub.database.case import Case
from hub.database.engine import Tx
from schemas.base import split
from schemas.complaint import Attachment
from schemas.events import LogEvent
from schemas.parties import Reporter


def contact_of(reporter: Reporter) -> tuple[str, str] | None:
    """Name the reporter's first contact as (kind, value)."""
    return next(iter(contacts_of(reporter)), None)


def contacts_of(reporter: Reporter) -> list[tuple[str, str]]:
    """Name the reporter's contacts, in the form in which they are indexed."""
    found = (
        ("email", reporter.email.strip().lower()),
        ("phone", reporter.phone.strip()),
    )
    return [(kind, value) for kind, value in found if value]


def write_files(tx: Tx, case: Case, event: LogEvent, files: Sequence[File]) -> None:
    """Store the files that came with an event."""
    if case.key is None:
        return
    for n, file in enumerate(files, start=1):
        known = Attachment(
            name=file.name[:255],
            media_type=file.media_type[:127],
            size_bytes=len(file.content),
            inline=file.inline,
        )
        facts, sealed = split(known)
        tx.conn.execute(
            sa.insert(t.attachments).values(
                event_id=event.event_id,
                n=n,
                complaint_id=case.complaint_id,
                blob_id=blobs.store(tx, case.key, file.content),
                facts=facts,
                data_key_id=case.key.id,
                sealed=case.key.seal_json(
                    f"attachments|sealed|{event.event_id}.{n}", sealed
                ),
            )
        )
