"""Small makers of what the store takes: messages, events, complaints, deliveries."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from uuid_utils.compat import uuid7

from connectors.contract import Capabilities, Delivery, EventView, File
from hub.database.parties import config_row
from hub.domain.delivery import Plan
from hub.domain.settlement import Ground, Outcome, Settlement, settle
from hub.ports import JournalRow, Lease
from schemas.agency import Limits
from schemas.complaint import NewComplaint, Place
from schemas.events import Cause, NewEvent, new_event
from schemas.parties import (
    Author,
    AuthorKind,
    CauseKind,
    ChannelName,
    PartyKind,
    Reporter,
)
from schemas.payloads import Assigned, LegNews, Reasoned, Received, Registered, Said
from schemas.raw import RawMessage

PUPR, DINKES, MAIL = "dinas_pupr", "dinkes", "reporter:email"
NOON = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
RULE = Author(kind=AuthorKind.RULE, id="registration")
LIMITS = Limits(
    rate_per_second=1000, concurrency=50, deadline_seconds=1, ramp_seconds=0
)
HONOURS_KEY = Capabilities(honours_key=True)
FINDS = Capabilities(finds=True)
NEITHER = Capabilities()


def raw_message(
    key: str = "k1", body: bytes = b"jalan rusak", **more: Any
) -> RawMessage:
    given = {"source": "web", "lane": "intake.web", "source_key": key, "body": body}
    return RawMessage(**(given | more))


def update_message(agency: str, key: str, body: bytes = b"{}") -> RawMessage:
    return raw_message(
        key,
        body,
        source=f"agency:{agency}",
        lane=f"updates.{agency}",
        expects_complaint=False,
    )


def party_rows() -> list[dict[str, Any]]:
    kinds = {
        PUPR: PartyKind.AGENCY,
        DINKES: PartyKind.AGENCY,
        MAIL: PartyKind.REPORTER,
    }
    return [
        config_row(
            party,
            kind,
            title=party,
            lane=f"deliver.{party}",
            limits=LIMITS,
            config_version="1",
            wants=None,
        )
        for party, kind in kinds.items()
    ]


@dataclass(frozen=True)
class Words:
    """What a citizen writes; a test plants its markers here."""

    title: str = "Jalan rusak"
    body: str = "Lubang besar di depan pasar"
    place: str = "Depan Pasar Sukamaju"
    name: str = "Budi Contoh"
    email: str = "budi@warga.example"
    phone: str = "+628120000001"
    address: str = "Jl. Contoh 1"
    nik: str = "9900000000000001"
    file_name: str = "foto.jpg"
    file_content: bytes = b"\xff\xd8gambar"

    @property
    def complaint(self) -> NewComplaint:
        return NewComplaint(
            title=self.title,
            body=self.body,
            place=Place(text=self.place),
            channel=ChannelName.WEB,
            reporter=Reporter(
                name=self.name,
                email=self.email,
                phone=self.phone,
                address=self.address,
                nik=self.nik,
            ),
        )

    @property
    def file(self) -> File:
        return File(
            name=self.file_name, media_type="image/jpeg", content=self.file_content
        )


def first_events(
    row: JournalRow, words: Words, reporter_id: str, agencies: Sequence[str]
) -> list[NewEvent]:
    numbers = iter(range(1, 100))

    def cause() -> Cause:
        return Cause(kind=CauseKind.JOURNAL, id=row.id, no=next(numbers))

    reporter = Author(kind=AuthorKind.REPORTER, id=reporter_id)
    received = Received(
        channel=ChannelName.WEB,
        report_type=words.complaint.type,
        reporter_id=reporter_id,
        title=words.title,
        body=words.body,
        place_text=words.place,
        attachments=1,
    )
    registered = Registered(code=row.code, public_number=row.public_number)
    return [
        new_event("received", received, reporter, cause(), row.received_at),
        new_event("registered", registered, RULE, cause(), NOON),
        new_event("verified", Reasoned(), RULE, cause(), NOON),
        *(assigned(agency, cause()) for agency in agencies),
    ]


def assigned(agency: str, cause: Cause, number: int = 1) -> NewEvent:
    payload = Assigned(agency=agency, assignment_no=number, rule_id="test")
    return new_event("assigned", payload, RULE, cause, NOON, leg=(agency, number))


def news(
    agency: str, name: str, row_id: str, occurrence: str, text: str = ""
) -> NewEvent:
    return new_event(
        name,
        LegNews(agency=agency, assignment_no=1, raw_status="Dikerjakan", text=text),
        Author(kind=AuthorKind.AGENCY, id=agency),
        Cause(kind=CauseKind.JOURNAL, id=row_id),
        NOON,
        leg=(agency, 1),
        occurrence_key=occurrence,
        order_key=occurrence,
    )


def reply(row_id: str, reporter_id: str, text: str = "Masih rusak") -> NewEvent:
    return new_event(
        "reporter_replied",
        Said(channel=ChannelName.WEB, text=text),
        Author(kind=AuthorKind.REPORTER, id=reporter_id),
        Cause(kind=CauseKind.JOURNAL, id=row_id),
        NOON,
    )


def by_action(event: NewEvent) -> NewEvent:
    """The same event, caused by an operator's action of its own."""
    cause = Cause(kind=CauseKind.ACTION, id=str(uuid7()))
    return event.model_copy(update={"cause": cause})


def delivery(lease: Lease, key: str = "key-1", words: str = "isi") -> Delivery:
    shown = EventView(
        event_id=str(uuid7()),
        type="assigned",
        occurred_at=NOON,
        status="assigned",
        words={"body": words},
    )
    return Delivery(
        party=lease.cursor.party, key=key, complaint={"body": words}, events=(shown,)
    )


def settlement(
    lease: Lease,
    plan: Plan,
    outcome: Outcome,
    can: Capabilities = NEITHER,
    *,
    age: float = 0.0,
    events: int = 1,
) -> Settlement:
    """What the hub decides on an outcome, `age` seconds after the first failure."""
    cursor = replace(lease.cursor, stopped_age_seconds=age)
    return settle(Ground(cursor, plan, can, LIMITS, 0.5, events), outcome)
