"""The calls of Compose that operators are told."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence

import pytest

from tests.repository.compose.files import (
    FILE,
    OURS,
    PARTS,
    ROOT,
    SERVICES,
    parse,
)

WITH_VALUE = {"--profile", "--entrypoint", "--scale", "--since"}


def compose_calls() -> list[str]:
    """List the calls of Compose that operators are told, without redirections."""
    told = [ROOT / "docs" / "production.md", PARTS / "alerts.yml", FILE]
    text = "\n".join(file.read_text() for file in told)
    text = re.sub(r"\{\{.*?\}\}", "label", text)
    calls = re.findall(r"docker compose ([^`\n<>&]+)", text)
    return sorted({call.strip() for call in calls})


def split_call(call: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Read a call as options and the words from the verb on."""
    options, words, rest = {}, [], list(call)
    while rest:
        word = rest.pop(0)
        if word in WITH_VALUE:
            options[word] = rest.pop(0)
        elif word.startswith("-"):
            options[word] = ""
        else:
            words.append(word)
        if len(words) == 2 and words[0] in {"run", "exec"}:
            return options, [*words, *rest]
    return options, words


@pytest.mark.parametrize("call", compose_calls())
def test_a_command_that_operators_are_told_can_be_typed(call: str) -> None:
    options, (verb, *named) = split_call(shlex.split(call))

    if verb == "run" and "--entrypoint" not in options and len(named) > 1:
        assert named[0] in OURS
        assert parse(named[1:]).command.name
    elif verb in {"run", "exec"}:
        assert named[0] in SERVICES
    else:
        assert verb in {
            "build",
            "config",
            "logs",
            "ps",
            "pull",
            "restart",
            "stop",
            "up",
        }
        assert set(named) <= set(SERVICES)
    if scaled := options.get("--scale"):
        assert scaled.partition("=")[0] in SERVICES
    if profile := options.get("--profile"):
        assert profile in {p for s in SERVICES.values() for p in s.get("profiles", ())}


def test_every_parser_at_hand_finds_the_same_services() -> None:
    found = {"ours": set(SERVICES)}
    docker = shutil.which("docker")

    if (
        docker
        and not subprocess.run(
            [docker, "compose", "version"], capture_output=True, check=False
        ).returncode
    ):
        answer = subprocess.run(
            [docker, "compose", "--profile", "*", "config", "--services"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr
        found["Compose's"] = set(answer.stdout.split())

    assert all(services == set(SERVICES) for services in found.values())
