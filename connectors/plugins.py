"""Kinds of system that other packages bring, by entry point.

A package that is installed beside Simpul names its class in the group
`simpul.connectors`; nothing of it is imported before an agency asks for its kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any

GROUP = "simpul.connectors"


class BrokenPluginError(ValueError):
    """A package's system cannot be used; the text names the package and why."""


@dataclass(frozen=True)
class Plugin:
    """One kind of system as a package declares it."""

    kind: str
    place: str
    """`module:Class`"""
    package: str
    """Name and version of the package."""


def plugins() -> Mapping[str, Plugin]:
    """Name what is installed, by kind; of two packages of one kind the first counts."""
    found: dict[str, Plugin] = {}
    for point in entry_points(group=GROUP):
        package = f"{point.dist.name} {point.dist.version}" if point.dist else "?"
        found.setdefault(point.name, Plugin(point.name, point.value, package))
    return {kind: found[kind] for kind in sorted(found)}


def load_plugin(plugin: Plugin) -> Any:
    """Import a plug-in's class; raises BrokenPluginError, whatever it does."""
    (point, *_) = entry_points(group=GROUP, name=plugin.kind)
    try:
        found = point.load()
    except Exception as error:
        raise _broken(plugin, f"{type(error).__name__}: {error}") from error
    if not callable(getattr(found, "from_manifest", None)):
        raise _broken(plugin, f"{plugin.place} has no from_manifest()")
    return found


def _broken(plugin: Plugin, why: str) -> BrokenPluginError:
    msg = f"system {plugin.kind!r} of {plugin.package} cannot be used: {why}"
    return BrokenPluginError(msg)
