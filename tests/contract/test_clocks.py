"""Deadlines on both engines: noted once, in their order, by any number at once."""

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub.bootstrap.deadlines import FILE
from hub.database import tables as t
from hub.database.backlog import clocks_due, overdue
from hub.domain.deadlines import Clock
from hub.domain.workflow import Actor, ActorRole
from hub.ports import Clocks, Struck
from hub.stages.act import Act, Request
from hub.stages.deadlines import AT_ONCE, StrikeClocks
from schemas.deadlines import ClockKind
from schemas.parties import Author, AuthorKind
from tests.contract.builders import DINKES, PUPR, by_action, reply
from tests.contract.test_batches import accept, intake
from tests.contract.world import Known, World

K = ClockKind
SITI = Actor(Author(kind=AuthorKind.OPERATOR, id="cli:siti"), ActorRole.OPERATOR)
SECOND = timedelta(seconds=1)


def act(world: World, known: Known, verb: str, **given: Any) -> None:
    Act(world.store.cases)(Request(known.id, verb, SITI, str(uuid7()), **given))


def clock(world: World, known: Known, kind: ClockKind) -> Clock:
    found, _ = world.store.clocks.clocks_of(known.id)
    return [one for one in found if one.kind is kind][-1]


def due_at(world: World, known: Known, kind: ClockKind) -> datetime:
    found = clock(world, known, kind).due_at
    assert found is not None
    return found


def next_at(world: World, known: Known) -> datetime | None:
    found: datetime | None = world.row(t.complaints, id=known.id).next_clock_at
    return found


def go_to(world: World, when: datetime | None) -> None:
    assert when is not None
    with world.store.db.read() as tx:
        world.move_clock((when - tx.now).total_seconds())


def strike(world: World, clocks: Clocks | None = None) -> list[tuple[str, str]]:
    """Run the duty once; returns whom it told of (lane, id) pairs."""
    told: list[tuple[str, str]] = []
    StrikeClocks(clocks or world.store.clocks, told.extend)()
    return told


def types(world: World, known: Known) -> list[str]:
    return [row.type for row in world.log(known)]


def test_a_complaint_that_no_rule_places_is_due_at_the_centre(world: World) -> None:
    known = world.register(agencies=())
    row = world.row(t.complaints, id=known.id)
    calendar = world.store.deadlines.calendar()

    assert due_at(world, known, K.VERIFY) == calendar.due(row.received_at, 3)
    assert row.next_clock_at == calendar.due(row.received_at, 2)
    assert world.violated() == set()


def test_an_answer_moves_the_next_instant(world: World) -> None:
    known = world.register()
    first = next_at(world, known)
    world.hand_over()
    assert next_at(world, known) == first
    world.say(known, PUPR, "followed_up", "1", "Besok")
    assert next_at(world, known) == due_at(world, known, K.CLOSE_BY_SILENCE)
    world.say(known, PUPR, "resolved", "2", "Sudah")
    assert next_at(world, known) is None
    assert world.violated() == set()


def test_what_intake_stamps_has_the_instant_that_the_log_gives(world: World) -> None:
    for category in ("roads", "health", "poems"):
        rows = accept(world, *(f"{category} {n}" for n in range(3)), category=category)
        intake(world)("intake.web", rows)
    assert len(world.rows(t.complaints)) == 9
    assert None not in [row.next_clock_at for row in world.rows(t.complaints)]
    assert world.violated() == set()


def test_each_step_is_noted_at_its_instant_and_once(world: World) -> None:
    known = world.register(agencies=(PUPR,))
    world.hand_over()
    before = len(world.log(known))
    noted: list[tuple[str, str]] = []
    for _ in range(8):
        instant = next_at(world, known)
        assert instant is not None
        go_to(world, instant - SECOND)
        strike(world)
        assert len(world.log(known)) == before + len(noted)
        go_to(world, instant)
        assert clocks_due(world.store.db) == 1
        assert strike(world) == [(f"deliver.{PUPR}", known.id)] * (
            "overseer" not in world.log(known)[-1].facts["told"]
        )
        strike(world)
        row = world.log(known)[-1]
        assert datetime.fromisoformat(row.facts["reached_at"]) == instant
        noted.append((row.author_id, row.type))

    ladder = [
        "deadline_warned",
        "deadline_breached",
        "escalated",
        "handed_to_overseer",
    ]
    assert noted == [
        (kind, one) for kind in ("first_follow_up", "settle") for one in ladder
    ]
    assert next_at(world, known) is None
    assert world.violated() == set()


