"""The settings reference builds, and says no name that does not exist."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import connectors.systems.rest as package
from connectors import registry
from connectors.systems.rest.calls import Call
from connectors.systems.rest.settings import RestSettings

README = Path(package.__file__ or "").with_name("README.md").read_text("utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
ENVIRON = {"CONTOH_KEY": "k", "BERLAPIS_SECRET": "s", "BERLAPIS_HOOK": "h"}
LINES_MAX = 80


@pytest.mark.parametrize("block", BLOCKS, ids=["typical", "everything"])
def test_every_example_builds(tmp_path: Path, block: str) -> None:
    name: str = tomllib.loads(block)["name"]
    path = tmp_path / name / "agency.toml"
    path.parent.mkdir()
    path.write_text(block, "utf-8")
    lines = [row for row in block.splitlines() if row and not row.startswith("#")]

    agency = registry.load_agency(path, ENVIRON)

    can: Any = agency.system.capabilities
    assert can.sends
    assert len(lines) <= LINES_MAX


@pytest.mark.parametrize("table", [RestSettings, Call])
def test_every_setting_is_named(table: type[RestSettings] | type[Call]) -> None:
    missing = [name for name in table.model_fields if f"`{name}`" not in README]

    assert missing == []
