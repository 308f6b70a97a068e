"""One agency's file as the bench takes it: where it is, and with its secrets."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hub.cli.errors import Failed

if TYPE_CHECKING:
    from connectors.contract import System
    from hub.settings import Settings
    from schemas.agency import AgencyManifest

MANIFEST = "agency.toml"


@dataclass(frozen=True)
class Loaded:
    """An agency that is ready for the bench."""

    path: Path
    manifest: "AgencyManifest"
    """With its secrets resolved."""
    secrets: frozenset[str]
    system: "System"

    @property
    def folder(self) -> Path:
        """Where its sample and its golden cases are."""
        return self.path.parent


def build(manifest: "AgencyManifest") -> "System":
    """Make the system of a manifest whose secrets are resolved."""
    from connectors import registry

    return registry.system_maker(manifest.system)(manifest)


def file_of(settings: "Settings", name: str) -> Path:
    """Find an agency's file by name or by a path to it; raises Failed."""
    from connectors import registry

    given = Path(name)
    if given.name == MANIFEST and given.exists():
        return given
    own = [settings.agencies_dir] if settings.agencies_dir else []
    places = [folder / name / MANIFEST for folder in [*own, registry.SAMPLES]]
    for path in (*places, given / MANIFEST):
        if path.exists():
            return path
    looked = ", ".join(str(path.parent) for path in places)
    msg = f"no agency {name}: looked in {looked}; `simpul agencies new {name}` makes it"
    raise Failed(msg)


def files_of(settings: "Settings") -> list[Path]:
    """Name the file of every agency that a hub with these settings would load."""
    from hub.bootstrap.reference import folders_of

    found: dict[str, Path] = {}
    for folder in folders_of(settings):
        found |= {path.parent.name: path for path in folder.glob(f"*/{MANIFEST}")}
    return [found[name] for name in sorted(found)]


def load(path: Path, environ: Mapping[str, str]) -> Loaded:
    """Load one agency's file with its secrets; raises registry.ConfigError."""
    from connectors import registry
    from connectors.kit.masking import secrets_of

    connector = registry.load_agency(path, environ)
    written: AgencyManifest = connector.extra["manifest"]
    resolved = registry.resolve_secrets(
        {"settings": written.settings}, environ, file=path
    )
    secrets = secrets_of(written.settings, resolved["settings"])
    complete = written.model_copy(update=resolved)
    return Loaded(path, complete, frozenset(secrets), connector.system)
