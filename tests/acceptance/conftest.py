"""The command in an empty place, and on a hub that has lived through a day."""

import os
import shutil
from pathlib import Path

import pytest

from hub.__main__ import main
from tests.acceptance.command import Result, Run, World
from tests.acceptance.world import live_through_a_day


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Live through the day once; every test gets a copy of what it left."""
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
