"""One holder at a time, and what every outcome does to a cursor."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from connectors.contract import (
    CannotTell,
    Capabilities,
    Done,
    Found,
    NotFound,
    Pending,
    Skipped,
)
from connectors.errors import Misconfigured, OutcomeUnknown, Refused, Retryable
from hub.database import tables as t
from hub.database.due import SqlDue
from hub.domain.delivery import CursorState, PlanKind, Step
from hub.domain.settlement import Outcome
from hub.ports import Ask, Settled
from tests.contract.builders import (
    DINKES,
    FINDS,
    HONOURS_KEY,
    LIMITS,
    MAIL,
    NEITHER,
    PUPR,
    by_action,
    delivery,
    reply,
    update_message,
)
from tests.contract.late import submitted
from tests.contract.world import Call, Known, World

TOO_OLD = LIMITS.give_up_after_seconds + 1
SUBMIT, SEND = PlanKind.SUBMIT, PlanKind.SEND


def said(world: World, known: Known) -> list[str]:
    return [row.type for row in world.log(known)]


# the lease


def test_a_due_cursor_has_one_holder(world: World) -> None:
    for n in range(8):
        world.register(f"k{n}")
    lane = f"deliver.{PUPR}"
    stores = [world.store, world.another()]
    with ThreadPoolExecutor(4) as pool:
        taken = pool.map(
            lambda n: stores[n % 2].cursors.lease([Ask(lane, [], 3, 60)]), range(8)
        )
        ids = [x.cursor.complaint_id for (grant,) in taken for x in grant.leases]
    assert len(ids) == len(set(ids))
    assert len(ids) + len(world.leases(PUPR)) == 8


def test_a_lease_that_ran_out_is_given_to_the_next_with_a_new_epoch(
    world: World,
) -> None:
    world.register()
    first = world.lease(PUPR, ttl=5)
    assert world.leases(PUPR) == []
    world.move_clock(6)
    assert world.lease(PUPR).epoch == first.epoch + 1


def test_a_call_does_not_begin_when_its_lease_is_too_short(world: World) -> None:
    world.register()
    call = world.begin(PUPR, SUBMIT)
    world.end(call, Retryable("503"))
    world.move_clock(3600)
    lease = world.lease(PUPR, ttl=5)
    assert world.send(lease, call.plan, delivery(lease), 6.0) is None
    assert world.send(lease, call.plan, delivery(lease), 4.0) is not None


def test_a_lost_epoch_leaves_evidence_and_changes_nothing(world: World) -> None:
    known = world.register()
    late = world.begin(PUPR, SUBMIT)
    world.move_clock(61)
    (taken,) = world.store.cursors.lost(sole=False)
    before = world.cursor(known, PUPR)
    kept, _ = world.end(late, Done(reference="PUPR-1"))
    assert not kept
    assert world.cursor(known, PUPR) == before
    attempt = world.row(t.attempts, id=late.attempt)
    assert (attempt.outcome, attempt.evidence_only) == ("done", True)
    assert "handed_over" not in said(world, known)
    assert taken.lease.epoch == late.lease.epoch + 1


def test_an_open_call_is_taken_over_not_leased_again(world: World) -> None:
    known = world.register()
    call = world.begin(PUPR, SUBMIT)
    world.move_clock(61)
    assert world.leases(PUPR) == []
    (lost,) = world.store.cursors.lost(sole=False)
    assert (lost.attempt, lost.plan.kind) == (call.attempt, SUBMIT)
    assert (lost.plan.from_seq, lost.plan.to_seq) == (4, 4)
    assert lost.lease.cursor.sending_key == "key-1"
    assert world.store.cursors.lost(sole=False) == []
    again = Call(lost.lease, lost.plan, str(lost.attempt))
    world.end(again, OutcomeUnknown("lost"), FINDS)
    assert world.cursor(known, PUPR).sending_step == Step.FIND


def test_the_only_process_takes_its_earlier_lifes_calls_at_once(world: World) -> None:
    world.register("k1", agencies=(PUPR, DINKES))
    world.begin(PUPR, SUBMIT)
    world.lease(DINKES)
    next_life = world.another()
    (lost,) = next_life.cursors.lost(sole=True)
    assert lost.lease.cursor.party == PUPR
    (grant,) = next_life.cursors.lease([Ask(f"deliver.{DINKES}", [], 10, 60)])
    assert len(grant.leases) == 1


# outcomes of a hand-over


def test_done_hands_over_once_and_tells_the_reporter(world: World) -> None:
    known = world.register()
    world.hand_over(reference="PUPR-26-1")
    cursor = world.cursor(known, PUPR)
    assert (cursor.delivered_seq, cursor.due_at, cursor.sending_key) == (4, None, "")
    assert cursor.reference is not None
    assert said(world, known)[-1] == "handed_over"
    assert world.cursor(known, MAIL).target_seq == 5
    assert world.violated() == set()


def test_done_makes_updates_due_that_came_too_early(world: World) -> None:
    known = world.register()
    receipt = world.store.journal.accept(update_message(PUPR, "early"))
    with world.store.journal.claim([receipt.journal_id]) as work:
        index = work.blind(f"reference:{PUPR}", "PUPR-26-1")
        work.settle(
            work.rows[0],
            Settled("waiting", "orphan", due_in_seconds=3600, waiting_for=index),
        )
    assert world.store.journal.read([receipt.journal_id]) == []
    world.hand_over(reference="PUPR-26-1")
    assert len(world.store.journal.read([receipt.journal_id])) == 1
    hints = world.store.cursors.take_hints()
    assert (f"updates.{PUPR}", receipt.journal_id) in hints
    assert (f"deliver.{MAIL}", known.id) in hints


@pytest.mark.parametrize(
    ("outcome", "can"),
    [
        (Retryable("503"), NEITHER),
        (OutcomeUnknown("reset"), HONOURS_KEY),
        (Misconfigured("401"), NEITHER),
        (OutcomeUnknown("reset"), Capabilities(resends_once=True)),
    ],
    ids=["retry", "unknown, key honoured", "misconfigured", "resent once"],
)
def test_what_is_tried_again_keeps_its_range_and_its_key(
    world: World, outcome: Outcome, can: Capabilities
) -> None:
    known = world.register()
    world.end(world.begin(PUPR, SUBMIT, key="frozen"), outcome, can)
    cursor = world.cursor(known, PUPR)
    assert (cursor.sending_from_seq, cursor.sending_to_seq) == (4, 4)
    assert (cursor.sending_key, cursor.sending_mapping) == ("frozen", "m1")
    assert (cursor.sending_open, cursor.lease_until) == (False, None)
    assert cursor.due_at is not None
    world.append(known, by_action(reply("", known.reporter_id)))
    world.store.parties.resume(PUPR, "operator", "mended")
    world.move_clock(3600)
    again = world.begin(PUPR, SUBMIT, key="another")
    assert again.lease.cursor.sending_key == "frozen"
    assert (again.plan.from_seq, again.plan.to_seq) == (4, 4)
    assert world.violated() == set()


def test_pending_keeps_where_it_left_off(world: World) -> None:
    world.register()
    call = world.begin(PUPR, SUBMIT)
    world.end(call, Pending(progress=b"langkah 2", poll_after_seconds=5))
    assert world.leases(PUPR) == []
    world.move_clock(6)
    assert world.lease(PUPR).cursor.progress == b"langkah 2"


def test_unknown_is_looked_up_and_found(world: World) -> None:
    known = world.register()
    world.end(world.begin(PUPR, SUBMIT), OutcomeUnknown("reset"), FINDS)
    world.move_clock(3600)
    world.end(world.begin(PUPR, PlanKind.FIND), Found(reference="PUPR-9"), FINDS)
    assert said(world, known)[-1] == "handed_over"
    assert world.cursor(known, PUPR).sending_step == Step.CALL
    assert world.violated() == set()


def test_two_negative_look_ups_send_again_under_the_same_key(world: World) -> None:
    known = world.register()
    world.end(world.begin(PUPR, SUBMIT, "frozen"), OutcomeUnknown("reset"), FINDS)
    steps = []
    for _ in range(2):
        world.move_clock(3600)
        world.end(world.begin(PUPR, PlanKind.FIND), NotFound(), FINDS)
        steps.append(world.cursor(known, PUPR).sending_step)
    assert steps == [Step.FIND, Step.CALL]
    assert world.cursor(known, PUPR).sending_key == "frozen"


def test_a_look_up_without_an_answer_is_asked_again(world: World) -> None:
    known = world.register()
    world.end(world.begin(PUPR, SUBMIT), OutcomeUnknown("reset"), FINDS)
    world.move_clock(3600)
    world.end(world.begin(PUPR, PlanKind.FIND), CannotTell(why="404"), FINDS)
    cursor = world.cursor(known, PUPR)
    assert (cursor.sending_step, cursor.failures) == (Step.FIND, 2)


@pytest.mark.parametrize(
    ("outcome", "age", "state", "kind", "event"),
    [
        (OutcomeUnknown("reset"), 0, "held", "held", "hand_over_held"),
        (Refused("422"), 0, "parked", "refused", "hand_over_failed"),
        (Retryable("503"), TOO_OLD, "parked", "gave_up", "hand_over_failed"),
    ],
    ids=["unknown", "refused", "given up"],
)
def test_a_hand_over_that_failed_stops_its_cursor_with_a_letter(
    world: World, outcome: Outcome, age: float, state: str, kind: str, event: str
) -> None:
    known = world.register()
    world.end(world.begin(PUPR, SUBMIT), outcome, age=age)
    cursor, letter = world.cursor(known, PUPR), world.row(t.dead_letters)
    assert (cursor.state, cursor.due_at) == (state, None)
    assert (letter.kind, letter.state, letter.is_submit) == (kind, "open", True)
    assert said(world, known)[-1] == event
    world.append(known, by_action(reply("", known.reporter_id)))
    world.move_clock(3600)
    assert world.leases(PUPR) == []
    assert world.violated() == set()


def test_a_retried_hand_over_resolves_its_letter(world: World) -> None:
    known = world.register()
    world.end(world.begin(PUPR, SUBMIT, "frozen"), Refused("422"))
    letter = world.row(t.dead_letters)
    assert world.store.operations.retry([letter.id], "operator", "mended") == 1
    assert world.row(t.dead_letters).state == "requested"
    call = world.begin(PUPR, SUBMIT)
    assert call.lease.cursor.sending_key == "frozen"
    world.end(call, Done(reference="PUPR-3"))
    assert world.row(t.dead_letters).state == "resolved"
    assert world.cursor(known, PUPR).state == CursorState.ACTIVE
    assert world.violated() == set()


def test_a_retried_hand_over_that_fails_again_opens_its_letter_again(
    world: World,
) -> None:
    world.register()
    world.end(world.begin(PUPR, SUBMIT), Refused("422"))
    world.store.operations.retry([world.row(t.dead_letters).id], "operator", "")
    world.end(world.begin(PUPR, SUBMIT), Refused("422"))
    letter = world.row(t.dead_letters)
    assert (letter.state, letter.failed_again) == ("open", 1)
    assert world.violated() == set()


def test_an_operator_says_that_a_held_hand_over_was_done(world: World) -> None:
    known = world.register()
    world.end(world.begin(PUPR, SUBMIT), OutcomeUnknown("reset"))
    letter = world.row(t.dead_letters)
    resolve = world.store.operations.resolve_held
    assert resolve(letter.id, "operator", "by phone", reference="PUPR-5")
    assert said(world, known)[-1] == "handed_over"
    assert world.row(t.dead_letters).state == "resolved"
    assert world.violated() == set()


def test_what_follows_a_resolved_hand_over_does_not_inherit_its_failures(
    world: World,
) -> None:
    known = world.register()
    world.end(world.begin(PUPR, SUBMIT), Retryable("503"))
    world.move_clock(3600)
    world.end(world.begin(PUPR, SUBMIT), OutcomeUnknown("reset"))
    resolve = world.store.operations.resolve_held
    assert resolve(
        world.row(t.dead_letters).id, "operator", "by phone", reference="PUPR-5"
    )
    world.append(known, by_action(reply("", known.reporter_id)))
    world.move_clock(TOO_OLD)
    cursor = world.lease(PUPR).cursor
    assert (cursor.attempts, cursor.stopped_age_seconds) == (0, 0)


# outcomes of later events


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [(OutcomeUnknown("reset"), "held"), (Refused("422"), "refused")],
    ids=["unknown", "refused"],
)
def test_a_letter_of_a_later_event_does_not_block(
    world: World, outcome: Outcome, kind: str
) -> None:
    known = submitted(world)
    world.end(world.begin(PUPR, SEND), outcome)
    cursor = world.cursor(known, PUPR)
    assert (cursor.state, cursor.delivered_seq) == ("active", cursor.target_seq)
    assert (world.row(t.dead_letters).kind, cursor.due_at) == (kind, None)
    world.append(known, by_action(reply("", known.reporter_id)))
    world.end(world.begin(PUPR, SEND), Done())
    assert world.row(t.dead_letters).state == "open"
    assert world.violated() == set()


def test_events_refused_together_are_sent_one_by_one(world: World) -> None:
    known = submitted(world)
    world.append(known, by_action(reply("", known.reporter_id, "lagi")))
    call = world.begin(PUPR, SEND)
    world.end(call, Refused("422"), events=2)
    cursor = world.cursor(known, PUPR)
    assert (cursor.sending_to_seq, cursor.narrow_to_seq) == (None, call.plan.to_seq)
    assert world.rows(t.dead_letters) == []
    assert world.violated() == set()


def test_a_skipped_event_moves_the_cursor(world: World) -> None:
    known = submitted(world)
    world.end(world.begin(PUPR, SEND), Skipped(why="not taken"))
    cursor = world.cursor(known, PUPR)
    assert (cursor.delivered_seq, cursor.due_at) == (cursor.target_seq, None)
    assert world.rows(t.dead_letters) == []


def test_what_came_during_a_call_is_due_after_it(world: World) -> None:
    known = world.register()
    call = world.begin(PUPR, SUBMIT)
    world.append(known, by_action(reply("", known.reporter_id)))
    world.end(call, Done(reference="PUPR-1"))
    cursor = world.cursor(known, PUPR)
    assert (cursor.delivered_seq, cursor.target_seq) == (4, 5)
    assert cursor.due_at is not None
    assert world.violated() == set()


# parties


def test_a_paused_party_is_not_called_and_loses_nothing(world: World) -> None:
    world.register()
    world.store.parties.pause(PUPR, "operator", "maintenance")
    assert world.leases(PUPR) == []
    world.store.parties.resume(PUPR, "operator", "done")
    assert len(world.leases(PUPR)) == 1


def test_a_party_without_access_is_paused_with_its_reason(world: World) -> None:
    world.register("k1")
    world.end(world.begin(PUPR, SUBMIT), Misconfigured("401 from the agency"))
    party = world.row(t.parties, party=PUPR)
    assert (party.state, party.why) == ("paused", "401 from the agency")


def test_the_sweep_finds_what_nobody_hinted(world: World) -> None:
    known = world.register()
    due = SqlDue(world.store.db)
    found = {(lane, found) for lane, found, _ in due.sweep(60)}
    assert found == {(f"deliver.{PUPR}", known.id), (f"deliver.{MAIL}", known.id)}
    assert due.sweep(60) == []
