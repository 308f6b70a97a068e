"""`simpul db`: the tables, and what waits beside the database."""

from pathlib import Path

from tests.acceptance.command import FAILED, UNHEALTHY, Run, sql


def test_upgrade_and_init_make_what_the_others_need(run: Run) -> None:
    first = run("db", "upgrade", "--json").document
    assert first["changed"]
    assert not run("db", "upgrade", "--json").document["changed"]
    missing = run("stats")
    assert missing.code == FAILED
    assert "simpul keys init" in missing.err
    made = run("keys", "init", "--json").document
    assert made["made"]
    again = run("keys", "init", "--json").document
    assert (again["made"], again["current"]) == (False, made["current"])
    assert run("stats", "--json").document["accepted"] == 0
    assert run("doctor").code == 0


def test_the_data_directory_can_be_given(run: Run, tmp_path: Path) -> None:
    elsewhere = str(tmp_path / "elsewhere")
    assert run("db", "upgrade", "--data-dir", elsewhere).code == 0
    assert (tmp_path / "elsewhere" / "simpul.db").exists()
    assert not (tmp_path / "data").exists()


def test_lost_messages_come_back_from_the_edge(lived: Run, tmp_path: Path) -> None:
    nothing = lived("db", "replay-spool", "--json").document
    assert (nothing["spooled"], nothing["lost"]) == (0, 0)
    sql(
        tmp_path,
        "DELETE FROM journal_raw WHERE journal_id IN"
        " (SELECT id FROM journal WHERE state = 'quarantined')",
        "DELETE FROM source_keys WHERE journal_id IN"
        " (SELECT id FROM journal WHERE state = 'quarantined')",
        "DELETE FROM journal WHERE state = 'quarantined'",
    )
    assert lived("doctor").code == UNHEALTHY
    assert lived("db", "replay-spool", "--json").document["lost"] == 3
    assert lived("db", "replay-spool", "--json").document["lost"] == 0
