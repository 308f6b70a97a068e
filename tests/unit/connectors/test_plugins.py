"""Systems of other packages are found by entry point; broken ones stop nobody."""

from pathlib import Path

import pytest

from connectors import registry
from connectors.plugins import BrokenPluginError, load_plugin, plugins
from connectors.registry import ConfigError
from connectors.roster import read_roster
from hub.__main__ import main
from tests.unit.connectors.rest.test_registry import ENVIRON, MANIFEST, write

GUIDE = Path(__file__).parents[3] / "docs" / "plugins.md"
OURS = MANIFEST.replace('system = "rest"', 'system = "notebook"')


def block(language: str, number: int = 0) -> str:
    """Take a block of code out of the guide: what it shows is what is tested."""
    parts = GUIDE.read_text("utf-8").split(f"```{language}\n")[1:]
    return parts[number].partition("```")[0]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install the guide's package, and one whose module does not exist."""
    site = tmp_path / "site"
    for name, module, points in (
        ("simpul_notebook", block("python"), block("ini")),
        ("simpul_gone", "", "[simpul.connectors]\ngone = no_such_module:System\n"),
    ):
        info = site / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
        )
        (info / "entry_points.txt").write_text(points)
        (site / f"{name}.py").write_text(module)
    monkeypatch.syspath_prepend(site)
    return site


@pytest.mark.usefixtures("site")
def test_a_package_brings_a_kind_of_system_that_a_manifest_may_name(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "agencies", OURS)

    agency = registry.load_agency(path, ENVIRON)

    assert type(agency.system).__name__ == "NotebookSystem"
    assert registry.system_kinds() == sorted({*registry.SYSTEMS, "gone", "notebook"})
    assert plugins()["notebook"].package == "simpul_notebook 1.0"


@pytest.mark.usefixtures("site")
def test_a_broken_package_is_named_and_harms_its_own_agency_alone(
    tmp_path: Path,
) -> None:
    agencies = tmp_path / "agencies"
    write(agencies, OURS)
    broken = OURS.replace("notebook", "gone").replace('"rsud"', '"dinkes"')
    write(agencies, broken, "dinkes")

    with pytest.raises(BrokenPluginError, match=r"simpul_gone 1\.0.*No module named"):
        load_plugin(plugins()["gone"])
    roster = read_roster([agencies], ENVIRON)

    assert list(roster.agencies) == ["rsud"]
    assert "system 'gone' of simpul_gone 1.0" in roster.failures["dinkes"].why


@pytest.mark.usefixtures("site")
def test_kinds_are_listed_with_what_brings_them(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert main(["agencies", "systems"]) == 0
    lines = capfd.readouterr().out.splitlines()
    found = {line.split()[0]: line for line in lines}
    assert "simpul_notebook 1.0" in found["notebook"]
    assert "broken" in found["gone"]
    assert found["rest"].split()[1] == "simpul"


def test_a_kind_that_nobody_brings_is_refused_with_the_legal_list(
    tmp_path: Path,
) -> None:
    path = write(tmp_path, OURS)
    with pytest.raises(ConfigError, match="no system 'notebook'; legal: "):
        registry.load_agency(path, ENVIRON)
