"""`deadlines.toml` is read, or refused by file and field."""

from pathlib import Path

import pytest

from connectors import registry
from connectors.registry import ConfigError
from schemas.deadlines import ClockKind

GOOD = """
zone = "Asia/Makassar"
zones = { rsud = "Asia/Jayapura" }

[[limits]]
clock = "settle"
agency = "rsud"
working_days = 10
valid_from = 2027-01-01

[[days]]
first = 2026-12-09
why = "pilkada"
agency = ["rsud"]
"""


def file(folder: Path, text: str) -> Path:
    path = folder / "deadlines.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_file_says_limits_zones_and_days(tmp_path: Path) -> None:
    table = registry.load_deadlines(file(tmp_path, GOOD))

    assert (table.limits[0].clock, table.limits[0].working_days) == (
        ClockKind.SETTLE,
        10,
    )
    assert table.zones == {"rsud": "Asia/Jayapura"}
    assert table.days[0].why == "pilkada"
    registry.check_deadlines(table, {"rsud"})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("zone = 7", r"deadlines\.toml: zone:"),
        ('[[limits]]\nclock = "settle"\n', r"limits\.0\.working_days"),
        ('[[limits]]\nclock = "lunch"\nworking_days = 1\n', r"limits\.0\.clock"),
        ("limit = []", "limit: Extra inputs"),
        ("[[", "is not TOML"),
    ],
)
def test_a_fault_is_named_with_its_field(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        registry.load_deadlines(file(tmp_path, text))


def test_an_agency_that_is_not_loaded_is_named_with_its_place(tmp_path: Path) -> None:
    table = registry.load_deadlines(file(tmp_path, GOOD))

    told = r"zones names 'rsud'; limits\.0 names 'rsud'; days\.0 names 'rsud'"
    with pytest.raises(ConfigError, match=told):
        registry.check_deadlines(table, {"dinkes"})