def test_the_agency_is_told_of_its_own_clocks_and_nobody_of_the_centres(
    world: World,
) -> None:
    mine = world.register("mine", agencies=(PUPR, DINKES))
    theirs = world.register("theirs", agencies=())
    go_to(world, next_at(world, mine))
    go_to(world, due_at(world, theirs, K.VERIFY))
    strike(world)

    warned = [row for row in world.log(mine) if row.type == "deadline_warned"]
    assert {row.leg_agency for row in warned} <= {PUPR, DINKES}
    breached = world.log(theirs)[-1]
    assert (breached.type, breached.leg_agency) == ("deadline_breached", None)
    assert breached.facts["told"] == ["national_admin"]
    assert world.violated() == set()


def test_a_complaint_is_overdue_from_the_breach_until_somebody_answers(
    world: World,
) -> None:
    known = world.register()
    world.hand_over()
    due = due_at(world, known, K.FIRST_FOLLOW_UP)
    go_to(world, due - SECOND)
    strike(world)
    assert not world.row(t.complaints, id=known.id).overdue
    go_to(world, due)
    strike(world)
    assert [x["id"] for x in world.store.queries.complaints(overdue=True)] == [known.id]
    assert overdue(world.store.db) == world.store.queries.counts()["overdue"] == 1
    assert world.violated() == set()

    world.say(known, PUPR, "followed_up", "1", "Besok")
    assert world.store.queries.complaints(overdue=True) == []
    assert world.violated() == set()


def test_silence_closes_where_the_calendar_says_and_nobody_rated_it(
    world: World,
) -> None:
    known = world.register()
    world.hand_over()
    world.say(known, PUPR, "followed_up", "1", "Sudah kami tambal")
    due = due_at(world, known, K.CLOSE_BY_SILENCE)
    go_to(world, due - SECOND)
    strike(world)
    assert world.row(t.complaints, id=known.id).status == "in_progress"
    go_to(world, due)
    strike(world)

    row = world.row(t.complaints, id=known.id)
    assert (row.status, row.next_clock_at) == ("closed", None)
    assert world.log(known)[-1].type == "closed_by_silence"
    assert not {"rated", "accepted"} & set(types(world, known))
    assert world.violated() == set()


def test_a_reply_keeps_it_open_and_a_late_one_opens_it_again(world: World) -> None:
    known = world.register()
    world.hand_over()
    world.say(known, PUPR, "followed_up", "1", "Sudah kami tambal")
    due = due_at(world, known, K.CLOSE_BY_SILENCE)
    world.append(known, by_action(reply("", known.reporter_id)))
    go_to(world, due)
    strike(world)
    assert world.row(t.complaints, id=known.id).status == "in_progress"
    assert "closed_by_silence" not in types(world, known)


def test_what_the_reporter_does_not_complete_is_archived_with_the_reason(
    world: World,
) -> None:
    known = world.register(agencies=())
    act(world, known, "hold", reason="needs_place")
    assert clock(world, known, K.VERIFY).due_at is None
    go_to(world, due_at(world, known, K.MISSING_DOCUMENTS))
    strike(world)

    last = world.log(known)[-1]
    assert (last.type, last.facts["reason_code"]) == ("archived", "no_answer")
    assert (last.author_kind, last.author_id) == ("clock", "missing_documents")
    assert next_at(world, known) is None
    assert world.violated() == set()


def test_a_new_grade_moves_the_due_date(world: World) -> None:
    known = world.register()
    before = due_at(world, known, K.SETTLE)
    act(world, known, "classify", details={"supervisory_grade": True})

    assert due_at(world, known, K.SETTLE) > before + timedelta(days=60)
    assert [x.working_days for x in clock(world, known, K.SETTLE).terms] == [14, 60]
    assert world.violated() == set()


