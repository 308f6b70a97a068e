"""Dotted paths into JSON: `data.nomor`, `items.0.id`, `pelapor.nama`."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any


def pick(tree: Any, path: str) -> Any:
    """Return what stands at a path, or None; the empty path is the whole tree."""
    for step in path.split(".") if path else ():
        tree = _child(tree, step)
    return tree


def _child(tree: Any, step: str) -> Any:
    if isinstance(tree, Mapping):
        return tree.get(step)
    if isinstance(tree, Sequence) and not isinstance(tree, str | bytes):
        number = int(step) if step.isascii() and step.isdigit() else len(tree)
        return tree[number] if number < len(tree) else None
    return None


def put(tree: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a path of names, making the objects on the way."""
    *way, last = path.split(".")
    for step in way:
        tree = tree.setdefault(step, {})
    tree[last] = value


def clashes(paths: Iterable[str]) -> list[str]:
    """Name the paths that another path repeats or leads through."""
    seen = sorted(tuple(path.split(".")) for path in paths)
    return [
        ".".join(longer)
        for shorter, longer in pairwise(seen)
        if longer[: len(shorter)] == shorter
    ]
