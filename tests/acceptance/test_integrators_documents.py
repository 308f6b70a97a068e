"""What integrators read is what the code does: every block runs, nothing drifts."""

import re
import shlex
from pathlib import Path

import pytest

from hub.cli.agencies_documents import ROOT, documents
from hub.simulator.profiles import PUPR
from tests.acceptance.command import Run
from tests.unit.connectors.kit.standing import standing

README = (ROOT / "connectors" / "README.md").read_text()
BLOCK = re.compile(r"^ *```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCK.findall(README) if name == language]


def test_what_is_generated_is_what_the_code_declares() -> None:
    written = {path: (ROOT / path).read_text("utf-8") for path in documents()}

    assert written == documents(), "run `python -m hub.cli.agencies_documents`"


def test_every_block_has_a_language_that_is_run() -> None:
    assert {name for name, _ in BLOCK.findall(README)} == {"sh", "python"}


@pytest.mark.slow
def test_every_command_of_the_six_steps_runs(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")  # nothing but `simpul` is needed
    ran = 0
    for line in "".join(blocks("sh")).splitlines():
        word, *arguments = shlex.split(line)
        if word == "export":
            name, _, value = arguments[0].partition("=")
            monkeypatch.setenv(name, value)
            continue
        assert word == "simpul"
        if arguments[:2] == ["agencies", "new"]:
            Path("my-agencies").mkdir()
        result = run(*arguments)
        assert result.code == 0, (line, result.err)
        ran += 1
    assert ran == 7
    assert (tmp_path / "report.html").stat().st_size > 10_000


@pytest.mark.slow
def test_the_one_line_of_a_plug_in_proves_it() -> None:
    place: dict[str, object] = {}
    (block,) = blocks("python")
    exec(compile(block, "README.md", "exec"), place)  # noqa: S102 - our own text

    with standing(PUPR) as (bench, agency):
        conforms = place["conforms"]
        assert callable(conforms)
        conforms(bench.manifest, type(bench.system), None)
        assert agency.cases
