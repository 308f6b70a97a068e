"""Every outcome of a call, for every call and every capability, in one table."""

from itertools import product

import pytest

from connectors.contract import Capabilities, Done, Pending, Skipped
from connectors.errors import Misconfigured, OutcomeUnknown, Refused, Retryable
from hub.domain.delivery import PlanKind
from hub.domain.settlement import Outcome, settle
from tests.unit.domain.builders import ground

SUBMIT, SEND, LATE = PlanKind.SUBMIT, PlanKind.SEND, PlanKind.DEAD_LETTER
CAN = {
    "key": Capabilities(honours_key=True),
    "finds": Capabilities(finds=True),
    "neither": Capabilities(),
    "resends_once": Capabilities(resends_once=True),
}

# outcome, call, capability -> name, forward, step, state, dead, hand-over, party
_SENT = (
    ("done", 7, "call", "active", None, "", "healthy"),
    ("skipped", 7, "call", "active", None, "", "healthy"),
    ("pending", None, "call", "active", None, "", "healthy"),
    ("retry", None, "call", "active", None, "", "failing"),
    ("misconfigured", None, "call", "active", None, "", "misconfigured"),
)
_REPLIES: dict[str, Outcome] = {
    "done": Done(reference="PUPR-26-1"),
    "skipped": Skipped(why="takes no ratings"),
    "pending": Pending(progress=b"page 2", poll_after_seconds=9),
    "retry": Retryable("connection refused"),
    "misconfigured": Misconfigured("answered 401"),
    "unknown": OutcomeUnknown("timed out"),
    "refused": Refused("answered 422"),
}
_ASKED = ("unknown", None, "find", "active", None, "", "failing")
_AGAIN = ("unknown", None, "call", "active", None, "", "failing")
_LATE_HELD = ("unknown", None, "call", "active", "held", "", "failing")
Row = tuple[str, int | None, str, str, str | None, str, str]
TABLE: dict[tuple[PlanKind, str], tuple[Row, ...]] = {
    **{
        (SUBMIT, can): (
            ("done", 7, "call", "active", None, "handed_over", "healthy"),
            *_SENT[1:],
            unknown,
            (
                "refused",
                None,
                "call",
                "parked",
                "refused",
                "hand_over_failed",
                "refusing",
            ),
        )
        for can, unknown in {
            "key": _AGAIN,
            "finds": _ASKED,
            "neither": (
                "unknown",
                None,
                "call",
                "held",
                "held",
                "hand_over_held",
                "failing",
            ),
            "resends_once": _AGAIN,
        }.items()
    },
    **{
        (SEND, can): (
            *_SENT,
            unknown,
            ("refused", 7, "call", "active", "refused", "", "refusing"),
        )
        for can, unknown in {
            "key": _AGAIN,
            "finds": _ASKED,
            "neither": ("unknown", 7, "call", "active", "held", "", "failing"),
            "resends_once": _AGAIN,
        }.items()
    },
    **{
        (LATE, can): (
            *_SENT,
            _AGAIN if can == "key" else _LATE_HELD,
            ("refused", None, "call", "active", "refused", "", "refusing"),
        )
        for can in CAN
    },
}
CASES = [(call, can, row) for (call, can), rows in TABLE.items() for row in rows]


@pytest.mark.parametrize(("call", "can", "row"), CASES)
def test_each_outcome_has_its_consequence(call: PlanKind, can: str, row: Row) -> None:
    found = settle(ground(call, CAN[can]), _REPLIES[row[0]])

    assert row == (
        found.outcome,
        found.forward_to,
        found.step,
        found.state,
        found.dead,
        found.hand_over,
        found.party,
    )


def test_the_table_is_complete() -> None:
    asked = {(call, can, row[0]) for call, can, row in CASES}

    assert asked == set(product((SUBMIT, SEND, LATE), CAN, _REPLIES))
