"""`simpul dead` and `simpul held`: what was set aside for a person to decide."""

from pathlib import Path

from tests.acceptance.command import FAILED, USAGE, Run, World, sql


def test_dead_letters_are_retried_by_id_and_all(lived: Run) -> None:
    one, other = [
        row["id"]
        for row in lived("dead", "list", "--kind", "refused", "--json").document
    ]
    first = lived("dead", "retry", one, "--why", "mended").err
    assert "1 of 1 will be sent again.\n" in first
    assert lived("dead", "retry", "--all", "--json").document["requested"] == 1
    again = lived("dead", "retry", one).err
    assert "0 of 1 will be sent again; the others already were to be." in again
    states = {
        row["id"]: row["state"] for row in lived("dead", "list", "--json").document
    }
    held = lived("held", "list", "--json").document[0]["id"]
    assert states == {one: "requested", other: "requested", held: "open"}


def test_retry_wants_ids_or_all_and_known_ones(lived: Run) -> None:
    assert lived("dead", "retry").code == USAGE
    one = lived("dead", "list", "--kind", "refused", "--json").document[0]["id"]
    assert lived("dead", "retry", one, "--all").code == USAGE
    found = lived("dead", "retry", one, "nobody")
    assert found.code == FAILED
    assert "nobody" in found.err
    held = lived("held", "list", "--json").document[0]["id"]
    assert lived("dead", "retry", held).code == FAILED
    assert {row["state"] for row in lived("dead", "list", "--json").document} == {
        "open"
    }


def test_a_discarded_letter_is_gone_but_a_hand_over_is_not(
    lived: Run, tmp_path: Path
) -> None:
    one = lived("dead", "list", "--kind", "refused", "--json").document[0]["id"]
    refused = lived("dead", "discard", one, "--yes")
    assert refused.code == FAILED
    assert "hand-over" in refused.err
    sql(tmp_path, "UPDATE dead_letters SET is_submit = 0")
    assert lived("dead", "discard", one).code == USAGE
    found = lived("dead", "discard", one, "--yes", "--why", "late", "--json")
    assert found.document == {"asked": 1, "discarded": 1}
    assert len(lived("dead", "list", "--json").document) == 2


def test_a_held_hand_over_is_resolved_by_its_reference(
    lived: Run, world: World
) -> None:
    known = world.held_reference
    row = lived("held", "list", "--json").document[0]
    assert lived("held", "resolve", row["id"]).code == USAGE
    both = ("--reference", known, "--resend")
    assert lived("held", "resolve", row["id"], *both).code == USAGE
    found = lived("held", "resolve", row["id"], "--reference", known, "--json")
    assert found.document == {"id": row["id"], "result": "resolved"}
    shown = lived("complaints", "show", row["complaint_id"], "--json").document
    assert known in [leg["reference"] for leg in shown["legs"]]
    assert lived("held", "list", "--json").document == []
    assert lived("doctor").code == 0
    assert lived("held", "resolve", row["id"], "--resend").code == FAILED


def test_a_held_hand_over_is_sent_again(lived: Run) -> None:
    row = lived("held", "list", "--json").document[0]
    found = lived("held", "resolve", row["id"], "--resend", "--json")
    assert found.document["result"] == "to be sent again"
    assert lived("held", "list", "--json").document[0]["state"] == "requested"
    assert lived("held", "resolve", row["id"], "--resend").code == FAILED
