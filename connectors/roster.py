"""Who is there: every agency that is declared, whether or not it can be used.

One agency's mistake is its own: it is named, and all others run.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from connectors import registry
from connectors.contract import AgencyConnector
from schemas.agency import NAME, AgencyManifest
from schemas.parties import PartyKind

ACCESS = ("base_url", "auth")
"""Settings that say where a system is and by what right it is called: an older version
uses today's, since neither is part of what is sent."""


class Lack(StrEnum):
    """Why a declared agency cannot be used."""

    MISCONFIGURED = "misconfigured"
    """Its file has a mistake, or names a secret that is not there."""
    NOT_SET_UP = "not set up"
    """One of the project's samples, without its variables."""


@dataclass(frozen=True)
class Failure:
    """One agency that is declared and cannot be used."""

    agency: str
    file: Path
    why: str
    """Names the file and the field, never a value."""
    lack: Lack = Lack.MISCONFIGURED


@dataclass(frozen=True)
class Version:
    """What an agency's file said once, kept under a number."""

    agency: str
    number: int
    mapping_version: str
    content: bytes
    live: bool = True
    """False: on trial; it is given no complaints."""
    applied: bool = True
    """False: kept because it was run from its file; the file decides."""


@dataclass(frozen=True)
class Roster:
    """Every declared agency, by name."""

    agencies: Mapping[str, AgencyConnector] = field(default_factory=dict)
    """Those that can be used."""
    failures: Mapping[str, Failure] = field(default_factory=dict)
    manifests: Mapping[str, AgencyManifest] = field(default_factory=dict)
    """Of all, as far as they can be read; else what was read of them last, or no more
    than a name."""
    on_trial: frozenset[str] = frozenset()
    not_applied: Mapping[str, str] = field(default_factory=dict)
    """Agency -> how its file differs from the version that runs, or is wrong."""
    contents: Mapping[str, bytes] = field(default_factory=dict)
    """The text of what runs."""

    @property
    def own(self) -> dict[str, AgencyManifest]:
        """Those that cases are given to; platforms above are told, and act on them."""
        return {
            name: each
            for name, each in self.manifests.items()
            if each.kind is PartyKind.AGENCY
        }

    @property
    def held_back(self) -> dict[str, str]:
        """Say of each agency that is given nothing why it is so."""
        found = dict.fromkeys(self.on_trial, "on trial: not live yet")
        return found | {
            name: f"{one.lack}: {one.why}" for name, one in self.failures.items()
        }


def read_roster(
    directories: Sequence[Path],
    environ: Mapping[str, str],
    versions: Sequence[Version] = (),
) -> Roster:
    """Load every agency that can be; a mistake becomes a Failure of its own.

    An agency with an applied version runs that one, whatever its file says. Raises
    registry.ConfigError only for a directory that is not there.
    """
    files = registry.find_manifests(directories)
    stored = {one.agency: one for one in versions}
    applied = {name for name, one in stored.items() if one.applied}
    made = _Making(environ, directories)
    for name in sorted({*files, *applied}):
        made.take(name, files.get(name), stored.get(name))
    return made.roster()


class _Making:
    """Collects a roster, agency by agency."""

    def __init__(self, environ: Mapping[str, str], directories: Sequence[Path]) -> None:
        self._environ = environ
        self._directories = directories
        self._agencies: dict[str, AgencyConnector] = {}
        self._failures: dict[str, Failure] = {}
        self._manifests: dict[str, AgencyManifest] = {}
        self._on_trial: set[str] = set()
        self._not_applied: dict[str, str] = {}
        self._contents: dict[str, bytes] = {}

    def roster(self) -> Roster:
        return Roster(
            self._agencies,
            self._failures,
            self._manifests,
            frozenset(self._on_trial),
            self._not_applied,
            self._contents,
        )

    def take(self, name: str, file: Path | None, kept: Version | None) -> None:
        runs = kept if kept is not None and kept.applied else None
        place = file or place_of(name, self._directories)
        try:
            content = runs.content if runs else registry.read_content(place)
            self._manifests[name] = _known(place, content, kept)
            agency = registry.make_agency(place, content, self._environ)
        except Exception as error:  # noqa: BLE001 - one agency's mistake is its own
            self._failures[name] = failure_of(name, place, error)
            self._manifests.setdefault(name, _known(place, b"", kept))
            return
        self._agencies[name] = agency
        self._contents[name] = content
        if runs is None:
            return
        if not runs.live:
            self._on_trial.add(name)
        if file is None:
            self._not_applied[name] = f"version {runs.number} runs; it has no file"
        elif difference := _difference(file, runs.content):
            self._not_applied[name] = f"version {runs.number} runs; {difference}"


def failure_of(name: str, file: Path, error: Exception) -> Failure:
    """Say what is wrong with an agency; unnamed errors by their class only."""
    if not isinstance(error, registry.ConfigError):
        why = f"{file}: its system failed with {type(error).__name__}"
        return Failure(name, file, why)
    is_sample = registry.SAMPLES in file.parents
    unset = is_sample and isinstance(error, registry.UnsetError)
    return Failure(
        name, file, str(error), Lack.NOT_SET_UP if unset else Lack.MISCONFIGURED
    )


def place_of(name: str, directories: Sequence[Path]) -> Path:
    """Say where an agency's file stands, or would; its `file:` secrets begin there."""
    files = registry.find_manifests(directories)
    last = directories[-1] if directories else Path()
    return files.get(name, last / name / registry.MANIFEST)


def older_agency(
    file: Path, version: Version, current: AgencyManifest, environ: Mapping[str, str]
) -> AgencyConnector:
    """Make the connector of an older version: its words, today's access.

    Raises registry.ConfigError.
    """

    def with_access(manifest: AgencyManifest) -> AgencyManifest:
        if manifest.system != current.system:
            return manifest
        access = {
            key: current.settings[key] for key in ACCESS if key in current.settings
        }
        return manifest.model_copy(update={"settings": manifest.settings | access})

    return registry.make_agency(file, version.content, environ, with_access)


def _known(file: Path, content: bytes, kept: Version | None) -> AgencyManifest:
    """Read what can be read: this text, else the last that ran, else the name."""
    for text in filter(None, (content, kept.content if kept else b"")):
        try:
            return registry.read_manifest(file, text)
        except registry.ConfigError:
            continue
    name = file.parent.name
    return AgencyManifest.model_validate({"title": name, "system": ""} | _named(name))


def _named(name: str) -> dict[str, str]:
    """Name it after its folder, where that can be a name at all."""
    return {"name": name if re.match(NAME, name) else "unnamed"}


def _difference(file: Path, content: bytes) -> str:
    """Say how a file differs from what runs; empty if it does not."""
    try:
        stands = registry.read_content(file)
        if stands == content:
            return ""
        registry.read_manifest(file, stands)
    except registry.ConfigError as error:
        return f"its file is wrong: {error}"
    return "its file differs"
