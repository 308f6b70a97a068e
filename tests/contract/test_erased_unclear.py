"""What could not be read of a complaint goes with it when it is erased."""

from collections.abc import Sequence

from connectors.contract import HttpDoor, System
from hub.database import tables as t
from hub.stages.updates import Updates
from schemas.raw import JournalEntry
from schemas.updates import Corrupt
from tests.contract.above import AGENCIES, LAPOR, begun, hear, known, party
from tests.contract.builders import PUPR, update_message
from tests.contract.told import Mailbox
from tests.contract.world import Known, World


class Strange(Mailbox, System):
    """A system none of whose words is known."""

    def __init__(self, reference: str) -> None:
        super().__init__()
        self.reference = reference

    def doors(self) -> Sequence[HttpDoor]:
        return ()

    def split(self, entry: JournalEntry) -> Sequence[bytes]:
        return ()

    def read(self, entry: JournalEntry) -> Sequence[Corrupt]:
        why = "not in the table"
        return [Corrupt(code="unmapped_status", why=why, reference=self.reference)]


def quarantined(world: World, name: str, reference: str, count: int) -> list[str]:
    """Let a party say what nobody understands; returns the rows."""
    stage = Updates(world.store.journal, {name: Strange(reference)}, AGENCIES, ())
    ids = []
    for n in range(count):
        message = update_message(name, f"strange {n}", b'{"text": "rahasia"}')
        ids.append(world.store.journal.accept(message).journal_id)
        stage(f"updates.{name}", ids[-1:])
    return ids


def erase(world: World, case: Known) -> None:
    world.store.eraser.request(case.id, "operator", "asked by its reporter")
    world.move_clock(80 * 3600)
    assert world.store.eraser.erase_due() == 1


def are_gone(world: World, ids: Sequence[str]) -> list[bool]:
    keys = [world.row(t.journal, id=one).data_key_id for one in ids]
    return [world.row(t.data_keys, id=key).wrapped is None for key in keys]


def test_every_word_of_an_agency_that_nobody_understood_is_gone(world: World) -> None:
    case = world.register()
    world.hand_over(PUPR, "PUPR-26-1")
    ids = quarantined(world, PUPR, "PUPR-26-1", 3)
    assert are_gone(world, ids) == [False] * 3
    erase(world, case)
    assert are_gone(world, ids) == [True] * 3
    assert are_gone(world, quarantined(world, PUPR, "PUPR-26-1", 4)[3:]) == [True]


def test_so_is_every_word_of_a_platform(world: World) -> None:
    world.store.parties.configure([party()])
    hear(world, begun())
    ids = quarantined(world, LAPOR, "4711001", 2)
    erase(world, known(world))
    assert are_gone(world, ids) == [True] * 2
