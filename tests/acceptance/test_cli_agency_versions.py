"""`simpul agencies apply|versions|rollback|diff|list`, and what `doctor` says."""

import json
from pathlib import Path

import pytest

from hub.domain.mapping_change import MappingChange
from tests.acceptance.command import FAILED, Run, sql
from tests.unit.connectors.rest.test_registry import ENVIRON, MANIFEST, write

USAGE = 2
NEW = MANIFEST.replace('"judul" = "title"', '"perihal" = "title"')


@pytest.fixture
def here(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command beside a new database and a folder with one agency."""
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "agencies"
    write(folder)
    monkeypatch.setenv("SIMPUL_AGENCIES_DIR", str(folder))
    assert run("keys", "init").code == 0
    assert run("db", "upgrade").code == 0
    return run


def states(run: Run) -> list[tuple[int, str]]:
    rows = run("agencies", "versions", "rsud", "--json").document
    return [(row["number"], row["state"]) for row in rows]


def condition(run: Run, agency: str = "rsud") -> tuple[str, str]:
    rows = run("agencies", "list", "--json").document
    (row,) = [one for one in rows if one["agency"] == agency]
    return row["condition"], row["why"]


def test_a_file_is_applied_changed_and_taken_back(here: Run, tmp_path: Path) -> None:
    assert condition(here) == ("ok", "")
    first = here("agencies", "apply", "--why", "mulai", "--json")
    assert (first.document[0]["number"], first.document[0]["state"]) == (1, "applied")
    assert here("agencies", "apply", "--json").document[0]["state"] == "as it was"
    assert "what runs says the same" in here("agencies", "apply").err
    only = here("agencies", "rollback", "rsud", "--why", "salah")
    assert (only.code, "rsud has no earlier version" in only.err) == (FAILED, True)

    write(tmp_path / "agencies", NEW)
    assert condition(here) == ("not applied", "version 1 runs; its file differs")
    tried = here("agencies", "apply", "--dry-run")
    assert (tried.code, "Nothing was stored" in tried.err) == (0, True)
    assert states(here) == [(1, "current")]
    assert here("agencies", "apply", "rsud", "--why", "medan baru").code == 0
    assert states(here) == [(2, "current"), (1, "former")]

    back = here("agencies", "rollback", "rsud", "--why", "salah", "--json")
    assert back.document["number"] == 1
    assert states(here) == [(2, "former"), (1, "current")]
    newest = here("audit", "list", "--json").document[0]
    assert (newest["action"], newest["reason"]) == ("agency_applied", "salah")


def test_a_shadow_tells_what_it_counted_in_words(here: Run, tmp_path: Path) -> None:
    here("agencies", "shadow", "rsud", "--file", str(write(tmp_path / "other", NEW)))
    counted = MappingChange(deliveries=1, differ=1, updates=2)
    counted.fields["+perihal"] = 1
    sql(
        tmp_path,
        f"UPDATE agency_shadows SET report = '{json.dumps(counted.document())}'",  # noqa: S608 - our own words
    )

    told = here("agencies", "shadow", "rsud", "--report")

    assert "field +perihal" in told.out
    assert "1 delivery: 1 body differs, 0 would fail." in told.err
    assert "2 messages: 0 read otherwise, 0 in quarantine would pass." in told.err


@pytest.mark.parametrize(
    ("text", "why"),
    [("this is [not toml", "is not TOML"), (f"odd = 1\n{MANIFEST}", "odd: ")],
)
def test_a_wrong_file_beside_the_version_that_runs_is_called_wrong(
    here: Run, tmp_path: Path, text: str, why: str
) -> None:
    here("agencies", "apply", "--why", "mulai")
    write(tmp_path / "agencies", text)

    found, told = condition(here)

    assert found == "not applied"
    assert told.startswith("version 1 runs; its file is wrong: ")
    assert why in told


def test_one_mistake_leaves_all_as_they_were(here: Run, tmp_path: Path) -> None:
    write(tmp_path / "agencies", "this is [not toml", "dinkes")

    found = here("agencies", "apply")

    assert found.code == FAILED
    assert "dinkes/agency.toml: is not TOML" in found.err
    assert "nothing was applied" in found.err
    assert here("agencies", "versions", "rsud").code == FAILED
    assert condition(here, "dinkes")[0] == "misconfigured"
    checks = here("doctor", "--json").document["checks"]
    (agencies,) = [one for one in checks if one["check"] == "agencies"]
    assert not agencies["ok"]
    assert agencies["findings"][0]["agency"] == "dinkes"


def test_going_live_needs_the_name_of_who_approved(here: Run) -> None:
    assert here("agencies", "apply", "--test").code == 0
    assert condition(here)[0] == "on trial"
    assert here("agencies", "apply", "--live").code == USAGE

    assert here("agencies", "apply", "--live", "--approved-by", "Ibu Kepala").code == 0

    assert condition(here) == ("ok", "")
    (row,) = here("agencies", "versions", "rsud", "--json").document
    assert (row["live"], row["approved_by"]) == (True, "Ibu Kepala")


def test_a_difference_is_told_for_a_span_of_time(here: Run, tmp_path: Path) -> None:
    here("agencies", "apply")
    other = write(tmp_path / "other", NEW)

    found = here(
        "agencies", "diff", "rsud", "--file", str(other), "--since", "12h", "--json"
    )

    assert (found.document["deliveries"], found.document["differ"]) == (0, 0)
    assert found.document["from"] != found.document["to"]
    assert here("agencies", "diff", "rsud", "--since", "long").code == USAGE


def test_an_agency_that_is_nowhere_is_an_error(here: Run) -> None:
    for verb in ("apply", "versions", "diff"):
        assert here("agencies", verb, "nobody").code == FAILED


def test_a_shadow_is_begun_reported_and_stopped(here: Run, tmp_path: Path) -> None:
    other = write(tmp_path / "other", NEW)
    assert here("agencies", "shadow", "rsud", "--report").code == FAILED

    assert here("agencies", "shadow", "rsud", "--file", str(other)).code == 0
    report = here("agencies", "shadow", "rsud", "--report", "--json").document
    assert (report["agency"], report["since"]) == ("rsud", report["through"])
    assert (report["deliveries"], report["fields"]) == (0, {})
    told = here("agencies", "shadow", "rsud", "--report")
    assert (told.code, told.out) == (0, "")
    assert "Nobody has looked yet at what rsud is told or says." in told.err

    assert here("agencies", "shadow", "rsud", "--stop", "--why", "cukup").code == 0
    assert here("agencies", "shadow", "rsud", "--report").code == FAILED
    assert here("agencies", "shadow", "rsud").code == USAGE
