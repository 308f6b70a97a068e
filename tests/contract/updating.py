"""Agencies that speak through the stage of updates."""

from collections.abc import Sequence
from typing import Any, cast
from uuid import uuid4

from connectors.contract import System
from hub.database import tables as t
from hub.stages.updates import Updates
from schemas.agency import AgencyManifest
from schemas.raw import JournalEntry
from schemas.updates import AgencyUpdate, Corrupt
from tests.contract.builders import DINKES, PUPR, update_message
from tests.contract.world import World

AGENCIES = {
    name: AgencyManifest(name=name, title=name, system="rest")
    for name in (PUPR, DINKES)
}


NOTHING = b"[]"


class Plain:
    """A system whose updates are ours already; the word `?` is not mapped."""

    def split(self, entry: JournalEntry) -> Sequence[bytes]:
        return ()

    def read(self, entry: JournalEntry) -> Sequence[AgencyUpdate | Corrupt]:
        if entry.raw.body == NOTHING:
            return []
        found = AgencyUpdate.model_validate_json(entry.raw.body)
        if found.raw_status == "?":
            why = "the status is in no table"
            return [Corrupt(code="unmapped_status", why=why, reference=found.reference)]
        return [found]


def hear(world: World, agency: str, **update: Any) -> Any:
    """Let an agency send one update, and work it; returns its journal row."""
    given = {"reference": "PUPR-26-1", "event_type": "followed_up", "raw_status": "P"}
    body = AgencyUpdate(**given | update).model_dump_json().encode()
    receipt = world.store.journal.accept(update_message(agency, str(uuid4()), body))
    work(world, agency, receipt.journal_id)
    return world.row(t.journal, id=receipt.journal_id)


def work(world: World, agency: str, journal_id: str) -> None:
    """Work one journal row as the stage does."""
    systems = {name: cast("System", Plain()) for name in AGENCIES}
    stage = Updates(world.store.journal, systems, AGENCIES, [60.0])
    stage(f"updates.{agency}", [journal_id])
