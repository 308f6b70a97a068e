"""What is missing or wrong is told in one line that says what to do."""

from pathlib import Path

import pytest

from tests.acceptance.command import FAILED, UNHEALTHY, Run, sql, wrong


@pytest.mark.parametrize(
    "command",
    [
        ["doctor"],
        ["stats"],
        ["complaints", "list"],
        ["complaints", "erase", "X", "--yes"],
        ["parties", "list"],
        ["dead", "retry", "--all"],
        ["held", "list"],
        ["quarantine", "list"],
        ["audit", "verify"],
        ["keys", "list"],
        ["keys", "rotate", "--yes"],
        ["db", "replay-spool"],
    ],
    ids=" ".join,
)
def test_without_a_database_one_line_says_what_makes_one(
    run: Run, tmp_path: Path, command: list[str]
) -> None:
    found = run(*command)
    assert (found.code, found.out) == (FAILED, "")
    assert found.err.count("\n") == 1
    assert "run `simpul run` or `simpul db upgrade` first" in found.err
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("SIMPUL_SERVER__PORT", "web", "server.port"),
        ("SIMPUL_CHANNELS", "{", "channels"),
        ("SIMPUL_DATABASE_URL", "nonsense", "SIMPUL_DATABASE_URL"),
        (
            "SIMPUL_DATABASE_URL",
            "postgresql+psycopg://nobody:hidden@127.0.0.1:1/none",
            "cannot be reached",
        ),
    ],
)
def test_wrong_settings_are_told_in_one_line(
    lived: Run, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: str
) -> None:
    monkeypatch.setenv(variable, value)
    found = lived("stats")
    assert (found.code, found.out) == (FAILED, "")
    assert words in found.err
    assert found.err.count("\n") == 1
    assert "hidden" not in found.err


def test_a_file_of_settings_that_cannot_be_read_is_told(
    lived: Run, tmp_path: Path
) -> None:
    (tmp_path / "simpul.toml").write_text("port = [")
    found = lived("stats")
    assert found.code == FAILED
    assert "simpul.toml" in found.err
    assert "Traceback" not in found.err


def test_a_damaged_key_ring_is_told(lived: Run, tmp_path: Path) -> None:
    (tmp_path / "data" / "keyring.json").write_text("{}")
    found = lived("stats")
    assert found.code == FAILED
    assert "is damaged" in found.err


def test_a_database_of_another_revision_is_told(lived: Run, tmp_path: Path) -> None:
    sql(tmp_path, "UPDATE alembic_version SET version_num = '0000'")
    assert "simpul db upgrade" in lived("stats").err
    sql(tmp_path, "UPDATE alembic_version SET version_num = '9999'")
    assert "newer than this program" in lived("stats").err
    found = lived("doctor", "--json")
    assert found.code == UNHEALTHY
    assert wrong(found) == ["migrations"]


def test_a_file_that_is_no_database_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "simpul.db").write_text("no database " * 1000)
    found = run("stats")
    assert found.code == FAILED
    assert "not a database" in found.err
