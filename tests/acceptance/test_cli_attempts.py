"""`simpul complaints attempts`: who was called, and what was said."""

import pytest

from tests.acceptance.command import FAILED, USAGE, Run, World


def test_every_call_is_listed_without_a_word_of_what_was_said(
    lived: Run, world: World
) -> None:
    found = lived("complaints", "attempts", world.code, "--json").document
    steps = [(row["party"], row["step"], row["outcome"]) for row in found]

    assert steps[0] == ("dinas_pupr", "submit", "done")
    assert all(not {"request", "response"} & set(row) for row in found)
    assert "dinas_pupr" in lived("complaints", "attempts", world.code).out


def test_one_call_shows_what_was_told_and_what_was_answered(
    lived: Run, world: World
) -> None:
    first, *_ = lived("complaints", "attempts", world.code, "--json").document
    why = ("--why", "keluhan kantor")
    shown = lived(
        "complaints", "attempts", world.code, "--open", first["id"], *why, "--json"
    ).document

    assert shown["request"]["party"] == "dinas_pupr"
    assert shown["request"]["complaint"]["body"]
    assert "nomor" in shown["response"]
    entry = lived("audit", "list", "--json").document[0]
    assert (entry["action"], entry["reason"]) == ("attempt_opened", "keluhan kantor")
    text = lived("complaints", "attempts", world.code, "--open", first["id"], *why).out
    assert "response" in text


def test_nobody_looks_without_a_reason(lived: Run, world: World) -> None:
    first, *_ = lived("complaints", "attempts", world.code, "--json").document
    found = lived("complaints", "attempts", world.code, "--open", first["id"])

    assert (found.code, found.out) == (USAGE, "")
    assert "--why" in found.err


@pytest.mark.parametrize("name", ["x", "01a20f96-6cb6-774a-ab3d-44b3254999a8"])
def test_an_attempt_that_there_is_not_is_an_error(
    lived: Run, world: World, name: str
) -> None:
    found = lived("complaints", "attempts", world.code, "--open", name, "--why", "x")

    assert (found.code, found.out) == (FAILED, "")
    assert "no attempt" in found.err
