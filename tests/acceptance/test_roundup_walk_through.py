"""docs/roundup.md is what happens: every command is run, what it says is compared."""

import re
from pathlib import Path

import pytest

from tests.acceptance.walk_through import ROOT, Step, said_by, steps_of
from tests.services.ports import free_ports
from tests.services.roundup import Roundup

DOCUMENT = (ROOT / "docs" / "roundup.md").read_text("utf-8")
INCLUDED = re.compile(r"<!-- included: (\S+) -->\n```toml\n(.*?)```", re.DOTALL)
SECONDS_MAX = 180


def test_the_file_in_the_document_is_the_file_of_the_repository() -> None:
    ((name, text),) = INCLUDED.findall(DOCUMENT)

    assert (ROOT / "docs" / name).read_text("utf-8") == text


@pytest.mark.slow
def test_every_command_of_the_walk_through_says_what_the_document_says(
    tmp_path: Path,
) -> None:
    (port,) = free_ports(1)
    (tmp_path / "agencies").mkdir()
    steps = steps_of(DOCUMENT)
    with Roundup() as tracker:
        variables = {
            "TIKET_URL": tracker.url,
            "SIMPUL_HOME": str(ROOT),
            "HUB": f"http://127.0.0.1:{port}",
            "SIMPUL_SERVER__PORT": str(port),
            "SIMPUL_DATA_DIR": str(tmp_path / "data"),
        }
        said = said_by(steps, folder=tmp_path, variables=variables, seconds=SECONDS_MAX)

    assert len(said) == len(steps), (tmp_path / "hub.log").read_text()
    for step, words in zip(steps, said, strict=True):
        assert step.fits(words), (step.command, words)
    assert (tmp_path / "report.html").stat().st_size > 10_000


def test_what_is_left_out_fits_anything_and_the_rest_does_not() -> None:
    step = Step("x", "Done …\n…\nend\n")

    assert step.fits("Done 17\nmore\nand more\nend\n")
    assert step.fits("Done 18\nend\n")
    assert not step.fits("Refused\nend\n")
