"""What follows from each outcome of a call."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import (
    CannotTell,
    Capabilities,
    Done,
    Found,
    NotFound,
    Pending,
    Skipped,
)
from connectors.errors import (
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Retryable,
)
from hub.domain.delivery import CursorState, DeadKind, PlanKind, Step
from hub.domain.settlement import (
    RETRY_AFTER_CAP_SECONDS,
    Outcome,
    PartySignal,
    age_without_stops,
    as_outcome,
    backoff_seconds,
    settle,
)
from schemas.agency import Limits
from tests.unit.domain.builders import at, ground

KEY = Capabilities(honours_key=True)
FINDS = Capabilities(finds=True)
NEITHER = Capabilities()
TWICE = Capabilities(resends_once=True)

SUBMIT, SEND, FIND, LATE = (
    PlanKind.SUBMIT,
    PlanKind.SEND,
    PlanKind.FIND,
    PlanKind.DEAD_LETTER,
)
CALLS = (SUBMIT, SEND, LATE)
OLD = Limits().give_up_after_seconds

OUTCOMES: tuple[Outcome, ...] = (
    Done(reference="PUPR-26-1"),
    Done(),
    Found(reference="PUPR-26-1"),
    Found(reference=""),
    Pending(progress=b"page 2", poll_after_seconds=9),
    Skipped(why="takes no ratings"),
    NotFound(),
    CannotTell(why="answered 500"),
    Retryable("connection refused"),
    Retryable("answered 429", after_seconds=60, throttled=True),
    OutcomeUnknown("timed out"),
    Refused("answered 422"),
    Misconfigured("answered 401"),
)


# --- unknown --------------------------------------------------------------------


def test_an_unknown_outcome_is_looked_into_after_the_settling_time() -> None:
    found = settle(ground(SUBMIT, FINDS), OutcomeUnknown("timed out"))

    assert found.step is Step.FIND
    assert found.due_in_seconds == Limits().settle_seconds
    assert found.failed


def test_an_honoured_key_is_repeated_with_growing_distance() -> None:
    waits = [
        settle(ground(SEND, KEY, attempts=n), OutcomeUnknown("timed out"))
        for n in (0, 6, 12)
    ]

    assert [w.due_in_seconds for w in waits] == sorted(
        w.due_in_seconds or 0 for w in waits
    )
    assert waits[0].due_in_seconds == Limits().settle_seconds
    assert (waits[2].due_in_seconds or 0) > 1000


def test_what_cannot_be_asked_is_repeated_once_and_then_held() -> None:
    first = settle(ground(SEND, TWICE), OutcomeUnknown("cut off"))
    second = settle(ground(SEND, TWICE, resends=1), OutcomeUnknown("cut off"))

    assert (first.resends, first.dead) == (1, None)
    assert (second.forward_to, second.dead) == (7, DeadKind.HELD)


def test_a_call_is_repeated_only_after_two_negative_lookups() -> None:
    first = settle(ground(FIND, FINDS, sending_step=Step.FIND), NotFound())
    second = settle(ground(FIND, FINDS, lookups=first.lookups), NotFound())

    assert (first.step, first.lookups) == (Step.FIND, 1)
    assert first.due_in_seconds == Limits().settle_seconds
    assert (second.step, second.lookups, second.due_in_seconds) == (Step.CALL, 0, 0)


def test_a_found_hand_over_brings_its_reference() -> None:
    found = settle(ground(FIND, FINDS, reference=""), Found(reference="PUPR-26-1"))
    event = settle(ground(FIND, FINDS), Found(reference="PUPR-26-1"))

    assert (found.forward_to, found.reference) == (7, "PUPR-26-1")
    assert found.hand_over == "handed_over"
    assert (event.forward_to, event.reference, event.hand_over) == (7, "", "")


@pytest.mark.parametrize(
    "outcome",
    [
        CannotTell(why="answered 500"),
        Retryable("refused connection"),
        OutcomeUnknown("timed out"),
        Refused("answered 400"),
        Found(reference=""),
    ],
)
@pytest.mark.parametrize("reference", ["", "PUPR-26-1"])
def test_a_lookup_that_fails_is_asked_again_and_at_last_held(
    outcome: Outcome, reference: str
) -> None:
    if isinstance(outcome, Found) and reference:
        return
    ask: dict[str, Any] = {"reference": reference, "lookups": 1, "progress": b"p"}

    found = settle(ground(FIND, FINDS, events=3, **ask), outcome)
    last = settle(ground(FIND, FINDS, stopped_age_seconds=OLD, **ask), outcome)

    assert found.step is Step.FIND
    assert (found.lookups, found.progress, found.failed) == (1, b"p", True)
    assert (found.clear_sending, found.forward_to) == (False, None)
    assert last.dead is DeadKind.HELD
    assert last.state is (CursorState.ACTIVE if reference else CursorState.HELD)


@pytest.mark.parametrize(
    ("can", "step", "state"),
    [
        (FINDS, Step.FIND, CursorState.ACTIVE),
        (KEY, Step.CALL, CursorState.ACTIVE),
        (NEITHER, Step.CALL, CursorState.HELD),
    ],
)
def test_a_hand_over_without_a_reference_is_an_unknown_one(
    can: Capabilities, step: Step, state: CursorState
) -> None:
    found = settle(ground(SUBMIT, can), Done())

    assert (found.outcome, found.forward_to, found.hand_over == "handed_over") == (
        "unknown",
        None,
        False,
    )
    assert (found.step, found.state) == (step, state)


@pytest.mark.parametrize("outcome", [NotFound(), OutcomeUnknown("timed out")])
@pytest.mark.parametrize("lookups", [0, 1])
def test_progress_outlives_a_doubt(outcome: Outcome, lookups: int) -> None:
    kind = FIND if isinstance(outcome, NotFound) else SEND

    found = settle(ground(kind, FINDS, progress=b"page 2", lookups=lookups), outcome)

    assert found.progress == b"page 2"


# --- refused, retried, given up -------------------------------------------------


def test_events_that_were_refused_together_are_sent_one_by_one() -> None:
    found = settle(ground(SEND, events=3), Refused("answered 422"))

    assert found.clear_sending
    assert found.narrow_to_seq == 7
    assert (found.forward_to, found.dead, found.due_in_seconds) == (None, None, 0)
    assert found.party is PartySignal.REFUSING


@pytest.mark.parametrize(
    ("call", "forward", "state", "hand_over"),
    [
        (SUBMIT, None, CursorState.PARKED, "hand_over_failed"),
        (SEND, 7, CursorState.ACTIVE, ""),
        (LATE, None, CursorState.ACTIVE, ""),
    ],
)
def test_a_delivery_is_given_up_by_age(
    call: PlanKind, forward: int | None, state: CursorState, hand_over: str
) -> None:
    young = settle(ground(call, stopped_age_seconds=OLD - 1), Retryable("down"))
    old = settle(ground(call, attempts=1, stopped_age_seconds=OLD), Retryable("down"))

    assert young.dead is None
    assert young.failed
    assert (old.dead, old.forward_to) == (DeadKind.GAVE_UP, forward)
    assert (old.state, old.hand_over) == (state, hand_over)


def test_a_late_retry_is_spaced_and_goes_on_like_every_delivery() -> None:
    down = Retryable("answered 503")
    waits = [settle(ground(LATE, attempts=n), down).due_in_seconds for n in (0, 1, 2)]

    assert waits == [0.55 * Limits().backoff_base_seconds * 2**n for n in (0, 1, 2)]
    for outcome in (
        down,
        OutcomeUnknown("timed out"),
        Pending(progress=b"2", poll_after_seconds=9),
    ):
        found = settle(ground(LATE, KEY), outcome)
        assert found.due_in_seconds is not None
        assert (found.dead, found.forward_to) == (None, None)


@pytest.mark.parametrize("can", [FINDS, NEITHER, TWICE])
def test_a_late_retry_of_unknown_outcome_is_held_where_no_key_is_honoured(
    can: Capabilities,
) -> None:
    found = settle(ground(LATE, can), OutcomeUnknown("timed out"))

    assert (found.dead, found.due_in_seconds) == (DeadKind.HELD, None)


def test_what_cannot_be_looked_for_is_held_where_the_hand_over_could_be() -> None:
    can = Capabilities(finds=True, finds_events=False)
    lost = OutcomeUnknown("timed out")

    assert settle(ground(SUBMIT, can), lost).step is Step.FIND
    later = settle(ground(SEND, can), lost)
    assert (later.dead, later.forward_to) == (DeadKind.HELD, 7)


@pytest.mark.parametrize("can", [KEY, FINDS, TWICE])
def test_an_unknown_outcome_that_is_too_old_is_held(can: Capabilities) -> None:
    found = settle(
        ground(SUBMIT, can, stopped_age_seconds=OLD), OutcomeUnknown("timed out")
    )

    assert (found.dead, found.state) == (DeadKind.HELD, CursorState.HELD)


@pytest.mark.parametrize("can", [KEY, FINDS, TWICE])
def test_what_may_have_been_done_is_held_when_it_is_given_up(can: Capabilities) -> None:
    again = ground(SUBMIT, can, unsure=True, attempts=2, stopped_age_seconds=OLD)
    found = settle(again, Retryable("down"))

    assert (found.dead, found.state) == (DeadKind.HELD, CursorState.HELD)
    assert found.hand_over == "hand_over_held"


@pytest.mark.parametrize(
    ("can", "events", "kind"),
    [
        (KEY, 1, DeadKind.REFUSED),  # it would have said "already there"
        (KEY, 3, None),
        (TWICE, 1, DeadKind.HELD),
        (TWICE, 3, DeadKind.HELD),  # one by one, each would be another message
    ],
)
def test_what_may_have_been_done_is_refused_only_by_who_knows_it(
    can: Capabilities, events: int, kind: DeadKind | None
) -> None:
    again = ground(SEND, can, events=events, unsure=True, attempts=1, resends=1)
    found = settle(again, Refused("answered 550"))

    assert found.dead is kind
    assert found.clear_sending is (kind is None)


def test_a_wait_that_the_party_asked_for_binds_the_whole_party() -> None:
    asked = Retryable("answered 429", after_seconds=600, throttled=True)
    for_ever = Retryable("answered 503", after_seconds=10**9, throttled=True)

    found = settle(ground(SEND), asked)
    longest = settle(ground(SEND), for_ever)

    assert (found.party, found.party_wait_seconds) == (PartySignal.THROTTLED, 600)
    assert found.due_in_seconds == 600
    assert longest.party_wait_seconds == RETRY_AFTER_CAP_SECONDS


def test_a_wait_of_one_delivery_is_kept_but_binds_nobody_else() -> None:
    found = settle(ground(SEND), Retryable("still copying", after_seconds=600))

    assert found.due_in_seconds == 600
    assert found.party is PartySignal.FAILING


def test_too_many_requests_without_a_wait_feed_the_breaker() -> None:
    found = settle(ground(SEND), Retryable("answered 503", throttled=True))

    assert found.party is PartySignal.FAILING
    assert found.failed


@pytest.mark.parametrize("call", [*CALLS, FIND])
def test_a_misconfigured_party_burns_nothing(call: PlanKind) -> None:
    step = Step.FIND if call is FIND else Step.CALL
    kept: dict[str, Any] = {
        "sending_step": step,
        "progress": b"p",
        "lookups": 1,
        "resends": 1,
    }

    found = settle(
        ground(call, events=3, stopped_age_seconds=OLD, **kept),
        Misconfigured("answered 401"),
    )

    assert not found.failed
    assert (found.dead, found.forward_to, found.clear_sending) == (None, None, False)
    assert (found.step, found.progress, found.lookups, found.resends) == (
        step,
        b"p",
        1,
        1,
    )


# --- total ----------------------------------------------------------------------

capabilities = st.builds(
    Capabilities,
    honours_key=st.booleans(),
    finds=st.booleans(),
    submits=st.booleans(),
    coalesces=st.booleans(),
    resends_once=st.booleans(),
)
cursors: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "reference": st.sampled_from(["", "PUPR-26-1"]),
        "sending_step": st.sampled_from(Step),
        "lookups": st.integers(0, 3),
        "resends": st.integers(0, 2),
        "attempts": st.integers(0, 1000),
        "progress": st.sampled_from([b"", b"page 2"]),
        "stopped_age_seconds": st.sampled_from([0.0, OLD - 1, OLD, 10 * OLD]),
    }
)
calls = st.sampled_from([SUBMIT, SEND, FIND, LATE])


@given(calls, capabilities, cursors, st.integers(0, 5), st.sampled_from(OUTCOMES))
def test_settling_is_total_and_never_both_forwards_and_keeps_the_range(
    kind: PlanKind,
    can: Capabilities,
    values: dict[str, Any],
    events: int,
    outcome: Outcome,
) -> None:
    base = ground(kind, can, events=events, **values)

    found = settle(base, outcome)

    kept = found.due_in_seconds is not None
    stopped = found.state is not CursorState.ACTIVE
    if found.forward_to is not None:
        assert found.forward_to == base.plan.to_seq
        assert not kept
        assert not stopped
        assert not (found.clear_sending)
        assert (found.step, found.progress, found.failed) == (Step.CALL, b"", False)
    else:
        assert kept or stopped or (base.is_late and found.dead)
        assert not (found.clear_sending and (stopped or found.dead or found.failed))
    assert stopped <= (base.is_submit and found.dead is not None)
    assert not (found.reference and found.forward_to is None)
    assert (found.hand_over == "handed_over") <= bool(found.reference)
    if found.dead is not None:
        assert found.why
        assert found.fingerprint


@given(st.integers(0, 10**6), st.floats(0, 1, exclude_max=True))
def test_retries_are_spaced_up_to_the_cap(attempts: int, jitter: float) -> None:
    limits = Limits(backoff_base_seconds=5, backoff_cap_seconds=3600)

    wait = backoff_seconds(limits, attempts, jitter)

    assert 0.5 <= wait <= 3600
    assert wait <= backoff_seconds(limits, attempts + 1, jitter)


# --- exceptions -----------------------------------------------------------------


def test_named_errors_are_their_own_outcome() -> None:
    error = Refused("answered 422")

    assert as_outcome(error, sent=True) is error


@pytest.mark.parametrize(
    ("error", "sent", "kind"),
    [
        (KeyError("nomor"), True, OutcomeUnknown),
        (KeyError("nomor"), False, Retryable),
        (ConnectorError("strange"), False, OutcomeUnknown),
    ],
)
def test_an_unnamed_error_is_unknown_once_it_was_sent(
    error: Exception,
    sent: bool,  # noqa: FBT001
    kind: type[ConnectorError],
) -> None:
    found = as_outcome(error, sent=sent)

    assert isinstance(found, kind)
    assert "nomor" not in found.why


def test_the_age_of_a_failure_leaves_out_stops() -> None:
    assert age_without_stops(at(10), None, 5) == 0
    assert age_without_stops(at(10), at(0), 60) == 540
    assert age_without_stops(at(10), at(9), 3600) == 0


def test_what_a_look_up_finds_half_done_goes_on_as_a_call() -> None:
    found = settle(ground(FIND, FINDS), Pending(progress=b"x", poll_after_seconds=0))

    assert (found.outcome, found.step, found.progress) == ("pending", Step.CALL, b"x")
    assert found.forward_to is None
