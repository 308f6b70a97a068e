"""Dotted paths into JSON: `data.nomor`, `items.0.id`, `pelapor.nama`."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final


class _Missing:
    """Marks that there is nothing at a path; null is something."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
_DOTTED = re.compile(r"[^.\s]+(\.[^.\s]+)*")


@dataclass(frozen=True)
class DottedPath:
    """A place in an item that a path names."""

    text: str

    def __str__(self) -> str:
        return self.text

    def take(self, tree: Any) -> Any:
        """Return what stands there, or MISSING."""
        return pick(tree, self.text)


def check_dotted(value: str) -> str:
    """Return a dotted path, which may be empty; raises ValueError."""
    if value and not _DOTTED.fullmatch(value):
        msg = "a dotted path is names with single dots between, such as data.nomor"
        raise ValueError(msg)
    return value


def pick(tree: Any, path: str) -> Any:
    """Return what stands at a path, or MISSING; the empty path is the whole tree."""
    for step in path.split(".") if path else ():
        tree = _child(tree, step)
    return tree


def _child(tree: Any, step: str) -> Any:
    if isinstance(tree, Mapping):
        return tree.get(step, MISSING)
    if isinstance(tree, Sequence) and not isinstance(tree, str | bytes):
        number = int(step) if step.isascii() and step.isdigit() else len(tree)
        return tree[number] if number < len(tree) else MISSING
    return MISSING


def put(tree: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a path of names, making the objects on the way.

    Raises TypeError where a value that is no object stands on the way.
    """
    *way, last = path.split(".")
    for step in way:
        tree = tree.setdefault(step, {})
        if not isinstance(tree, dict):
            msg = f"{path!r} leads through a value"
            raise TypeError(msg)
    tree[last] = value


def clashes(paths: Iterable[str]) -> list[str]:
    """Name the paths that another path repeats or leads through."""
    seen = sorted(tuple(path.split(".")) for path in paths)
    return [
        ".".join(longer)
        for shorter, longer in pairwise(seen)
        if longer[: len(shorter)] == shorter
    ]
