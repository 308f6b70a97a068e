"""The `simpul` command, as a person or a script uses it."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import httpx2
import pytest

from hub.__main__ import main
from hub.cli.root import COMMANDS, simpul
from tests.acceptance.world import live_through_a_day

FAILED, USAGE, UNHEALTHY, INTERRUPTED = 1, 2, 3, 130
HEAVY = ("sqlalchemy", "fastapi", "pydantic_settings", "pydantic", "kombu", "rich")


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Result]


@dataclass(frozen=True)
class World:
    data_dir: Path
    code: str
    held_reference: str


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    place = tmp_path_factory.mktemp("world") / "data"
    lived = live_through_a_day(place)
    return World(place, lived.code, lived.held_reference)


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Run:
    """Run a command in an empty place."""
    for name in [name for name in os.environ if name.startswith("SIMPUL_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SIMPUL_DATA_DIR", str(tmp_path / "data"))

    def run_(*arguments: str) -> Result:
        capfd.readouterr()
        code = main(arguments)
        captured = capfd.readouterr()
        return Result(code, captured.out, captured.err)

    return run_


@pytest.fixture
def lived(run: Run, world: World, tmp_path: Path) -> Run:
    """Run a command on a copy of the lived-in world."""
    shutil.copytree(world.data_dir, tmp_path / "data")
    return run


# --- help and start ------------------------------------------------------------


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from hub.__main__ import main; main(['--help']);"
        f"sys.stderr.write(','.join(m for m in {HEAVY!r} if m in sys.modules))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert found.stderr == ""
    assert all(name in found.stdout for name in COMMANDS)


def paths() -> Iterator[list[str]]:
    context = click.Context(simpul)
    for name in COMMANDS:
        yield [name]
        found = simpul.get_command(context, name)
        if isinstance(found, click.Group):
            yield from ([name, verb] for verb in found.commands)


@pytest.mark.parametrize("path", list(paths()), ids=" ".join)
def test_every_command_has_help(run: Run, path: list[str]) -> None:
    found = run(*path, "--help")
    assert found.code == 0
    assert f"Usage: simpul {' '.join(path)}" in found.out
    if path[0] != "demo" and (len(path) > 1 or path[0] in {"run", "doctor", "stats"}):
        assert "--json" in found.out
        assert "--data-dir" in found.out


def test_version_is_printed(run: Run) -> None:
    assert run("--version").out.startswith("simpul ")


@pytest.mark.parametrize(
    "wrong",
    [
        ["complaint"],
        ["complaints", "list", "--status", "lost"],
        ["complaints", "show"],
        ["complaints", "list", "--limit", "0"],
        ["dead", "list", "--kind", "odd"],
        ["parties", "pause", "dinkes"],
        ["stats", "--colour"],
    ],
    ids=" ".join,
)
def test_a_misspelt_command_is_a_usage_error(run: Run, wrong: list[str]) -> None:
    found = run(*wrong)
    assert (found.code, found.out) == (USAGE, "")
    assert "Usage:" in found.err


# --- nothing is there yet ------------------------------------------------------


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


# --- errors are one line -------------------------------------------------------


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
    _sql(tmp_path, "UPDATE alembic_version SET version_num = '0000'")
    assert "simpul db upgrade" in lived("stats").err
    _sql(tmp_path, "UPDATE alembic_version SET version_num = '9999'")
    assert "newer than this program" in lived("stats").err
    found = lived("doctor", "--json")
    assert found.code == UNHEALTHY
    assert _wrong(found) == ["migrations"]


def test_a_file_that_is_no_database_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "simpul.db").write_text("no database " * 1000)
    found = run("stats")
    assert found.code == FAILED
    assert "not a database" in found.err


# --- looking -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "count"),
    [
        (["complaints", "list"], 6),
        (["complaints", "list", "--limit", "2"], 2),
        (["complaints", "list", "--status", "closed"], 3),
        (["parties", "list"], 3),
        (["dead", "list"], 3),
        (["dead", "list", "--kind", "refused"], 2),
        (["dead", "list", "--kind", "gave_up"], 0),
        (["held", "list"], 1),
        (["quarantine", "list"], 3),
        (["audit", "list"], 0),
        (["keys", "list"], 1),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_lists_are_json_for_programs_and_tables_for_people(
    lived: Run, command: list[str], count: int
) -> None:
    found = lived(*command, "--json")
    assert (found.code, found.err) == (0, "")
    assert len(found.document) == count
    table = lived(*command)
    assert table.code == 0
    lines = table.out.splitlines()
    assert len(lines) == (count + 1 if count else 0)
    assert table.err  # what to do next, or that there is nothing


def test_stats_count(lived: Run) -> None:
    counts = lived("stats", "--json").document
    assert (counts["complaints"], counts["held"], counts["quarantined"]) == (6, 1, 3)
    found = lived("stats")
    assert "dead_letters" in found.out
    assert "simpul held list" in found.err


def test_a_complaint_is_found_by_code_number_and_id(lived: Run, world: World) -> None:
    spoken = world.code.lower().replace("-", " ")
    first = lived("complaints", "show", spoken, "--json").document
    assert first["status"] == "closed"
    assert first["legs"][0]["name"] == "dinas_pupr"
    assert first["legs"][0]["reference"].startswith("PUPR-26-")
    assert {row["party"] for row in first["cursors"]} >= {"dinas_pupr"}
    assert "code" not in first
    for name in (first["public_number"], first["id"], first["id"].upper()):
        assert lived("complaints", "show", name, "--json").document == first
    assert first["public_number"] in lived("complaints", "show", spoken).out


def test_a_trace_has_everything_in_order_of_time(lived: Run, world: World) -> None:
    lines = lived("complaints", "trace", world.code, "--json").document
    assert lines == sorted(lines, key=lambda line: line["at"])
    kinds = {line["what"].split()[0] for line in lines}
    assert kinds >= {"raw", "event", "attempt"}
    assert "raw in" in lived("complaints", "trace", world.code).out


@pytest.mark.parametrize("verb", ["show", "trace"])
@pytest.mark.parametrize("name", ["AAAA-AAAA-A", "999999999999999", "x" * 36])
def test_an_unknown_complaint_is_an_error(lived: Run, verb: str, name: str) -> None:
    found = lived("complaints", verb, name, "--json")
    assert (found.code, found.out) == (FAILED, "")
    assert "no complaint" in found.err


# --- acting --------------------------------------------------------------------


def test_an_action_is_audited_with_who_and_why(lived: Run) -> None:
    found = lived("parties", "pause", "dinkes", "--why", "a move", "--json")
    assert found.document == {"party": "dinkes", "state": "paused"}
    assert _party(lived, "dinkes")["state"] == "paused"
    assert lived("parties", "resume", "dinkes", "--why", "moved").code == 0
    assert _party(lived, "dinkes")["state"] == "active"
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


def test_erasing_needs_a_yes_and_is_requested_once(lived: Run, world: World) -> None:
    unsure = lived("complaints", "erase", world.code)
    assert (unsure.code, lived("audit", "list", "--json").document) == (USAGE, [])
    assert "--yes" in unsure.err
    for _ in range(2):
        found = lived("complaints", "erase", world.code, "--yes", "--json")
        assert found.document["erasure"] == "requested"
    done = lived("audit", "list", "--json").document
    assert [row["action"] for row in done] == ["erasure_requested"]
    shown = lived("complaints", "show", world.code, "--json").document
    assert shown["erasure_due_at"]


def test_dead_letters_are_retried_by_id_and_all(lived: Run) -> None:
    one, other = [
        row["id"]
        for row in lived("dead", "list", "--kind", "refused", "--json").document
    ]
    first = lived("dead", "retry", one, "--why", "mended", "--json").document
    assert first == {"asked": 1, "requested": 1}
    assert lived("dead", "retry", "--all", "--json").document["requested"] == 1
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
    _sql(tmp_path, "UPDATE dead_letters SET is_submit = 0")
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


def test_quarantined_messages_are_replayed(lived: Run) -> None:
    assert lived("quarantine", "replay").code == USAGE
    assert lived("quarantine", "replay", "nobody").code == FAILED
    found = lived("quarantine", "replay", "--all", "--json")
    assert found.document == {"asked": 3, "replayed": 3}
    assert lived("stats", "--json").document["quarantined"] == 0


def test_lost_messages_come_back_from_the_edge(lived: Run, tmp_path: Path) -> None:
    nothing = lived("db", "replay-spool", "--json").document
    assert nothing == {"spooled": 0, "lost": 0}
    _sql(
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


# --- health --------------------------------------------------------------------


def test_a_sound_deployment_is_healthy(lived: Run) -> None:
    found = lived("doctor", "--json")
    assert (found.code, found.document["healthy"]) == (0, True)
    names = [check["check"] for check in found.document["checks"]]
    expected = "database,migrations,key ring,records,erased,seals,clock"
    assert names == expected.split(",")
    assert "All is well." in lived("doctor").err


def test_doctor_finds_a_broken_record(lived: Run, tmp_path: Path) -> None:
    _sql(tmp_path, "UPDATE complaints SET status = 'received' WHERE status = 'closed'")
    found = lived("doctor", "--json")
    assert (found.code, _wrong(found)) == (UNHEALTHY, ["records"])
    records = next(c for c in found.document["checks"] if c["check"] == "records")
    assert {f["rule"] for f in records["findings"]} == {"projection_equals_fold"}
    assert "projection_equals_fold" in lived("doctor").err


def test_doctor_finds_what_a_backup_brought_back(lived: Run, tmp_path: Path) -> None:
    erased = lived("complaints", "list", "--json").document[0]["id"]
    (tmp_path / "data" / "erased.log").write_text(f"{erased} 2026-11-24\n")
    found = lived("doctor", "--json")
    assert (found.code, _wrong(found)) == (UNHEALTHY, ["erased"])


def test_doctor_finds_a_key_ring_that_is_open_to_others(
    lived: Run, tmp_path: Path
) -> None:
    (tmp_path / "data" / "keyring.json").chmod(0o644)
    found = lived("doctor", "--json")
    assert (found.code, _wrong(found)) == (UNHEALTHY, ["key ring"])


def test_doctor_finds_a_database_that_is_away(
    lived: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    monkeypatch.setenv("SIMPUL_DATABASE_URL", address)
    found = lived("doctor", "--json")
    assert (found.code, _wrong(found)) == (UNHEALTHY, ["database"])


def test_doctor_finds_a_clock_that_is_wrong(lived: Run, tmp_path: Path) -> None:
    _sql(tmp_path, "UPDATE clock SET offset_us = 60000000")
    found = lived("doctor", "--json")
    assert (found.code, _wrong(found)) == (UNHEALTHY, ["clock"])


def test_doctor_changes_nothing(lived: Run, tmp_path: Path) -> None:
    before = _tree(tmp_path / "data")
    assert lived("doctor").code == 0
    assert _tree(tmp_path / "data") == before


def test_a_changed_row_breaks_its_seal(lived: Run, tmp_path: Path) -> None:
    sound = lived("audit", "verify", "--json")
    assert (sound.code, sound.document["broken"]) == (0, [])
    assert sound.document["sealed"]["log"] > 6
    assert "Every seal holds" in lived("audit", "verify").err
    _sql(tmp_path, "UPDATE log SET author_id = 'nobody' WHERE position = 1")
    broken = lived("audit", "verify", "--json")
    assert broken.code == FAILED
    assert broken.document["broken"][0]["kind"] == "log"
    table = lived("audit", "verify")
    assert (table.code, "a row was changed" in table.out) == (FAILED, True)
    assert _wrong(lived("doctor", "--json")) == ["seals"]


# --- keys ----------------------------------------------------------------------


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
    added = lived("keys", "rotate", "--add-only", "--json").document
    assert (added["added"], added["wrapped_again"]) == (True, {})
    finished = lived("keys", "rotate", "--yes", "--json").document
    assert (finished["added"], finished["current"]) == (False, added["current"])
    assert len(lived("keys", "list", "--json").document) == 2
    assert "backups" in lived("keys", "rotate", "--yes").err


# --- run -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, INTERRUPTED)]
)
def test_run_serves_until_it_is_told_to_stop(
    run: Run, tmp_path: Path, number: int, code: int
) -> None:
    place = str(tmp_path / "data")
    command = ["run", "--port=0", "--json", "--data-dir", place]
    with subprocess.Popen(
        [sys.executable, "-m", "hub", *command],
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            where = _first_document(process)
            answer = httpx2.post(
                f"{where['http']}/api/v1/complaints",
                json={"title": "Jalan berlubang", "body": "Mohon ditambal."},
                headers={"Idempotency-Key": "key-0001"},
                timeout=10,
            )
            assert answer.status_code == 202
            assert run("stats", "--json").document["accepted"] == 1
            process.send_signal(number)
            out, err = process.communicate(timeout=20)
        finally:
            process.kill()
    assert (process.returncode, out) == (code, "")
    assert f"HTTP  {where['http']}" in err
    assert "Traceback" not in err


def test_run_tells_when_its_port_is_taken(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = subprocess.run(
            [sys.executable, "-m", "hub", "run", f"--port={port}"],
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    assert found.returncode == FAILED
    assert f"127.0.0.1:{port}" in found.stderr
    assert "Traceback" not in found.stderr


def test_run_tells_which_setting_an_agency_misses(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMPUL_WITH_EXAMPLES", "true")
    found = run("run", "--port", "0")
    assert found.code == FAILED
    assert "agency.toml" in found.err
    assert found.err.count("\n") == 1


# --- helpers -------------------------------------------------------------------


def _environment() -> dict[str, str]:
    root = str(Path(__file__).parents[2])
    return {**os.environ, "PYTHONPATH": root}


def _first_document(process: "subprocess.Popen[str]") -> dict[str, Any]:
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        if line.startswith("}"):
            break
    found: dict[str, Any] = json.loads(text)
    return found


def _sql(tmp_path: Path, *statements: str) -> None:
    connection = sqlite3.connect(tmp_path / "data" / "simpul.db")
    try:
        with connection:
            for statement in statements:
                connection.execute(statement)
    finally:
        connection.close()


def _wrong(found: Result) -> list[str]:
    return [c["check"] for c in found.document["checks"] if not c["ok"]]


def _party(run: Run, name: str) -> dict[str, Any]:
    rows = run("parties", "list", "--json").document
    found: dict[str, Any] = next(row for row in rows if row["party"] == name)
    return found


def _tree(place: Path) -> dict[str, bytes]:
    passing = {".db-wal", ".db-shm"}
    return {
        str(path.relative_to(place)): path.read_bytes()
        for path in sorted(place.rglob("*"))
        if path.is_file() and path.suffix not in passing
    }
