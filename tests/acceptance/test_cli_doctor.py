"""`simpul doctor` and `simpul audit verify`: is this deployment well?"""

from pathlib import Path

import pytest

from tests.acceptance.command import FAILED, UNHEALTHY, Run, sql, tree, wrong


def test_a_sound_deployment_is_healthy(lived: Run) -> None:
    found = lived("doctor", "--json")
    assert (found.code, found.document["healthy"]) == (0, True)
    names = {check["check"] for check in found.document["checks"]}
    expected = "database,migrations,key ring,partitions,records,erased,seals,clock"
    assert names >= set(expected.split(","))
    assert "All is well." in lived("doctor").err


def test_doctor_finds_a_broken_record(lived: Run, tmp_path: Path) -> None:
    sql(tmp_path, "UPDATE complaints SET status = 'received' WHERE status = 'closed'")
    found = lived("doctor", "--json")
    assert (found.code, wrong(found)) == (UNHEALTHY, ["records"])
    records = next(c for c in found.document["checks"] if c["check"] == "records")
    assert {f["rule"] for f in records["findings"]} == {"projection_equals_fold"}
    assert "projection_equals_fold" in lived("doctor").err


def test_doctor_finds_what_a_backup_brought_back(lived: Run, tmp_path: Path) -> None:
    erased = lived("complaints", "list", "--json").document[0]["id"]
    (tmp_path / "data" / "erased.log").write_text(f"{erased} 2026-11-24\n")
    found = lived("doctor", "--json")
    assert (found.code, wrong(found)) == (UNHEALTHY, ["erased"])


def test_doctor_finds_a_key_ring_that_is_open_to_others(
    lived: Run, tmp_path: Path
) -> None:
    (tmp_path / "data" / "keyring.json").chmod(0o644)
    found = lived("doctor", "--json")
    assert (found.code, wrong(found)) == (UNHEALTHY, ["key ring"])


def test_doctor_finds_a_database_that_is_away(
    lived: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    monkeypatch.setenv("SIMPUL_DATABASE_URL", address)
    found = lived("doctor", "--json")
    assert (found.code, wrong(found)) == (UNHEALTHY, ["database"])


def test_doctor_finds_a_clock_that_is_wrong(lived: Run, tmp_path: Path) -> None:
    sql(tmp_path, "UPDATE clock SET offset_us = 60000000")
    found = lived("doctor", "--json")
    assert (found.code, wrong(found)) == (UNHEALTHY, ["clock"])


def test_doctor_changes_nothing(lived: Run, tmp_path: Path) -> None:
    before = tree(tmp_path / "data")
    assert lived("doctor").code == 0
    assert tree(tmp_path / "data") == before


def test_a_changed_row_breaks_its_seal(lived: Run, tmp_path: Path) -> None:
    sound = lived("audit", "verify", "--json")
    assert (sound.code, sound.document["broken"]) == (0, [])
    assert sound.document["sealed"]["log"] > 6
    assert "Every seal holds" in lived("audit", "verify").err
    sql(tmp_path, "UPDATE log SET author_id = 'nobody' WHERE position = 1")
    broken = lived("audit", "verify", "--json")
    assert broken.code == FAILED
    assert broken.document["broken"][0]["kind"] == "log"
    table = lived("audit", "verify")
    assert (table.code, "a row was changed" in table.out) == (FAILED, True)
    assert wrong(lived("doctor", "--json")) == ["seals"]
