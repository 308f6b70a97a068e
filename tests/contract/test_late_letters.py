"""A dead letter that was asked for again is tried until it is done, or set aside."""

import pytest

from connectors.contract import Capabilities, Done, Pending
from connectors.errors import Misconfigured, OutcomeUnknown, Refused, Retryable
from hub.database import tables as t
from tests.contract.builders import HONOURS_KEY, LIMITS, NEITHER, PUPR
from tests.contract.late import (
    DOWN,
    LATE,
    SEND,
    MoodyAgency,
    ask_again,
    asked_again,
    end,
    fail,
    letter,
    say_more,
    submitted,
    wait_for_it,
    work,
)
from tests.contract.world import Call, World

FULL_JITTER = 0.55
"""Of a step, as the tests' jitter of one half gives it."""


def test_a_late_retry_resolves_the_letter_and_nothing_else(world: World) -> None:
    known = submitted(world)
    world.end(world.begin(PUPR, SEND), Refused("422"))
    before = letter(world)
    say_more(world, known)
    delivered = world.cursor(known, PUPR).delivered_seq
    ask_again(world)
    call = world.begin(PUPR, LATE, key="late")
    # The range began with `handed_over`, which the agency is not told.
    assert (before.first_seq, call.plan.from_seq) == (5, 6)
    world.end(call, Done())
    cursor = world.cursor(known, PUPR)
    assert letter(world).state == "resolved"
    assert (cursor.delivered_seq, cursor.due_at is None) == (delivered, False)
    world.end(world.begin(PUPR, SEND), Done())
    assert world.cursor(known, PUPR).due_at is None
    assert world.violated() == set()


def test_a_late_retry_of_many_events_sends_every_one(world: World) -> None:
    known = submitted(world)
    say_more(world, known)
    call = world.begin(PUPR, SEND)
    world.end(call, OutcomeUnknown("reset"), events=2)
    ask_again(world)
    sent = []
    for _ in range(2):
        late = world.begin(PUPR, LATE)
        sent.append(late.plan.from_seq)
        world.end(late, Done())
    assert sent == [6, 7]
    assert letter(world).state == "resolved"
    assert world.violated() == set()


# tried again by itself


def test_a_late_retry_that_fails_is_tried_again_by_itself(world: World) -> None:
    asked_again(world)
    end(world, world.begin(PUPR, LATE), DOWN)
    assert (letter(world).state, letter(world).failed_again) == ("requested", 0)
    assert world.leases(PUPR) == []
    assert world.violated() == set()
    wait_for_it(world)
    end(world, world.begin(PUPR, LATE), Done())
    assert letter(world).state == "resolved"
    assert world.row(t.cursors, party=PUPR).due_at is None
    assert world.violated() == set()


def test_the_list_says_that_a_letter_is_being_retried(world: World) -> None:
    asked_again(world)
    fail(world)
    (row,) = world.store.queries.dead_letters()
    assert (row["state"], row["why"]) == ("requested", "retrying: answered 503")


def test_late_retries_are_spaced_like_every_retry(world: World) -> None:
    asked_again(world)
    base = LIMITS.backoff_base_seconds * FULL_JITTER
    assert fail(world, times=4) == pytest.approx([base, 2 * base, 4 * base, 8 * base])


def test_a_wait_that_the_party_asked_for_is_kept(world: World) -> None:
    asked_again(world)
    end(world, world.begin(PUPR, LATE), Retryable("still copying", after_seconds=600))
    assert wait_for_it(world) == pytest.approx(600)


def test_a_late_retry_is_given_up_by_age_and_the_operator_asked_again(
    world: World,
) -> None:
    asked_again(world)
    fail(world, times=2)
    world.move_clock(LIMITS.give_up_after_seconds)
    end(world, world.begin(PUPR, LATE), DOWN)
    found = letter(world)
    assert (found.state, found.kind, found.failed_again) == ("open", "gave_up", 1)
    assert (found.why, found.fingerprint) == ("answered 503", "503")
    assert world.leases(PUPR) == []
    assert world.violated() == set()
    assert ask_again(world) == 1
    assert fail(world) == pytest.approx([LIMITS.backoff_base_seconds * FULL_JITTER])


def test_pauses_do_not_count_into_the_age_of_a_late_retry(world: World) -> None:
    asked_again(world)
    fail(world)
    world.store.parties.pause(PUPR, "operator", "a move")
    world.move_clock(LIMITS.give_up_after_seconds)
    world.store.parties.resume(PUPR, "operator", "moved")
    end(world, world.begin(PUPR, LATE), DOWN)
    assert letter(world).state == "requested"


def test_a_late_retry_that_is_refused_goes_back_to_the_operator(world: World) -> None:
    asked_again(world)
    fail(world, times=2)
    end(world, world.begin(PUPR, LATE), Refused("answered 422"))
    assert (letter(world).state, letter(world).failed_again) == ("open", 1)
    cursor = world.row(t.cursors, party=PUPR)
    assert (cursor.due_at, cursor.failures, cursor.failing_since) == (None, 0, None)
    assert world.violated() == set()


def test_a_misconfigured_party_burns_no_letter(world: World) -> None:
    asked_again(world)
    end(world, world.begin(PUPR, LATE), Misconfigured("answered 401"))
    assert letter(world).state == "requested"
    assert world.leases(PUPR) == []
    world.store.parties.resume(PUPR, "operator", "mended")
    end(world, world.begin(PUPR, LATE), Done())
    assert letter(world).state == "resolved"


