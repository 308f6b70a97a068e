"""A process that is killed while it asks: nothing is lost, and nothing is doubled."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hub.database import tables as t
from tests.contract.asking import Asking
from tests.contract.builders import PUPR
from tests.contract.dying_poll import WORDS, feed
from tests.contract.world import World

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("at", ["before_commit", "committed"])
@pytest.mark.parametrize("nth", [1, 2, 4])
def test_a_kill_at_a_commit_costs_no_word(
    world: World, tmp_path: Path, at: str, nth: int
) -> None:
    settings = world.store.settings
    faults = tmp_path / "faults"
    faults.mkdir()
    (faults / "armed").write_text(f"poll.{at}:{nth} kill")
    asking = Asking(world, {PUPR: feed()})
    url = settings.database_url.get_secret_value()
    child = subprocess.run(
        [sys.executable, "-m", "tests.contract.dying_poll", settings.data_dir, url],
        env={**os.environ, "SIMPUL_FAULTS": str(faults), "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        check=False,
    )
    assert child.returncode == -signal.SIGKILL

    asking.wait()  # until its lease is over
    asking.poll()

    rows = world.rows(t.journal)
    assert len(rows) == WORDS
    assert len({row.content_hash for row in rows}) == WORDS
    assert world.violated() == set()
