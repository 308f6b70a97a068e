"""Small makers of what the system is handed, and a hub that polls it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from connectors.contract import Delivery, EventView, File, OpenCase, PollAsk, System
from schemas.raw import JournalEntry, RawMessage
from schemas.updates import AgencyComplaint, AgencyUpdate, Corrupt

NOON = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
NUMBER = "100000000000001"
COMPLAINT = {
    "public_number": NUMBER,
    "type": "complaint",
    "title": "Jalan berlubang",
    "body": "Jalan di depan pasar berlubang.",
    "category": {"scheme": "sp4n", "code": "kesehatan"},
    "region": {"scheme": "kemendagri", "code": "32.76"},
    "incident_on": "2026-11-20",
    "confidential": False,
}
PHOTO = File(name='a"b.jpg', media_type="image/jpeg", content=b"\xff\xd8\r\n--x\r\n")
LETTER = File(name="surat.pdf", media_type="application/pdf", content=b"%PDF-1.7")


def event(type_: str, text: str = "") -> EventView:
    return EventView(
        event_id=str(uuid4()),
        type=type_,
        occurred_at=NOON,
        status="assigned",
        words={"text": text} if text else {},
    )


def delivery(
    *,
    key: str = "a1b2c3d4e5f6a7b8",
    events: Sequence[EventView] = (),
    files: Sequence[File] = (),
    reference: str = "",
    progress: bytes = b"",
    **complaint: Any,
) -> Delivery:
    return Delivery(
        party="sp4n_lapor",
        key=key,
        complaint=COMPLAINT | complaint,
        events=tuple(events) or (event("registered"),),
        files=tuple(files),
        reference=reference,
        progress=progress,
    )


def ask(
    checkpoint: bytes | None = None,
    references: Sequence[str] = (),
    now: datetime | None = None,
) -> PollAsk:
    cases = [OpenCase(position=one, reference=one) for one in sorted(references)]

    def after(position: str, limit: int) -> Sequence[OpenCase]:
        return [one for one in cases if one.position > position][:limit]

    return PollAsk(checkpoint=checkpoint, now=now or datetime.now(UTC), cases=after)


def polled(
    system: System, checkpoint: bytes | None = None, references: Sequence[str] = ()
) -> tuple[list[RawMessage], bytes | None]:
    """Poll until the system says that there is no more."""
    raws: list[RawMessage] = []
    while True:
        page = system.poll(ask(checkpoint, references))
        raws += page.raws
        checkpoint = page.checkpoint
        if not page.more:
            return raws, checkpoint


def entry(body: bytes) -> JournalEntry:
    raw = RawMessage(
        source="agency:sp4n_lapor",
        lane="updates.sp4n_lapor",
        source_key=str(uuid4()),
        body=body,
        expects_complaint=False,
    )
    return JournalEntry(journal_id=str(uuid4()), received_at=NOON, raw=raw)


def heard(
    system: System, raws: Sequence[RawMessage]
) -> list[AgencyComplaint | AgencyUpdate | Corrupt]:
    """Read as the stage does: divided where there is something to divide."""
    found: list[AgencyComplaint | AgencyUpdate | Corrupt] = []
    for raw in raws:
        for body in system.split(entry(raw.body)) or [raw.body]:
            (record,) = system.read(entry(body))
            found.append(record)
    return found
