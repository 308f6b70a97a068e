"""A page that tells of an erased complaint again: nothing of it stays."""

import json
from collections.abc import Sequence

from connectors.contract import System
from hub.database import tables as t
from hub.stages.updates import Updates
from schemas.raw import JournalEntry
from schemas.updates import AgencyUpdate
from tests.contract.above import AGENCIES
from tests.contract.builders import PUPR, update_message
from tests.contract.told import Mailbox
from tests.contract.world import World


class Pages(Mailbox, System):
    """A system that tells of all its cases at once."""

    def split(self, entry: JournalEntry) -> Sequence[bytes]:
        found = json.loads(entry.raw.body)
        if not isinstance(found, list):
            return ()
        return [json.dumps(one).encode() for one in found]

    def read(self, entry: JournalEntry) -> Sequence[AgencyUpdate]:
        return [AgencyUpdate.model_validate_json(entry.raw.body)]


def told(world: World, number: int) -> str:
    """Let a page of two cases come; returns its row."""
    page = [
        {
            "reference": reference,
            "event_type": "followed_up",
            "raw_status": "Dikerjakan",
            "event_id": f"{reference}.{number}",
            "text": f"Pelapor {reference} ditemui.",
        }
        for reference in ("PUPR-26-1", "PUPR-26-2")
    ]
    message = update_message(PUPR, f"page {number}", json.dumps(page).encode())
    row_id = world.store.journal.accept(message).journal_id
    stage = Updates(world.store.journal, {PUPR: Pages()}, AGENCIES, ())
    stage(f"updates.{PUPR}", [row_id])
    return row_id


def is_readable(world: World, row_id: str) -> bool:
    key = world.row(t.journal, id=row_id).data_key_id
    return world.row(t.data_keys, id=key).wrapped is not None


def test_neither_the_page_nor_its_record_can_be_read(world: World) -> None:
    case = world.register()
    world.hand_over(PUPR, "PUPR-26-1")
    before = told(world, 1)
    assert is_readable(world, before)
    world.store.eraser.request(case.id, "operator", "asked by its reporter")
    world.move_clock(80 * 3600)
    assert world.store.eraser.erase_due() == 1
    assert not is_readable(world, before)

    after = told(world, 2)
    mine, neighbour = sorted(world.rows(t.journal, parent_id=after), key=_item)
    assert not is_readable(world, mine.id)
    assert not is_readable(world, after)
    assert is_readable(world, neighbour.id)


def _item(row: object) -> int:
    return int(row.item_no)  # type: ignore[attr-defined]
