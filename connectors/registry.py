"""Names the concrete connectors and builds them from configuration.

The only place that knows which systems and channels exist; each is imported when it
is first asked for.
"""

import hashlib
import importlib
import tomllib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import ValidationError

import schemas
from connectors.contract import AgencyConnector, Channel, System
from connectors.plugins import load_own, load_plugin, plugins
from schemas.agency import SHOWABLE, AgencyManifest, Egress, RoutingTable
from schemas.category import CategoryTable
from schemas.deadlines import DeadlineTable
from schemas.events import AGENCY_EVENTS, CATALOGUE, UPSTREAM_EVENTS
from schemas.parties import PartyKind

SYSTEMS: Mapping[str, str] = {
    "amqp": "connectors.systems.amqp:AmqpSystem",
    "email": "connectors.systems.email:EmailSystem",
    "open311": "connectors.systems.open311:Open311System",
    "rest": "connectors.systems.rest:RestSystem",
    "sp4n": "connectors.systems.sp4n:Sp4nSystem",
}
"""Kind of system -> class with `from_manifest(manifest)`."""

CHANNELS: Mapping[str, str] = {
    "email": "connectors.channels.email:EmailChannel",
    "sms": "connectors.channels.sms:SmsChannel",
    "web": "connectors.channels.web:WebChannel",
}
"""Channel -> class with `from_config(config)`."""

MAIL_PARSER = "connectors.channels.email.parsing:parse"

SAMPLES = Path(__file__).parent / "agencies"
"""Folder of the agencies that come with the project."""

CATEGORIES = Path(schemas.__file__).parent / "categories.toml"
"""The categories that come with the project."""

T = TypeVar("T")

MANIFEST = "agency.toml"
EGRESS_NETWORKS = "SIMPUL_EGRESS_NETWORKS"
"""Networks beside the public ones that every agency of the deployment may lie in."""
VERSION_DIGITS = 12


class ConfigError(Exception):
    """A configuration file cannot be used; the text names the file and the field."""


class UnsetError(ConfigError):
    """It names an environment variable that is not set."""


def read_manifests(directories: Sequence[Path]) -> dict[str, AgencyManifest]:
    """Read what `load_agencies` would load, without any secret; raises ConfigError."""
    found = find_manifests(directories)
    return {n: read_manifest(path, read_content(path)) for n, path in found.items()}


def find_manifests(directories: Sequence[Path]) -> dict[str, Path]:
    """Name every agency.toml by its folder; a later directory overrides.

    Raises ConfigError for a directory that is not there.
    """
    found: dict[str, Path] = {}
    for directory in directories:
        if not directory.is_dir():
            raise _error(directory, "", "there is no such directory of agencies")
        found |= {path.parent.name: path for path in directory.glob(f"*/{MANIFEST}")}
    return {name: found[name] for name in sorted(found)}


def read_manifest(path: Path, content: bytes) -> AgencyManifest:
    """Check what an agency.toml says; no secret is looked up. Raises ConfigError."""
    manifest = _checked(
        path, lambda: AgencyManifest.model_validate(_toml(path, content))
    )
    if faults := list(_faults(manifest, path.parent.name)):
        raise _error(path, "", "; ".join(faults))
    return manifest


def load_agency(path: Path, environ: Mapping[str, str]) -> AgencyConnector:
    """Make one agency of its agency.toml; raises ConfigError.

    `extra["manifest"]` is the manifest as written, with references to secrets only.
    """
    return make_agency(path, read_content(path), environ)


def make_agency(
    path: Path,
    content: bytes,
    environ: Mapping[str, str],
    change: Callable[[AgencyManifest], AgencyManifest] = lambda found: found,
) -> AgencyConnector:
    """Make one agency of a text that stands, or stood, at a path; raises ConfigError.

    `change` may put other settings in before secrets are looked up.
    """
    manifest = change(read_manifest(path, content))
    resolved = resolve_secrets({"settings": manifest.settings}, environ, file=path)
    egress = with_networks(manifest.egress, environ)
    complete = manifest.model_copy(update={**resolved, "egress": egress})
    make = _checked(path, lambda: _class_of(path, manifest)).from_manifest
    system: System = _checked(path, lambda: make(complete), below="settings")
    return AgencyConnector(
        name=manifest.name,
        system=system,
        mapping_version=mapping_version(content),
        extra={"manifest": manifest},
    )


def _class_of(path: Path, manifest: AgencyManifest) -> Any:
    """Take the class of its own file where it has one, else its system's."""
    if manifest.connector:
        return load_own(path.parent, manifest.connector, manifest.name)
    return system_class(manifest.system)


