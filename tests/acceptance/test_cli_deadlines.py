"""`simpul deadlines` and `simpul complaints clocks`: limits, days, and what is due."""

from pathlib import Path

import pytest

from tests.acceptance.command import FAILED, Run, World, sql, wrong

OWN = """
day_ends = "15:30"

[[limits]]
clock = "settle"
working_days = 7

[[days]]
first = 2026-12-09
why = "pilkada"
region = ["32"]
"""


@pytest.fixture
def own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "agencies"
    folder.mkdir()
    monkeypatch.setenv("SIMPUL_AGENCIES_DIR", str(folder))
    file = folder / "deadlines.toml"
    file.write_text(OWN)
    return file


def test_every_clock_of_a_complaint_is_shown(lived: Run, world: World) -> None:
    found = lived("complaints", "clocks", world.code, "--json")

    rows = {row["clock"]: row for row in found.document}
    assert set(rows) == {"verify", "first_follow_up", "settle"}
    assert {row["state"] for row in rows.values()} == {"met"}
    assert rows["settle"]["agency"] == "dinas_pupr"
    assert rows["settle"]["working_days"] == 14
    assert rows["settle"]["ended_by"] == "resolved"
    assert rows["settle"]["terms"][0]["due_at"] == rows["settle"]["due_at"]
    table = lived("complaints", "clocks", world.code)
    assert "first_follow_up" in table.out
    assert "simpul deadlines limits" in table.err


def test_the_limits_say_where_they_come_from(lived: Run, own_file: Path) -> None:
    found = lived("deadlines", "limits", "--json").document

    own = [row for row in found["limits"] if row["from"] == "deadlines.toml"]
    assert [(row["clock"], row["working_days"]) for row in own] == [("settle", 7)]
    assert found["ladder"] == {
        "warning_percent": 80,
        "escalation_after": 3,
        "hand_over_after": 5,
    }
    assert "80 %" in lived("deadlines", "limits").err


def test_the_calendar_shows_holidays_and_the_deployments_own_days(
    lived: Run, own_file: Path
) -> None:
    asked = ("deadlines", "calendar", "--year", "2026", "--json")
    everywhere = lived(*asked).document
    region = lived(*asked, "--region", "32.76").document

    assert (everywhere["zone"], everywhere["day_ends"]) == ("Asia/Jakarta", "15:30")
    assert everywhere["working_days"] == region["working_days"] + 1 == 240
    assert {
        "day": "2026-12-09",
        "weekday": "Wed",
        "working": False,
        "why": "pilkada",
    } in (region["days"])
    assert everywhere["version"] != region["version"]
    assert "240 working days in 2026" in lived("deadlines", "calendar", *asked[2:4]).err


def test_a_changed_file_is_counted_by_recompute_and_the_doctor_says_so_before(
    lived: Run, own_file: Path
) -> None:
    own_file.unlink()
    assert "records" not in wrong(lived("doctor", "--json"))
    own_file.write_text(OWN)
    assert "records" in wrong(lived("doctor", "--json"))

    first, again = (lived("deadlines", "recompute", "--json").document for _ in "12")

    assert first["complaints"] == again["complaints"] == 6
    assert first["changed"] > 0
    assert again["changed"] == 0
    assert "records" not in wrong(lived("doctor", "--json"))


def test_a_file_that_cannot_be_used_is_named_with_its_field(
    lived: Run, own_file: Path
) -> None:
    own_file.write_text('[[limits]]\nclock = "settle"\nworking_days = 0\n')

    found = lived("deadlines", "limits")

    assert found.code == FAILED
    assert "deadlines.toml: limits.0.working_days" in found.err


def test_a_lost_instant_is_wound_again(
    lived: Run, world: World, tmp_path: Path
) -> None:
    sql(tmp_path, "UPDATE complaints SET next_clock_at = NULL WHERE status != 'closed'")
    assert "records" in wrong(lived("doctor", "--json"))

    assert lived("deadlines", "recompute", "--json").document["changed"] == 3
    assert "records" not in wrong(lived("doctor", "--json"))
