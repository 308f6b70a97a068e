"""An agency's own file of Python: named by its manifest, its mistakes its own."""

from pathlib import Path

import pytest

from connectors import registry
from connectors.registry import ConfigError
from connectors.roster import read_roster
from connectors.systems.rest import RestSystem
from tests.unit.connectors.rest.test_registry import ENVIRON, MANIFEST, write

GUIDE = Path(__file__).parents[3] / "docs" / "agencies.md"
OWN = GUIDE.read_text("utf-8").partition("```python\n")[2].partition("```")[0]


def beside(folder: Path, code: str, named: str = "connector.py:Own") -> Path:
    path = write(folder, f'connector = "{named}"\n{MANIFEST}')
    (path.parent / "connector.py").write_text(code)
    return path


def test_the_class_of_the_guide_stands_in_for_the_system(tmp_path: Path) -> None:
    agency = registry.load_agency(beside(tmp_path, OWN), ENVIRON)

    assert type(agency.system).__name__ == "Own"
    assert isinstance(agency.system, RestSystem)


def test_a_file_that_is_not_named_is_not_run(tmp_path: Path) -> None:
    path = write(tmp_path)
    (path.parent / "connector.py").write_text("raise SystemExit(1)")

    assert type(registry.load_agency(path, ENVIRON).system) is RestSystem


@pytest.mark.parametrize(
    ("code", "named", "fault"),
    [
        ("import nothing_of_that_name", "connector.py:Own", "ModuleNotFoundError"),
        ("class Own: ...", "connector.py:Own", "has no from_manifest"),
        ("", "connector.py:Own", "AttributeError"),
        ("", "gone.py:Own", "FileNotFoundError"),
        ("", "../connector.py:Own", "connector: String should match"),
        ("", "/srv/connector.py:Own", "connector: String should match"),
    ],
)
def test_what_cannot_be_used_is_this_agencys_mistake(
    tmp_path: Path, code: str, named: str, fault: str
) -> None:
    path = beside(tmp_path, code, named)
    write(tmp_path, MANIFEST.replace('"rsud"', '"dinkes"'), "dinkes")

    with pytest.raises(ConfigError, match=fault):
        registry.load_agency(path, ENVIRON)
    roster = read_roster([tmp_path], ENVIRON)

    assert list(roster.agencies) == ["dinkes"]
    assert fault in roster.failures["rsud"].why
