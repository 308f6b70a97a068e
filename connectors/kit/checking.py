"""Everything that is wrong with an agency's file, at once: where, and what to do."""

import base64
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from connectors.contract import System
from connectors.kit.golden import differences, golden_cases
from connectors.kit.lines import Place, line_index, line_of
from connectors.kit.suggesting import keys_at, model_named, suggested
from schemas.agency import SHOWABLE, AgencyManifest
from schemas.catalogue import AGENCY_EVENTS, CATALOGUE

_AT_LINE = re.compile(r"at line (\d+)")
STAND_IN_SECRET = "whsec_" + base64.b64encode(b"stands in for a secret").decode()
STAND_INS: Mapping[str | int, str] = {
    "url": "amqp://hub:missing@agency.invalid/agency",
    "relay": "relay.invalid:25",
    "reply_secret": "stands-in-for-a-secret",
}
"""Key -> what has its shape, where the key alone says which."""
TO_FILL = frozenset({"ISI", "=ISI"})
"""What a scaffold writes where somebody has to decide."""


@dataclass(frozen=True)
class Finding:
    """One mistake."""

    file: str
    line: int
    key: str
    why: str
    """What is wrong and what to do; holds no secret."""


@dataclass(frozen=True)
class Found:
    """An agency's file as far as it could be read."""

    findings: list[Finding]
    manifest: AgencyManifest | None
    system: System | None
    """Made only where nothing is wrong and every secret is there."""


