"""Code that does not come with Simpul: packages' systems, agencies' own files.

A package that is installed beside Simpul names its class in the group
`simpul.connectors`; nothing of it is imported before an agency asks for its kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

GROUP = "simpul.connectors"


class BrokenPluginError(ValueError):
    """Such code cannot be used; the text names where it comes from, and why."""


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


def load_own(folder: Path, named: str, agency: str) -> Any:
    """Import `connector.py:Class` of an agency's folder.

    Raises BrokenPluginError, whatever the file does.
    """
    name, _, wanted = named.partition(":")
    loader = SourceFileLoader(f"agency_{agency}", str(folder / name))
    try:
        module = ModuleType(loader.name)
        loader.exec_module(module)
        found = getattr(module, wanted)
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        msg = f"connector: {name} cannot be used: {why}"
        raise BrokenPluginError(msg) from error
    if not callable(getattr(found, "from_manifest", None)):
        msg = f"connector: {wanted} of {name} has no from_manifest()"
        raise BrokenPluginError(msg)
    return found


def _broken(plugin: Plugin, why: str) -> BrokenPluginError:
    msg = f"system {plugin.kind!r} of {plugin.package} cannot be used: {why}"
    return BrokenPluginError(msg)
