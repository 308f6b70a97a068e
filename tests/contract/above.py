"""A platform above the hub, and an agency, in whose systems complaints begin."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import uuid4

from pydantic import TypeAdapter

from connectors.contract import System
from hub.database import tables as t
from hub.database.parties import config_row
from hub.domain.placing import Placing
from hub.stages.births import Births
from hub.stages.updates import Updates
from schemas.agency import AgencyManifest, OrderBy, Route, RoutingTable
from schemas.complaint import NewComplaint
from schemas.parties import ChannelName, PartyKind, Reporter
from schemas.raw import JournalEntry, RawMessage
from schemas.updates import AgencyComplaint, AgencyUpdate
from tests.contract.builders import DINKES, LIMITS, NOON, PUPR, update_message
from tests.contract.world import Known, World

LAPOR = "sp4n_lapor"
RECORDS: TypeAdapter[AgencyComplaint | AgencyUpdate] = TypeAdapter(
    AgencyComplaint | AgencyUpdate
)
AGENCIES = {
    name: AgencyManifest(name=name, title=name, system="rest", order_by=OrderBy.TIME)
    for name in (PUPR, DINKES)
} | {
    LAPOR: AgencyManifest(
        name=LAPOR,
        title="SP4N-LAPOR!",
        kind=PartyKind.UPSTREAM,
        system="rest",
        order_by=OrderBy.TIME,
    )
}
ROADS = RoutingTable(
    rules=(Route(id="roads", why="Roads.", keyword=("jalan",), main=(PUPR,)),)
)


class Own:
    """A system that speaks our own records."""

    def split(self, entry: JournalEntry) -> Sequence[bytes]:
        return ()

    def read(self, entry: JournalEntry) -> Sequence[AgencyComplaint | AgencyUpdate]:
        return [RECORDS.validate_json(entry.raw.body)]


def party(*, mirrors: bool = False, wants: Sequence[str] | None = None) -> Any:
    """Make the platform's row."""
    made = config_row(
        LAPOR,
        PartyKind.UPSTREAM,
        title="SP4N-LAPOR!",
        lane=f"deliver.{LAPOR}",
        limits=LIMITS,
        config_version="1",
        wants=wants,
        order_by="time",
    )
    return made | {"mirrors": mirrors}


def begun(reference: str = "4711001", **more: Any) -> AgencyComplaint:
    """A complaint that began there."""
    complaint = NewComplaint(
        title="Jalan berlubang",
        body="Jalan di depan pasar berlubang.",
        channel=ChannelName.PARTNER,
        reporter=Reporter(name="Sari Contoh", email="sari@warga.example"),
    )
    given: dict[str, Any] = {"reference": reference, "complaint": complaint}
    given["occurred_at"] = NOON
    return AgencyComplaint(**given | more)


def said(
    event_type: str, minutes: float = 0, reference: str = "4711001", **more: Any
) -> AgencyUpdate:
    """A word of it, some minutes after noon."""
    given: dict[str, Any] = {
        "reference": reference,
        "event_type": event_type,
        "raw_status": event_type,
        "occurred_at": NOON + timedelta(minutes=minutes),
    }
    return AgencyUpdate(**given | more)


def message(party_: str, record: AgencyComplaint | AgencyUpdate) -> RawMessage:
    return update_message(party_, str(uuid4()), record.model_dump_json().encode())


def accept(
    world: World, record: AgencyComplaint | AgencyUpdate, party_: str = LAPOR
) -> str:
    """Let a record come in; returns its journal row's id."""
    return world.store.journal.accept(message(party_, record)).journal_id


def stage(world: World) -> Updates:
    systems = {name: cast("System", Own()) for name in AGENCIES}
    births = Births(Placing(ROADS, AGENCIES), AGENCIES)
    return Updates(world.store.journal, systems, AGENCIES, [60.0], births)


def hear(
    world: World, *records: AgencyComplaint | AgencyUpdate, party_: str = LAPOR
) -> list[Any]:
    """Let records come, and work them as one batch; returns their journal rows."""
    ids = [accept(world, record, party_) for record in records]
    stage(world)(f"updates.{party_}", ids)
    return [world.row(t.journal, id=row_id) for row_id in ids]


def again(world: World, party_: str = LAPOR) -> None:
    """Work what was woken."""
    due = [
        row.id
        for row in world.rows(t.journal, lane=f"updates.{party_}", state="waiting")
    ]
    stage(world)(f"updates.{party_}", due)


def known(world: World) -> Known:
    """Name the one complaint that there is."""
    row = world.row(t.complaints)
    first = world.rows(t.log, complaint_id=row.id)[0]
    return Known(row.id, row.code, first.facts["reporter_id"], first.cause_id)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
