"""What an attempt shows, to whom, and until when."""

import pytest
from uuid_utils.compat import uuid7

from connectors.contract import Done
from hub.database import tables as t
from hub.domain.delivery import PlanKind
from tests.contract.builders import PUPR
from tests.contract.world import Known, World


@pytest.fixture
def known(world: World) -> Known:
    """A complaint that its agency took."""
    found = world.register()
    call = world.begin(PUPR, PlanKind.SUBMIT)
    world.end(call, Done(reference="PUPR-26-1", response=b'{"nomor": "PUPR-26-1"}'))
    return found


def test_a_call_is_listed_and_opened_and_the_trail_says_by_whom(
    world: World, known: Known
) -> None:
    evidence = world.store.evidence
    (listed,) = evidence.attempts(known.id)
    assert (listed["party"], listed["outcome"]) == (PUPR, "done")
    assert "request" not in listed
    assert world.rows(t.audit) == []

    shown = evidence.open(known.id, listed["id"], "operator", "asked by the agency")
    assert shown is not None
    assert shown["request"]["complaint"] == {"body": "isi"}
    assert shown["response"] == '{"nomor": "PUPR-26-1"}'
    entry = world.row(t.audit)
    assert (entry.by, entry.action, entry.subject) == (
        "operator",
        "attempt_opened",
        known.id,
    )


def test_an_attempt_of_another_complaint_is_none(world: World, known: Known) -> None:
    other = world.register("k2")
    (listed,) = world.store.evidence.attempts(known.id)

    for complaint, attempt in ((other.id, listed["id"]), (known.id, str(uuid7()))):
        assert world.store.evidence.open(complaint, attempt, "operator", "x") is None
    assert world.rows(t.audit) == []


def test_after_an_erasure_it_shows_that_there_was_a_call(
    world: World, known: Known
) -> None:
    (listed,) = world.store.evidence.attempts(known.id)
    world.store.eraser.request(known.id, "operator", "asked")
    world.move_clock(3600)
    world.store.eraser.erase_due()

    shown = world.store.evidence.open(known.id, listed["id"], "operator", "x")
    assert shown is not None
    assert (shown["request"], shown["response"]) == (None, None)
    assert shown["outcome"] == "done"