def test_any_number_of_schedulers_note_a_step_once(world: World) -> None:
    known = [world.register(f"k{n}") for n in range(12)]
    go_to(world, due_at(world, known[0], K.SETTLE))
    stores = [world.store, world.another(), world.another()]
    ready, failed = threading.Barrier(len(stores)), []

    def run(clocks: Clocks) -> None:
        ready.wait(10)
        try:
            for _ in range(5):
                strike(world, clocks)
        except Exception as error:  # noqa: BLE001 - it is shown by the test
            failed.append(error)

    threads = [threading.Thread(target=run, args=(s.clocks,)) for s in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert failed == []
    assert clocks_due(world.store.db) == 0
    for one in known:
        steps = [r.cause_id for r in world.log(one) if r.cause_kind == "clock"]
        assert len(steps) == len(set(steps)) == 6
    assert world.violated() == set()


def test_all_that_was_missed_is_caught_up_in_bounded_rounds(world: World) -> None:
    for n in range(AT_ONCE + 5):
        world.register(f"k{n}", agencies=())
    known = world.rows(t.complaints)[0]
    go_to(world, known.next_clock_at + timedelta(days=60))
    strike(world)

    assert clocks_due(world.store.db) == 0
    query = sa.select(sa.func.count()).where(t.log.c.cause_kind == "clock")
    with world.store.db.read() as tx:
        assert tx.conn.execute(query).scalar_one() == 4 * (AT_ONCE + 5)


def test_one_that_cannot_be_worked_takes_no_other_along(world: World) -> None:
    bad, good = world.register("bad"), world.register("good")
    go_to(world, due_at(world, good, K.SETTLE))

    class Broken:
        """Fails for one complaint, whoever else is in the batch."""

        def __getattr__(self, name: str) -> Any:
            return getattr(world.store.clocks, name)

        def strike(self, ids: Sequence[str]) -> list[Struck]:
            if bad.id in ids:
                msg = "it cannot be read"
                raise ValueError(msg)
            return world.store.clocks.strike(ids)

    strike(world, Broken())

    assert "deadline_breached" in types(world, good)
    assert "deadline_breached" not in types(world, bad)
    assert clocks_due(world.store.db) == 0
    assert world.violated() == {"clocks_are_wound"}
    world.move_clock(3601)
    strike(world)
    assert "deadline_breached" in types(world, bad)
    assert world.violated() == set()


def test_nothing_is_awaited_of_what_was_erased(world: World) -> None:
    known = world.register()
    world.store.eraser.request(known.id, "cli:siti", "")
    assert world.store.eraser.erase_due() == 1

    assert next_at(world, known) is None
    world.say(known, PUPR, "followed_up", "1")
    assert next_at(world, known) is None
    assert world.violated() == set()


def test_a_changed_calendar_counts_only_after_counting_anew(
    world: World, tmp_path: Path
) -> None:
    known = world.register(agencies=())
    old = next_at(world, known)
    assert old is not None
    folder = tmp_path / "agencies"
    folder.mkdir()
    day = old.date().isoformat()
    text = f'[[days]]\nfirst = {day}\nwhy = "pilkada"\nworking = false\n'
    (folder / FILE).write_text(text)
    changed = world.another(agencies_dir=folder)

    assert changed.clocks.ids_after("", 10) == [known.id]
    assert changed.clocks.ids_after(known.id, 10) == []
    assert changed.clocks.wind([known.id]) == 1
    assert changed.clocks.wind([known.id]) == 0
    now = next_at(world, known)
    assert now is not None
    assert now > old


@pytest.mark.parametrize("on_hold", [False, True])
def test_a_complaint_from_before_the_clocks_is_looked_at(
    world: World, *, on_hold: bool
) -> None:
    """As the migration leaves it: due at once, so that its instant is computed."""
    known = world.register()
    if on_hold:
        act(world, known, "hold", reason="needs_place")
    right = next_at(world, known)
    c = t.complaints.c
    world.write(sa.update(t.complaints).values(next_clock_at=c.received_at))
    strike(world)

    assert next_at(world, known) == right
    assert world.violated() == set()
