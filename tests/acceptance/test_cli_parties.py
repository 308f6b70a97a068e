"""`simpul parties`, and who paused and resumed them: `simpul audit list`."""

import pytest

from tests.acceptance.command import FAILED, Run, party


def test_an_action_is_audited_with_who_and_why(lived: Run) -> None:
    found = lived("parties", "pause", "dinkes", "--why", "a move", "--json")
    assert found.document == {"party": "dinkes", "state": "paused"}
    assert party(lived, "dinkes")["state"] == "paused"
    assert lived("parties", "resume", "dinkes", "--why", "moved").code == 0
    assert party(lived, "dinkes")["state"] == "active"
    newest, first = lived("audit", "list", "--json").document
    assert (newest["action"], newest["reason"]) == ("party_resumed", "moved")
    assert (first["action"], first["reason"]) == ("party_paused", "a move")
    assert first["by"].startswith("cli:")
    assert len(lived("audit", "list", "--limit", "1", "--json").document) == 1


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_an_unknown_party_is_an_error_with_a_suggestion(lived: Run, verb: str) -> None:
    found = lived("parties", verb, "dinkess", "--why", "x")
    assert found.code == FAILED
    assert "did you mean dinkes?" in found.err


def test_who_lags_is_explained_by_what_was_set_aside(lived: Run) -> None:
    assert "simpul dead list" in lived("parties", "list").err


def test_a_complaint_whose_hand_over_is_set_aside_says_where_it_is(lived: Run) -> None:
    letters = lived("dead", "list", "--kind", "refused", "--json").document
    parked = lived("complaints", "show", letters[0]["complaint_id"])

    assert "A hand-over is set aside: simpul dead list" in parked.err
