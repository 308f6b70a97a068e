"""An update that could not be understood: neutral words now, its meaning later."""

import json
from collections.abc import Sequence

from connectors.contract import HttpDoor, System
from hub.database import tables as t
from hub.stages.updates import Updates
from hub.web.tracking import tracking_json
from schemas.agency import AgencyManifest
from schemas.raw import JournalEntry
from schemas.updates import AgencyUpdate, Corrupt
from tests.contract.builders import PUPR, update_message
from tests.contract.told import Mailbox, Told, told
from tests.contract.world import World

WORD = "dilimpahkan-markerkata"
WHY = "the status word is not in the table"


class Words(Mailbox, System):
    """An agency's system whose status words are known, or not yet."""

    def __init__(self, *known: str) -> None:
        super().__init__()
        self.known = set(known)

    def doors(self) -> Sequence[HttpDoor]:
        return ()

    def split(self, entry: JournalEntry) -> Sequence[bytes]:
        del entry
        return ()

    def read(self, entry: JournalEntry) -> Sequence[AgencyUpdate | Corrupt]:
        said = json.loads(entry.raw.body)
        if said["word"] not in self.known:
            reference = said.get("reference", "")
            return [Corrupt(code="unmapped_status", why=WHY, reference=reference)]
        return [
            AgencyUpdate(
                reference=said["reference"],
                event_type="work_started",
                raw_status=said["word"],
                event_id=said["id"],
            )
        ]


def say(world: World, system: Words, number: int, **said: str) -> str:
    """Let the agency send one update; returns its journal row."""
    body = {"reference": "PUPR-26-1", "word": WORD, "id": str(number), **said}
    message = update_message(PUPR, str(number), json.dumps(body).encode())
    receipt = world.store.journal.accept(message)
    work(world, system, receipt.journal_id)
    return receipt.journal_id


def work(world: World, system: Words, row_id: str) -> None:
    manifest = AgencyManifest(name=PUPR, title=PUPR, system="rest")
    updates = Updates(world.store.journal, {PUPR: system}, {PUPR: manifest}, ())
    assert updates(f"updates.{PUPR}", [row_id]) == 1


def handed_over(world: World) -> Told:
    one = told(world, burst=0)
    world.hand_over()
    one.turn()
    one.mailbox.messages.clear()
    return one


def events(world: World, one: Told) -> list[str]:
    return [row.type for row in world.log(one.known)][5:]


def test_its_reporter_hears_once_that_there_is_news(world: World) -> None:
    one, system = handed_over(world), Words()
    rows = [say(world, system, number) for number in (1, 2)]
    one.turn()

    assert one.mailbox.messages == [["update_unclear"]]
    states = {world.row(t.journal, id=row).state for row in rows}
    assert states == {"quarantined"}
    assert world.violated() == set()


def test_once_it_is_understood_it_is_told_and_the_next_may_be_unclear_again(
    world: World,
) -> None:
    one = handed_over(world)
    row = say(world, Words(), 1)
    assert world.store.quarantine.replay([row], "operator", "mapped") == 1
    work(world, Words(WORD), row)
    say(world, Words(WORD), 2, word="lain")

    assert events(world, one) == ["update_unclear", "work_started", "update_unclear"]
    assert world.row(t.journal, id=row).state == "done"
    assert world.violated() == set()


def test_no_word_of_the_agency_is_shown(world: World) -> None:
    one = handed_over(world)
    say(world, Words(), 1)
    case = world.store.queries.case_by_code(one.known.code)
    assert case is not None
    shown = tracking_json(case)

    assert WORD not in json.dumps(shown)
    assert shown["timeline"][-1]["text"] == {
        "id": f"Ada kabar dari {PUPR} tentang laporan Anda yang masih kami periksa.",
        "en": f"There is news from {PUPR} about your report that we are still "
        "checking.",
    }
    (event,) = (e for e in case.timeline if e.type == "update_unclear")
    assert event.sealed == {}
    assert WORD not in json.dumps(event.facts)


def test_an_update_without_a_known_reference_tells_nobody(world: World) -> None:
    one = handed_over(world)
    say(world, Words(), 1, reference="PUPR-26-9")
    say(world, Words(), 2, reference="")

    assert events(world, one) == []
