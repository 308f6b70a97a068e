"""What a due cursor needs next."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Capabilities
from hub.domain.delivery import Plan, PlanKind, Step, is_handed_over, plan
from tests.unit.domain.builders import cursor

ONE = Capabilities()
MANY = Capabilities(coalesces=True)
TOLD_ONLY = Capabilities(submits=False)
FROZEN = {"sending_from_seq": 4, "sending_to_seq": 6}


def test_a_frozen_range_comes_before_everything_else() -> None:
    base: dict[str, Any] = {**FROZEN, "dead_letter_seq": 2}

    send = plan(cursor(**base), [8, 9], MANY)
    submit = plan(cursor(**base, reference=""), [8, 9], MANY)
    find = plan(cursor(**base, sending_step=Step.FIND), [8, 9], MANY)
    told = plan(cursor(**base, reference=""), [8, 9], TOLD_ONLY)

    assert send == Plan(PlanKind.SEND, 4, 6, frozen=True)
    assert submit == Plan(PlanKind.SUBMIT, 4, 6, frozen=True)
    assert find == Plan(PlanKind.FIND, 4, 6, frozen=True)
    assert told == Plan(PlanKind.SEND, 4, 6, frozen=True)


def test_a_requested_dead_letter_is_sent_alone() -> None:
    assert plan(cursor(dead_letter_seq=2), [5, 6], MANY) == Plan(
        PlanKind.DEAD_LETTER, 2, 2
    )


def test_a_cursor_with_nothing_to_tell_moves_without_a_call() -> None:
    assert plan(cursor(), [], MANY) == Plan(PlanKind.ADVANCE, 4, 9)
    assert plan(cursor(reference=""), [], ONE) == Plan(PlanKind.ADVANCE, 4, 9)


def test_the_hand_over_covers_up_to_the_first_event_only() -> None:
    assert plan(cursor(reference=""), [5, 6], MANY) == Plan(PlanKind.SUBMIT, 4, 5)


def test_a_party_that_is_only_told_gets_no_hand_over() -> None:
    assert plan(cursor(reference=""), [5, 6], TOLD_ONLY) == Plan(PlanKind.SEND, 4, 5)


def test_events_go_together_where_the_system_takes_several() -> None:
    assert plan(cursor(), [5, 7, 8], ONE) == Plan(PlanKind.SEND, 4, 5)
    assert plan(cursor(), [5, 7, 8], MANY) == Plan(PlanKind.SEND, 4, 8)


def test_events_that_were_refused_together_go_alone() -> None:
    narrow = cursor(narrow_to_seq=7)

    assert plan(narrow, [5, 7, 8], MANY) == Plan(PlanKind.SEND, 4, 5)
    assert plan(narrow, [7, 8], MANY) == Plan(PlanKind.SEND, 4, 7)
    assert plan(narrow, [8, 9], MANY) == Plan(PlanKind.SEND, 4, 9)


@given(
    st.lists(st.integers(4, 9), unique=True).map(sorted),
    st.sampled_from(["", "PUPR-26-1"]),
    st.none() | st.integers(1, 9),
    st.booleans(),
)
def test_a_plan_begins_after_what_was_delivered_and_skips_nothing_wanted(
    wanted: list[int],
    reference: str,
    narrow: int | None,
    coalesces: bool,  # noqa: FBT001
) -> None:
    can = Capabilities(coalesces=coalesces)

    found = plan(cursor(reference=reference, narrow_to_seq=narrow), wanted, can)

    covered = [seq for seq in wanted if found.from_seq <= seq <= found.to_seq]
    assert found.from_seq == 4
    assert found.to_seq <= 9
    assert covered == wanted[: len(covered)]
    assert bool(covered) is bool(wanted)
    assert len(covered) <= 1 or (coalesces and reference)


def test_a_reference_is_what_a_hand_over_leaves() -> None:
    assert is_handed_over(cursor(), ONE)
    assert not is_handed_over(cursor(reference=""), ONE)
    assert is_handed_over(cursor(reference=""), TOLD_ONLY)
