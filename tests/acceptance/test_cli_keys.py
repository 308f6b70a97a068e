"""`simpul keys`: the ring that everything is under."""

from pathlib import Path

import httpx2

from tests.acceptance.command import USAGE, Run, World, first_document, started
from tests.acceptance.world import wait_until


def test_after_a_rotation_everything_is_under_the_new_key(
    lived: Run, world: World
) -> None:
    before = lived("complaints", "show", world.code, "--json").document
    assert lived("keys", "rotate").code == USAGE
    found = lived("keys", "rotate", "--yes", "--why", "yearly", "--json").document
    assert found["added"]
    assert found["wrapped_again"]["data_keys.wrapped"] > 6
    assert found["wrapped_again"]["cursors.reference"] >= 3
    old, new = lived("keys", "list", "--json").document
    assert (old["values"], old["current"]) == (0, False)
    assert (new["id"], new["current"]) == (found["current"], True)
    assert lived("complaints", "show", world.code, "--json").document == before
    assert lived("doctor").code == 0
    actions = [row["action"] for row in lived("audit", "list", "--json").document]
    assert actions == ["keys_rotated", "ring_key_added"]


def test_a_rotation_in_two_steps_adds_one_key(lived: Run) -> None:
    before = lived("keys", "list", "--json").document[0]["id"]
    added = lived("keys", "rotate", "--add-only", "--json").document
    assert (added["added"], added["wrapped_again"]) == (True, {})
    assert added["current"] == before != added["prepared"]
    assert not lived("keys", "rotate", "--add-only", "--json").document["added"]
    finished = lived("keys", "rotate", "--yes", "--json").document
    assert (finished["added"], finished["current"]) == (False, added["prepared"])
    old, _ = lived("keys", "list", "--json").document
    assert (old["id"], old["values"]) == (before, 0)
    actions = [row["action"] for row in lived("audit", "list", "--json").document]
    assert actions == ["keys_rotated", "ring_key_added"]
    assert "backups" in lived("keys", "rotate", "--yes").err


def test_no_hub_is_restarted_for_a_rotation(lived: Run, tmp_path: Path) -> None:
    for command in (["rotate", "--help"], ["rotate", "--add-only"], ["rotate"]):
        found = lived("keys", *command)
        assert "restart" not in (found.out + found.err).lower()
    assert "--yes" in lived("keys", "rotate").err


def test_a_hub_goes_on_while_its_keys_are_rotated(
    lived: Run, world: World, tmp_path: Path
) -> None:
    place = str(tmp_path / "data")
    with started("run", "--port=0", "--json", "--data-dir", place) as process:
        http = first_document(process)["http"]
        assert send(http, "key-0001") == 202
        assert lived("keys", "rotate", "--yes").code == 0
        assert send(http, "key-0002") == 202
        page = httpx2.get(f"{http}/t/{world.code}", timeout=20)
        assert page.status_code == 200
        assert "PUPR-26-" in page.text
        old, new = lived("keys", "list", "--json").document
        assert (old["values"], old["current"], new["current"]) == (0, False, True)
        wait_until(
            lambda: lived("stats", "--json").document,
            {"to_work": 0, "complaints": 8, "quarantined": 3},
        )
        process.terminate()
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "KeyDestroyed" not in err
    assert lived("doctor").code == 0


def send(http: str, key: str) -> int:
    complaint = {"title": f"Jalan berlubang {key}", "body": "Mohon ditambal."}
    answer = httpx2.post(
        f"{http}/api/v1/complaints",
        json=complaint,
        headers={"Idempotency-Key": key},
        timeout=20,
    )
    return answer.status_code
