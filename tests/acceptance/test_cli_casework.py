"""`simpul complaints VERB`: what an operator decides."""

import pytest

from hub.domain.workflow import WORKFLOW
from tests.acceptance.command import FAILED, USAGE, Run, World


def test_a_closed_complaint_is_disputed_answered_and_rated(
    lived: Run, world: World
) -> None:
    agency = "dinas_pupr"
    for arguments, status in (
        (["dispute", world.code, "--text", "Masih berlubang"], "in_progress"),
        (["answer", world.code, "--agency", agency, "--text", "Besok"], "in_progress"),
        (["settle", world.code, "--agency", agency, "--why", "telepon"], "closed"),
        (["rate", world.code, "--stars", "4"], "closed"),
    ):
        found = lived("complaints", *arguments, "--json")
        assert found.code == 0, found.err
        assert found.document["status"] == status

    audit = lived("audit", "list", "--json").document
    assert sorted(row["action"] for row in audit) == [
        "complaint_followed_up",
        "complaint_rated",
        "complaint_reopened",
        "complaint_resolved",
    ]
    assert all(row["by"].startswith("cli:") for row in audit)


def test_what_cannot_be_done_says_what_can(lived: Run, world: World) -> None:
    found = lived("complaints", "verify", world.code, "--json")

    assert (found.code, found.out) == (FAILED, "")
    assert "the complaint is closed: verify is for on_hold, received" in found.err
    assert "dispute" in found.err


def test_a_reason_is_chosen_from_the_list(lived: Run, world: World) -> None:
    found = lived("complaints", "archive", world.code, "--reason", "bored")

    assert found.code == USAGE
    assert "too_general" in found.err


@pytest.mark.parametrize("verb", WORKFLOW)
def test_every_verb_explains_itself(run: Run, verb: str) -> None:
    found = run("complaints", verb, "--help")

    assert found.code == 0
    assert "--why" in found.out