def check(
    path: Path,
    *,
    kinds: Collection[str],
    build: Callable[[AgencyManifest], System],
    environ: Mapping[str, str],
) -> Found:
    """Check one agency.toml with all that it names; calls nobody.

    `build` makes a system of a manifest whose secrets are resolved, and raises
    ValueError, or pydantic's ValidationError with places below `settings`.
    """
    try:
        text = path.read_text("utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        return _only(path, 1, f"cannot be read: {error.strerror}")
    except ValueError as error:
        line = _AT_LINE.search(str(error))
        return _only(path, int(line[1]) if line else 1, f"is not TOML: {error}")
    at = _Finder(path, line_index(text))
    manifest, found = _manifest(document, path.parent.name)
    if manifest is None:
        return Found(at.all(found), None, None)
    found += _names(manifest, path.parent.name, kinds)
    if manifest.system not in kinds:
        return Found(at.all(found), manifest, None)
    resolved, lacks = _resolved(manifest.settings, environ, path.parent)
    found += lacks.items()
    found += _to_fill(manifest.settings, ("settings",))
    complete = manifest.model_copy(update={"settings": resolved})
    system, faults = _built(build, complete)
    found += [one for one in faults if one[0] not in lacks]
    findings = at.all(found)
    if system is not None:
        for case in golden_cases(path.parent):
            wrong = differences(case, complete, system)
            findings += [Finding(str(case), 1, "", why) for why in wrong]
    return Found(findings, manifest, None if findings else system)


def without_secrets(manifest: AgencyManifest, folder: Path) -> AgencyManifest:
    """Put something of their kind in the places of all secrets; for looking only."""
    settings, _ = _resolved(manifest.settings, {}, folder)
    return manifest.model_copy(update={"settings": settings})


class _Finder:
    """Writes findings with the line of their key."""

    def __init__(self, path: Path, index: Mapping[Place, int]) -> None:
        self._path = str(path)
        self._index = index

    def all(self, found: Iterable[tuple[Place, str]]) -> list[Finding]:
        rows = [
            Finding(
                self._path,
                line_of(self._index, place),
                ".".join(str(step) for step in place),
                why,
            )
            for place, why in found
        ]
        return sorted(rows, key=lambda row: row.line)


def _only(path: Path, line: int, why: str) -> Found:
    return Found([Finding(str(path), line, "", why)], None, None)


def _of_validation(
    error: ValidationError, model: Any, above: Place
) -> Iterator[tuple[Place, str]]:
    for row in error.errors(include_url=False, include_input=False):
        place = (*above, *row["loc"])
        why = row["msg"].removeprefix("Value error, ")
        if row["type"] == "extra_forbidden":
            keys = keys_at(model, row["loc"][:-1])
            why = f"there is no such key{suggested(str(row['loc'][-1]), keys)}"
        elif row["type"] == "missing":
            why = "is missing: write it"
        yield place, why


def _manifest(
    document: Mapping[str, Any], folder: str
) -> tuple[AgencyManifest | None, list[tuple[Place, str]]]:
    """Read a manifest, and what is right of one that has mistakes."""
    try:
        return AgencyManifest.model_validate(document), []
    except ValidationError as error:
        faults = list(_of_validation(error, AgencyManifest, ()))
    wrong = {place[0] for place, _ in faults if place}
    kept = {key: value for key, value in document.items() if key not in wrong}
    needed = {"name": folder, "title": folder, "system": ""}
    try:
        return AgencyManifest.model_validate({**needed, **kept}), faults
    except ValidationError:
        return None, faults


def _names(
    manifest: AgencyManifest, folder: str, kinds: Collection[str]
) -> Iterator[tuple[Place, str]]:
    """Say what a manifest names that there is not."""
    if manifest.name != folder:
        yield ("name",), f"must be the folder's name: {folder}"
    if manifest.system and manifest.system not in kinds:
        hint = suggested(manifest.system, kinds)
        yield ("system",), f"there is no system {manifest.system!r}{hint}"
    try:
        ZoneInfo(manifest.zone)
    except (OSError, ValueError, KeyError):
        yield ("zone",), "is no IANA zone; an example: Asia/Jakarta"
    lists: tuple[tuple[str, Sequence[str], Collection[str]], ...] = (
        ("allow", manifest.allow, SHOWABLE),
        ("wants", manifest.wants or (), CATALOGUE),
    )
    for key, names, legal in lists:
        for name in (one for one in names if one not in legal):
            yield (key,), f"{name!r} is unknown{suggested(name, legal)}"
    for word, event in manifest.statuses.items():
        if event not in AGENCY_EVENTS:
            hint = suggested(event, AGENCY_EVENTS)
            yield ("statuses", word), f"an agency cannot say {event!r}{hint}"


def _resolved(
    settings: Mapping[str, Any], environ: Mapping[str, str], folder: Path
) -> tuple[dict[str, Any], dict[Place, str]]:
    """Put secrets in their places, and something of their kind where one is missing."""
    lacks: dict[Place, str] = {}

    def put(value: Any, place: Place) -> Any:
        if isinstance(value, dict):
            return {name: put(one, (*place, name)) for name, one in value.items()}
        if isinstance(value, list):
            return [put(one, (*place, n)) for n, one in enumerate(value)]
        if not isinstance(value, str) or not value.startswith(("env:", "file:")):
            return value
        kind, _, name = value.partition(":")
        secret = environ.get(name, "") if kind == "env" else _read(folder / name)
        if not secret:
            lacks[place] = (
                f"the environment variable {name} is not set: set it"
                if kind == "env"
                else f"the file {name} is missing or empty: write the secret into it"
            )
            return _stand_in(place)
        return secret

    return put(dict(settings), ("settings",)), lacks


def _to_fill(value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _to_fill(one, (*place, name))
    elif isinstance(value, str) and value in TO_FILL:
        yield place, "is to be filled in: write a field of ours, or = and a constant"


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _stand_in(place: Place) -> str:
    way = ".".join(str(step) for step in place)
    if place[-1] in STAND_INS:
        return STAND_INS[place[-1]]
    if "url" in way:
        return "https://agency.invalid"
    return STAND_IN_SECRET if "webhook" in way else "missing"


def _built(
    build: Callable[[AgencyManifest], System], manifest: AgencyManifest
) -> tuple[System | None, list[tuple[Place, str]]]:
    try:
        return build(manifest), []
    except ValidationError as error:
        model = model_named(error.title)
        return None, list(_of_validation(error, model, ("settings",)))
    except ValueError as error:
        return None, [_of_text(one) for one in str(error).split("; ")]


def _of_text(text: str) -> tuple[Place, str]:
    """Take a sentence apart that begins with its key: `settings.find.path: why`."""
    key, colon, why = text.partition(": ")
    if not colon or " " in key:
        return (), text
    return tuple(key.split(".", 3)), why
