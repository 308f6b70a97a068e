"""Reporters are told at once, in bursts, or in the morning; nothing is lost."""

import random

import pytest

from connectors.errors import OutcomeUnknown, Refused, Retryable
from hub.database import tables as t
from hub.database.due import SqlDue
from hub.domain.pacing import URGENT
from tests.contract.builders import MAIL
from tests.contract.told import BURST, NIGHT, set_clock, told, types
from tests.contract.world import World

DOWN = Retryable("answered 503", fingerprint="503")

# bursts


def test_several_events_within_a_short_time_are_one_message(world: World) -> None:
    one = told(world)
    one.news("acknowledged")
    world.move_clock(80)
    one.news("work_started")

    assert one.turn() == 0
    world.move_clock(BURST - 80)
    assert one.turn() == 1
    assert one.mailbox.messages == [["acknowledged", "work_started"]]
    assert world.cursor(one.known, MAIL).due_at is None
    assert world.violated() == set()


def test_what_is_urgent_goes_at_once_and_takes_along_what_waits(world: World) -> None:
    one = told(world)
    one.news("acknowledged")
    assert one.turn() == 0
    one.ask()

    assert one.turn() == 1
    assert one.mailbox.messages == [["acknowledged", "put_on_hold"]]


def test_what_comes_while_a_message_is_sent_waits_for_more(world: World) -> None:
    one = told(world)
    one.ask()
    (lease,) = one.deliver.lease(f"deliver.{MAIL}", [], 10).leases
    one.news("acknowledged")
    one.deliver(lease)

    assert one.mailbox.messages == [["put_on_hold"]]
    assert one.turn() == 1  # it is leased, and put off
    assert one.mailbox.messages == [["put_on_hold"]]
    assert BURST - 30 < one.due_in() <= BURST
    world.move_clock(BURST)
    one.turn()
    assert one.mailbox.messages == [["put_on_hold"], ["acknowledged"]]


def test_a_cursor_that_waits_for_its_burst_does_not_lag(world: World) -> None:
    one = told(world)
    one.news("acknowledged")
    queries = world.store.queries

    def lagging() -> int:
        rows = queries.parties()
        return next(int(row["lagging"]) for row in rows if row["party"] == MAIL)

    assert (lagging(), queries.counts()["resting"]) == (0, 1)
    assert SqlDue(world.store.db).sweep(60) != []  # the agency's cursors only
    world.move_clock(BURST)
    assert (lagging(), queries.counts()["resting"]) == (1, 0)
    found = SqlDue(world.store.db).sweep(60)
    assert (f"deliver.{MAIL}", one.known.id, "timer") in found


def test_a_cursor_lags_when_its_message_failed_or_its_channel_stands(
    world: World,
) -> None:
    one = told(world)
    queries = world.store.queries
    before = queries.counts()["lagging"]
    one.mailbox.error = DOWN
    one.ask()
    one.turn()
    assert queries.counts()["lagging"] == before + 1

    one.mailbox.error = None
    world.move_clock(3600)
    one.turn()
    one.news("work_started")
    assert queries.counts()["lagging"] == before
    world.store.parties.pause(MAIL, "operator", "test")
    assert queries.counts()["lagging"] == before + 1


# quiet hours


def test_what_is_not_urgent_waits_for_the_morning(world: World) -> None:
    one = told(world, burst=0, quiet=NIGHT)
    set_clock(world, 23)
    one.news("acknowledged")
    one.turn()

    assert one.mailbox.messages == []
    assert 7.9 * 3600 < one.due_in() <= 8 * 3600
    assert world.store.queries.counts()["resting"] == 1
    assert world.rows(t.attempts, party=MAIL, outcome="rests") == []
    one.news("work_started")
    one.turn()
    set_clock(world, 7.01)
    one.turn()
    assert one.mailbox.messages == [["acknowledged", "work_started"]]
    assert world.violated() == set()


def test_what_is_urgent_is_told_in_the_night(world: World) -> None:
    one = told(world, quiet=NIGHT)
    set_clock(world, 23)
    one.news("acknowledged")
    world.move_clock(BURST)
    one.turn()
    assert one.mailbox.messages == []
    one.ask()
    one.turn()

    assert one.mailbox.messages == [["acknowledged", "put_on_hold"]]


