"""Help, version and misspelt commands."""

import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from hub.cli.root import COMMANDS, simpul
from tests.acceptance.command import USAGE, Run

HEAVY = ("sqlalchemy", "fastapi", "pydantic_settings", "pydantic", "kombu", "rich")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from hub.__main__ import main; main(['--help']);"
        f"sys.stderr.write(','.join(m for m in {HEAVY!r} if m in sys.modules))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert found.stderr == ""
    assert all(name in found.stdout for name in COMMANDS)


def paths() -> Iterator[list[str]]:
    context = click.Context(simpul)
    for name in COMMANDS:
        yield [name]
        found = simpul.get_command(context, name)
        if isinstance(found, click.Group):
            yield from ([name, verb] for verb in found.commands)


@pytest.mark.parametrize("path", list(paths()), ids=" ".join)
def test_every_command_has_help(run: Run, path: list[str]) -> None:
    found = run(*path, "--help")
    assert found.code == 0
    assert f"Usage: simpul {' '.join(path)}" in found.out
    if path[0] != "demo" and (len(path) > 1 or path[0] in {"run", "doctor", "stats"}):
        assert "--json" in found.out
        assert "--data-dir" in found.out


def test_version_is_printed(run: Run) -> None:
    assert run("--version").out.startswith("simpul ")


@pytest.mark.parametrize(
    "wrong",
    [
        ["complaint"],
        ["complaints", "list", "--status", "lost"],
        ["complaints", "show"],
        ["complaints", "list", "--limit", "0"],
        ["dead", "list", "--kind", "odd"],
        ["parties", "pause", "dinkes"],
        ["stats", "--colour"],
    ],
    ids=" ".join,
)
def test_a_misspelt_command_is_a_usage_error(run: Run, wrong: list[str]) -> None:
    found = run(*wrong)
    assert (found.code, found.out) == (USAGE, "")
    assert "Usage:" in found.err