def mapping_version(content: bytes) -> str:
    """Name a text by its hash: the same words are the same version."""
    return hashlib.sha256(content).hexdigest()[:VERSION_DIGITS]


def system_kinds() -> list[str]:
    """Name every kind of system: the project's own, and what packages bring."""
    return sorted({*SYSTEMS, *plugins()})


def system_class(kind: str) -> Any:
    """Import the class of a kind; the project's own come first.

    Raises KeyError for an unknown kind, BrokenPluginError for a plug-in that fails.
    """
    return _load(SYSTEMS[kind]) if kind in SYSTEMS else load_plugin(plugins()[kind])


def with_networks(egress: Egress, environ: Mapping[str, str]) -> Egress:
    """Add the networks of the whole deployment; raises ConfigError."""
    everywhere = environ.get(EGRESS_NETWORKS, "").replace(",", " ").split()
    networks = (*egress.networks, *everywhere)
    return _checked(
        Path(EGRESS_NETWORKS),
        lambda: Egress(hosts=egress.hosts, networks=networks),
    )


def load_routing(path: Path) -> RoutingTable:
    """Read routing.toml; raises ConfigError."""
    content = read_content(path)
    table = _checked(path, lambda: RoutingTable.model_validate(_toml(path, content)))
    if repeated := _repeated(rule.id for rule in table.rules):
        raise _error(path, "rules", f"ids used twice: {', '.join(repeated)}")
    if not _is_zone(table.zone):
        raise _error(path, "zone", f"no time zone {table.zone!r}")
    return table


def load_categories(paths: Sequence[Path]) -> CategoryTable:
    """Read categories.toml of each path; a later one changes or adds single codes.

    Raises ConfigError.
    """
    table = CategoryTable()
    for path in paths:
        found = _categories(path, _toml(path, read_content(path)))
        if table.categories and found.scheme != table.scheme:
            raise _error(path, "scheme", f"must be {table.scheme!r}, as before")
        changed = {one.code: one for one in (*table.categories, *found.categories)}
        entries = [one.model_dump() for one in changed.values()]
        table = _categories(path, {"scheme": found.scheme, "categories": entries})
    return table


def _categories(path: Path, document: Mapping[str, Any]) -> CategoryTable:
    return _checked(path, lambda: CategoryTable.model_validate(document))


def load_deadlines(path: Path) -> DeadlineTable:
    """Read deadlines.toml; raises ConfigError."""
    content = read_content(path)
    return _checked(path, lambda: DeadlineTable.model_validate(_toml(path, content)))


def check_routing(table: RoutingTable, agencies: Collection[str]) -> None:
    """Raise ConfigError if a rule names an agency that is not declared."""
    faults = [
        f"rule {rule.id!r} names {agency!r}"
        for rule in table.rules
        for agency in (*rule.main, *rule.cc)
        if agency not in agencies
    ]
    if faults:
        loaded = ", ".join(sorted(agencies)) or "none"
        msg = f"routing: {'; '.join(faults)}, which is not loaded; loaded: {loaded}"
        raise ConfigError(msg)


def check_deadlines(table: DeadlineTable, agencies: Collection[str]) -> None:
    """Raise ConfigError if the deadlines name an agency that is not declared."""
    named = [
        *(("zones", agency) for agency in table.zones),
        *((f"limits.{n}", row.agency) for n, row in enumerate(table.limits)),
        *((f"days.{n}", one) for n, day in enumerate(table.days) for one in day.agency),
    ]
    faults = [
        f"{place} names {agency!r}"
        for place, agency in named
        if agency and agency not in agencies
    ]
    if faults:
        loaded = ", ".join(sorted(agencies)) or "none"
        msg = f"deadlines: {'; '.join(faults)}, which is not loaded; loaded: {loaded}"
        raise ConfigError(msg)


def channel(
    name: str, config: Mapping[str, Any], environ: Mapping[str, str]
) -> Channel:
    """Make a channel from its table of the configuration; raises ConfigError."""
    where = Path(f"channels.{name}")
    if name not in CHANNELS:
        raise _error(where, "", f"no such channel; legal: {', '.join(CHANNELS)}")
    resolved = resolve_secrets(config, environ, file=where)
    make = _load(CHANNELS[name]).from_config
    made: Channel = _checked(where, lambda: make(resolved))
    return made


def system_maker(kind: str) -> Callable[[AgencyManifest], System]:
    """Return what makes systems of a kind, of manifests whose secrets are resolved.

    It raises ValueError, or pydantic's ValidationError with places below `settings`.
    """
    make: Callable[[AgencyManifest], System] = _load(SYSTEMS[kind]).from_manifest
    return make


