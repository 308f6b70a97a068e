"""The production composition and its files, as they are read."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import yaml

from hub.cli.root import simpul

ROOT = Path(__file__).resolve().parents[3]
FILE = ROOT / "docker-compose.yml"
PARTS = ROOT / "deploy" / "compose"
VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")


def filled(text: str) -> str:
    """Put the defaults where variables stand."""
    return VARIABLE.sub(lambda found: found[2], text)


DOCUMENT: dict[str, Any] = yaml.safe_load(filled(FILE.read_text()))
SERVICES: dict[str, dict[str, Any]] = DOCUMENT["services"]
OURS = {n: s for n, s in SERVICES.items() if s["image"].startswith("simpul:")}
STAYING = {n: s for n, s in SERVICES.items() if s["restart"] != "no"}
ENDING = {n: s for n, s in SERVICES.items() if s["restart"] == "no"}


def strings(found: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Walk through every text of a document with the way to it."""
    if isinstance(found, Mapping):
        for key, value in found.items():
            yield from strings(value, f"{path}.{key}")
    elif isinstance(found, Sequence) and not isinstance(found, str):
        for number, value in enumerate(found):
            yield from strings(value, f"{path}.{number}")
    elif found is not None:
        yield path, str(found)


def names_of(entries: Sequence[Any]) -> list[str]:
    """Read a list of secrets or configs in both of its spellings."""
    return [one if isinstance(one, str) else one["source"] for one in entries]


def mounts(service: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """Read volumes as (source, target, is a named one)."""
    for one in service.get("volumes", ()):
        if isinstance(one, str):
            source, target = one.split(":")[:2]
            yield source, target, not source.startswith((".", "/"))
        else:
            yield one["source"], one["target"], one["type"] == "volume"


def seconds(duration: str) -> int:
    amount, unit = int(duration[:-1]), duration[-1]
    return amount * {"s": 1, "m": 60}[unit]


def parse(arguments: Sequence[str]) -> click.Context:
    """Have the real command line read the arguments; raises click.UsageError."""
    command: click.Command = simpul
    name, rest, context = "simpul", list(arguments), None
    while True:
        context = command.make_context(name, rest, parent=context)
        if not isinstance(command, click.Group):
            return context
        given = [*context._protected_args, *context.args]
        found_name, found, rest = command.resolve_command(context, given)
        assert found_name is not None
        assert found is not None
        name, command = found_name, found


def configuration(file: Path) -> dict[str, str]:
    """Read a file of `name = value` lines."""
    lines = [line.strip() for line in file.read_text().splitlines()]
    pairs = [line.partition("=") for line in lines if line and line[0] != "#"]
    assert all(equals for _, equals, _ in pairs), f"{file.name} has another line"
    return {name.strip(): value.strip().strip("'") for name, _, value in pairs}