def test_a_late_delivery_in_steps_goes_on_where_it_was(world: World) -> None:
    known = asked_again(world)
    later = Pending(progress=b"langkah 2", poll_after_seconds=60)
    end(world, world.begin(PUPR, LATE), later)
    assert world.leases(PUPR) == []
    say_more(world, known)
    call = world.begin(PUPR, LATE)
    assert call.lease.cursor.progress == b"langkah 2"
    end(world, call, Done())
    assert letter(world).state == "resolved"
    assert world.row(t.cursors, party=PUPR).progress is None


@pytest.mark.parametrize(
    ("can", "state", "kind"),
    [(HONOURS_KEY, "requested", "refused"), (NEITHER, "open", "held")],
    ids=["key honoured", "neither"],
)
def test_a_late_retry_of_unknown_outcome_is_repeated_where_a_key_is_honoured(
    world: World, can: Capabilities, state: str, kind: str
) -> None:
    asked_again(world)
    end(world, world.begin(PUPR, LATE), OutcomeUnknown("reset"), can)
    assert (letter(world).state, letter(world).kind) == (state, kind)
    assert world.violated() == set()


def test_a_late_call_whose_process_died_is_not_forgotten(world: World) -> None:
    asked_again(world)
    world.begin(PUPR, LATE)
    (lost,) = world.another().cursors.lost(sole=True)
    assert lost.plan.kind is LATE
    call = Call(lost.lease, lost.plan, str(lost.attempt))
    end(world, call, OutcomeUnknown("the lease ran out"), HONOURS_KEY)
    assert letter(world).state == "requested"
    wait_for_it(world)
    end(world, world.begin(PUPR, LATE), Done())
    assert letter(world).state == "resolved"


# beside other events


def test_younger_events_do_not_wait_for_a_late_retry(world: World) -> None:
    known = asked_again(world)
    fail(world, times=3)
    say_more(world, known)
    end(world, world.begin(PUPR, LATE), DOWN)
    delivered = world.row(t.cursors, party=PUPR).target_seq
    end(world, world.begin(PUPR, SEND), Done())
    cursor = world.row(t.cursors, party=PUPR)
    assert (cursor.delivered_seq, letter(world).state) == (delivered, "requested")
    assert world.violated() == set()


def test_failures_of_a_letter_are_not_those_of_another_event(world: World) -> None:
    known = asked_again(world)
    fail(world, times=2)
    world.move_clock(LIMITS.give_up_after_seconds - 3600)
    say_more(world, known)
    end(world, world.begin(PUPR, LATE), DOWN)
    end(world, world.begin(PUPR, SEND), DOWN)
    waited = wait_for_it(world)
    assert waited == pytest.approx(LIMITS.backoff_base_seconds * FULL_JITTER)
    world.move_clock(2 * 3600)
    end(world, world.begin(PUPR, SEND), DOWN)
    assert len(world.rows(t.dead_letters)) == 1


def test_a_letter_keeps_its_failures_while_others_take_turns(world: World) -> None:
    known = asked_again(world)
    fail(world, times=3)
    say_more(world, known)
    end(world, world.begin(PUPR, LATE), DOWN)
    end(world, world.begin(PUPR, SEND), Done())
    base = LIMITS.backoff_base_seconds * FULL_JITTER
    assert fail(world) == pytest.approx([16 * base])
    world.move_clock(LIMITS.give_up_after_seconds)
    end(world, world.begin(PUPR, LATE), DOWN)
    assert (letter(world).state, letter(world).kind) == ("open", "gave_up")


def test_letters_of_one_cursor_are_retried_in_order(world: World) -> None:
    known = submitted(world)
    end(world, world.begin(PUPR, SEND), Refused("answered 422"))
    say_more(world, known)
    end(world, world.begin(PUPR, SEND), Refused("answered 422"))
    first, second = world.rows(t.dead_letters)
    retry = world.store.operations.retry
    retry([second.id], "operator", "mended")
    fail(world, times=3)
    retry([first.id], "operator", "mended")
    call = world.begin(PUPR, LATE)
    assert call.lease.cursor.dead_letter_id == first.id
    end(world, call, DOWN)
    # The failures of the second are not those of the first.
    base = LIMITS.backoff_base_seconds * FULL_JITTER
    assert wait_for_it(world) == pytest.approx(base)
    end(world, world.begin(PUPR, LATE), Done())
    call = world.begin(PUPR, LATE)
    assert call.lease.cursor.dead_letter_id == second.id
    assert call.lease.cursor.attempts == 3
    end(world, call, Done())
    assert {row.state for row in world.rows(t.dead_letters)} == {"resolved"}
    assert world.violated() == set()


def test_what_waited_for_a_late_retry_is_hinted_after_it(world: World) -> None:
    known = asked_again(world)
    call = world.begin(PUPR, LATE)
    say_more(world, known)
    world.store.cursors.take_hints()
    end(world, call, Done())
    assert world.store.cursors.take_hints() == [(f"deliver.{PUPR}", known.id)]


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_every_event_arrives_once(world: World, seed: int) -> None:
    known = submitted(world)
    agency = MoodyAgency(seed)
    deliver = agency.of(world)
    for _ in range(25):
        if agency.random.random() < 0.4:
            say_more(world, known)
        if agency.random.random() < 0.3:
            ask_again(world)
        work(deliver)
        assert world.violated() == set()
        world.move_clock(agency.random.choice([0, 1, 60, 3600]))
    agency.is_well = True
    for _ in range(60):
        ask_again(world)
        world.store.parties.resume(PUPR, "operator", "mended")
        if not work(deliver):
            break
    told = [row.event_id for row in world.log(known) if row.type == "reporter_replied"]
    assert sorted(agency.taken) == sorted(told)
    assert {row.state for row in world.rows(t.dead_letters)} <= {"resolved"}
    assert world.row(t.cursors, party=PUPR).due_at is None
    assert world.violated() == set()