def mail_parser() -> Callable[..., dict[str, Any]]:
    """Give what reads the bytes of a mail, as `connectors.channels.email` does."""
    parser: Callable[..., dict[str, Any]] = _load(MAIL_PARSER)
    return parser


def resolve_secrets(
    settings: Mapping[str, Any], environ: Mapping[str, str], *, file: Path
) -> dict[str, Any]:
    """Replace `env:NAME` and `file:PATH` anywhere in the tables by what they name.

    A relative path begins at the folder of `file`. Raises ConfigError, naming the
    field and what is missing.
    """
    return {key: _resolve(value, environ, file, key) for key, value in settings.items()}


def _resolve(value: Any, environ: Mapping[str, str], file: Path, field: str) -> Any:
    if isinstance(value, Mapping):
        return {
            key: _resolve(item, environ, file, f"{field}.{key}")
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [
            _resolve(item, environ, file, f"{field}.{number}")
            for number, item in enumerate(value)
        ]
    if isinstance(value, str) and value.startswith("env:"):
        return _of_environment(value.removeprefix("env:"), environ, file, field)
    if isinstance(value, str) and value.startswith("file:"):
        return _of_file(value.removeprefix("file:"), file, field)
    return value


def _of_environment(
    name: str, environ: Mapping[str, str], file: Path, field: str
) -> str:
    if not (secret := environ.get(name, "")):
        msg = f"{file}: {field}: the environment variable {name} is not set"
        raise UnsetError(msg)
    return secret


def _of_file(name: str, file: Path, field: str) -> str:
    try:
        secret = (file.parent / name).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _error(file, field, f"the file {name} cannot be read") from error
    if not secret:
        raise _error(file, field, f"the file {name} is empty")
    return secret


def _faults(manifest: AgencyManifest, folder: str) -> Iterator[str]:
    """Say what a manifest names that does not exist."""
    if manifest.name != folder:
        yield f"name: {manifest.name!r} stands in the folder {folder!r}"
    if manifest.system not in SYSTEMS and manifest.system not in plugins():
        legal = ", ".join(system_kinds())
        yield f"system: no system {manifest.system!r}; legal: {legal}"
    if not _is_zone(manifest.zone):
        yield f"zone: no time zone {manifest.zone!r}; an example: Asia/Jakarta"
    yield from _strange("allow", manifest.allow, SHOWABLE)
    yield from _strange("wants", manifest.wants or (), CATALOGUE)
    upstream = manifest.kind is PartyKind.UPSTREAM
    known = UPSTREAM_EVENTS if upstream else AGENCY_EVENTS
    for word, event in manifest.statuses.items():
        yield from _strange(f"statuses.{word}", (event,), known)


def load_words(path: Path) -> dict[str, Any]:
    """Read a deployment's own words for citizens, unchecked; raises ConfigError."""
    return _toml(path, read_content(path))


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return False
    return True


def _strange(field: str, names: Iterable[str], legal: Collection[str]) -> Iterator[str]:
    unknown = [repr(name) for name in names if name not in legal]
    if unknown:
        listed = ", ".join(sorted(legal))
        yield f"{field}: unknown {', '.join(unknown)}; legal: {listed}"


def _repeated(names: Iterable[str]) -> list[str]:
    return sorted(name for name, times in Counter(names).items() if times > 1)


def read_content(path: Path) -> bytes:
    """Read a file's bytes; raises ConfigError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise _error(path, "", f"cannot be read: {error.strerror}") from error


def _toml(path: Path, content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode("utf-8"))
    except ValueError as error:
        raise _error(path, "", f"is not TOML: {error}") from error


def _load(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


def _checked(path: Path, make: Callable[[], T], below: str = "") -> T:
    """Turn what pydantic and constructors find wrong into one text without values."""
    try:
        return make()
    except ValidationError as error:
        rows = error.errors(include_url=False, include_input=False)
        faults = [_fault(below, row["loc"], row["msg"]) for row in rows]
        # The error itself would show what was read, secrets among it.
        raise _error(path, "", "; ".join(faults)) from None
    except ValueError as error:
        raise _error(path, "", str(error)) from error


def _fault(below: str, loc: tuple[int | str, ...], why: str) -> str:
    field = ".".join(str(step) for step in (below, *loc) if step != "")
    return f"{field}: {why.removeprefix('Value error, ')}" if field else why


def _error(file: Path, field: str, why: str) -> ConfigError:
    return ConfigError(": ".join(filter(None, (str(file), field, why))))