def test_what_is_urgent_is_seen_when_it_comes_while_a_turn_is_put_off(
    world: World,
) -> None:
    one = told(world, quiet=NIGHT)
    set_clock(world, 23)
    one.news("acknowledged")
    world.move_clock(BURST)
    ended = one.put_off()
    one.ask()
    one.deliver.settle([ended])

    assert one.due_in() <= 0
    one.turn()
    assert one.mailbox.messages == [["acknowledged", "put_on_hold"]]


@pytest.mark.parametrize("error", [DOWN, OutcomeUnknown("reset")])
def test_a_message_that_failed_waits_too_and_goes_with_what_is_urgent(
    world: World, error: Exception
) -> None:
    one = told(world, burst=0, quiet=NIGHT)
    set_clock(world, 20.99)
    one.mailbox.error = error
    one.news("acknowledged")
    one.turn()
    one.mailbox.error = None
    key = world.cursor(one.known, MAIL).sending_key
    set_clock(world, 22)
    one.turn()
    assert one.mailbox.messages == []
    one.ask()
    one.turn()
    one.turn()

    assert one.mailbox.messages == [["acknowledged"], ["put_on_hold"]]
    assert [row.key for row in world.rows(t.attempts, party=MAIL)].count(key) == 2
    assert world.violated() == set()


def test_the_night_is_no_age_of_a_failure(world: World) -> None:
    one = told(world, burst=0, quiet=NIGHT)
    set_clock(world, 20.99)
    one.mailbox.error = DOWN
    one.news("acknowledged")
    one.turn()
    set_clock(world, 22)
    one.turn()
    set_clock(world, 7.01)
    (lease,) = one.deliver.lease(f"deliver.{MAIL}", [], 10).leases

    assert lease.cursor.attempts == 1
    assert lease.cursor.stopped_age_seconds < 1.2 * 3600


def test_a_letter_that_was_asked_for_again_waits_for_the_morning(
    world: World,
) -> None:
    one = told(world, burst=0, quiet=NIGHT)
    one.mailbox.error = Refused("answered 550")
    one.news("acknowledged")
    one.turn()
    one.mailbox.error = None
    (letter,) = world.rows(t.dead_letters, state="open")
    set_clock(world, 23)
    world.store.operations.retry([letter.id], "operator", "mended")
    one.news("work_started")
    one.turn()
    assert one.mailbox.messages == []
    assert world.row(t.dead_letters).state == "requested"
    set_clock(world, 7.01)
    one.turn()
    one.turn()

    assert one.mailbox.messages == [["acknowledged"], ["work_started"]]
    assert world.row(t.dead_letters).state == "resolved"
    assert world.violated() == set()


# whatever happens


NAMES = ("acknowledged", "work_started", "followed_up", "unit_assigned")


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_lost_or_doubled_and_what_is_urgent_never_waits(
    world: World, seed: int
) -> None:
    one = told(world, quiet=NIGHT)
    dice = random.Random(seed)
    for _ in range(25):
        match dice.randrange(5):
            case 0 | 1:
                one.news(dice.choice(NAMES))
            case 2:
                one.decide(dice.choice(("put_on_hold", "resumed")))
            case 3:
                world.move_clock(dice.choice((1, 50, 200, 4 * 3600)))
            case _:
                ended = one.deliver.lease(f"deliver.{MAIL}", [], 10).leases
                one.news(dice.choice(NAMES))
                for lease in ended:
                    one.deliver(lease)
        for _ in range(3):
            one.turn()
        told_now = len(one.mailbox.event_ids)
        events = [e for e in world.log(one.known) if _is_told(e)]
        assert not {e.type for e in events[told_now:]} & URGENT
        assert one.mailbox.event_ids == [e.event_id for e in events[:told_now]]
    for _ in range(3):
        set_clock(world, 12)
        world.move_clock(BURST)
        one.turn()

    events = [e for e in world.log(one.known) if _is_told(e)]
    assert one.mailbox.event_ids == [e.event_id for e in events]
    assert types(one.mailbox.messages) == [e.type for e in events][1:]
    assert world.violated() == set()


def _is_told(row: object) -> bool:
    return getattr(row, "type", "") in {*NAMES, *URGENT, "resumed"}
