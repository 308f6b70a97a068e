"""Officers who answer by mail: told once, not for ever; and a mail that came back."""

from collections.abc import Sequence

import pytest
import sqlalchemy as sa

from connectors.contract import System
from hub.database import tables as t
from hub.stages.officers import ANSWERS_A_DAY_MAX
from hub.stages.updates import Updates
from schemas.agency import AgencyManifest
from schemas.raw import JournalEntry
from schemas.updates import BOUNCED, AgencyUpdate, AnswerTo, Corrupt
from tests.contract.builders import PUPR, update_message
from tests.contract.test_unclear_updates import events, handed_over
from tests.contract.told import Mailbox
from tests.contract.world import World

REFERENCE = "PUPR-26-1"
DAY_SECONDS = 86_400
TO = AnswerTo(
    address="petugas@pupr.example",
    reply_to="lapor+a.pupr@hub.example",
    heard="oke",
    choices=("1  DITERIMA",),
)


class Officer(Mailbox, System):
    """What is written to us is the body."""

    def read(self, entry: JournalEntry) -> Sequence[AgencyUpdate | Corrupt]:
        if entry.raw.body == b"back":
            return [Corrupt(code=BOUNCED, why="it came back", reference=REFERENCE)]
        if entry.raw.body.startswith(b"?"):
            code, why = "unmapped_status", "no word of the menu"
            return [Corrupt(code=code, why=why, reference=REFERENCE, answer_to=TO)]
        return [
            AgencyUpdate(
                reference=REFERENCE,
                event_type="work_started",
                raw_status="PROSES",
                event_id=entry.raw.source_key,
                answer_to=TO,
            )
        ]


def write(world: World, *bodies: str, since: int = 0) -> None:
    """Let the officer write these mails, which are worked in one batch."""
    rows = [
        world.store.journal.accept(
            update_message(PUPR, f"m-{since + number}", body.encode())
        ).journal_id
        for number, body in enumerate(bodies)
    ]
    work(world, rows)


def work(world: World, rows: Sequence[str]) -> None:
    manifest = AgencyManifest(name=PUPR, title=PUPR, system="email")
    updates = Updates(world.store.journal, {PUPR: Officer()}, {PUPR: manifest}, ())
    updates(f"updates.{PUPR}", rows)


def answers(world: World) -> int:
    with world.store.db.read() as tx:
        count = sa.select(sa.func.count()).select_from(t.answers)
        return int(tx.conn.execute(count).scalar_one())


def test_each_mail_of_an_officer_is_answered_once(world: World) -> None:
    handed_over(world)
    write(world, "PROSES", "? oke")

    assert answers(world) == 2

    (row,) = [r["id"] for r in world.store.quarantine.waiting(limit=10)]
    assert world.store.quarantine.replay([row], "operator", "looked at") == 1
    work(world, [row])

    assert answers(world) == 2


def test_two_programs_that_answer_each_other_are_told_no_more(world: World) -> None:
    handed_over(world)
    for number in range(ANSWERS_A_DAY_MAX + 3):
        write(world, f"? tiket {number}", since=number)

    assert answers(world) == ANSWERS_A_DAY_MAX


def test_a_day_later_an_officer_is_answered_again(world: World) -> None:
    handed_over(world)
    for number in range(ANSWERS_A_DAY_MAX + 1):
        write(world, f"? tiket {number}", since=number)

    world.move_clock(DAY_SECONDS + 60)
    write(world, "PROSES", since=100)

    assert answers(world) == ANSWERS_A_DAY_MAX + 1


def test_a_mail_that_came_back_is_quarantined_and_told_to_nobody(world: World) -> None:
    one = handed_over(world)
    before = events(world, one)
    write(world, "back")

    (row,) = world.store.quarantine.waiting(limit=10)
    assert row["cause"] == "bounce"
    assert (events(world, one), answers(world)) == (before, 0)
    one.turn()
    assert one.mailbox.messages == []


@pytest.mark.parametrize("body", ["back", "? oke"])
def test_an_officers_mail_goes_when_its_complaint_is_erased(
    world: World, body: str
) -> None:
    one = handed_over(world)
    write(world, body)

    (row,) = world.store.quarantine.waiting(limit=10)
    with world.store.db.read() as tx:
        rows, keys = t.journal.c, t.data_keys.c
        owner = sa.select(keys.complaint_id).join(
            t.journal, rows.data_key_id == keys.id
        )
        found = tx.conn.execute(owner.where(rows.id == row["id"])).scalar_one()
    assert str(found) == one.known.id
