"""One agency's file as the bench takes it: where it is, its secrets, its simulator."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.cli.errors import Failed

if TYPE_CHECKING:
    from connectors.contract import System
    from hub.settings import Settings
    from hub.simulator.agency import SimulatedAgency
    from schemas.agency import AgencyManifest

MANIFEST = "agency.toml"
SEED = 6
DIALECT = "dinas_pupr"
"""Of a simulated agency that is none of the shipped ones."""


@dataclass(frozen=True)
class Loaded:
    """An agency that is ready for the bench."""

    path: Path
    manifest: "AgencyManifest"
    """With its secrets resolved."""
    secrets: frozenset[str]

    @property
    def folder(self) -> Path:
        """Where its sample and its golden cases are."""
        return self.path.parent

    def system(self) -> "System":
        """Make its system."""
        return build(self.manifest)


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

    written: AgencyManifest = registry.load_agency(path, environ).extra["manifest"]
    resolved = registry.resolve_secrets(
        {"settings": written.settings}, environ, file=path
    )
    secrets = secrets_of(written.settings, resolved["settings"])
    return Loaded(path, written.model_copy(update=resolved), frozenset(secrets))


class SimulatedOfficer:
    """Works in a simulated agency; the bench asks it to act."""

    def __init__(self) -> None:
        self.hub_url = ""
        """Where the agency tells its updates; empty until the bench listens."""
        self.agency: SimulatedAgency | None = None

    def act(self, reference: str, word: str, note: str) -> None:
        """Give a case its next status."""
        self._agency.move(reference, word, note)

    def count(self, reference: str) -> int | None:
        """Say how many cases the agency holds."""
        del reference
        return len(self._agency.cases)

    @property
    def _agency(self) -> Any:
        if self.agency is None:
            msg = "the simulated agency was not started"
            raise RuntimeError(msg)
        return self.agency


@contextmanager
def simulated(
    name: str, like: str
) -> Iterator[tuple[SimulatedOfficer, dict[str, str]]]:
    """Start a simulated agency of that name; gives its officer and its variables.

    It has the dialect of the shipped agency `like`. Raises Failed for a dialect that
    there is not.
    """
    from hub.simulator.agency import SimulatedAgency
    from hub.simulator.profiles import PROFILES

    profiles = {profile.name: profile for profile in PROFILES}
    like = like or (name if name in profiles else DIALECT)
    if like not in profiles:
        msg = f"no simulator {like!r}; there are: {', '.join(profiles)}"
        raise Failed(msg)
    profile = profiles[like]
    if name != like:
        profile = replace(profile, name=name, short=name.upper())
    officer = SimulatedOfficer()
    agency = SimulatedAgency(
        profile,
        seed=SEED,
        hub_url=lambda: officer.hub_url,
        token=os.urandom(16).hex(),
        webhook_secret=_webhook_secret(),
        work_seconds=None,
    )
    officer.agency = agency
    with agency:
        yield officer, agency.environment()


def _webhook_secret() -> str:
    import base64

    return "whsec_" + base64.b64encode(os.urandom(24)).decode()
