"""Following what is applied: every process switches an agency in one moment."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.registry import ConfigError, read_manifest
from connectors.roster import Roster, older_agency, place_of, read_roster
from hub import telemetry
from hub.bootstrap.configuration import Configuration, agency_way
from hub.bootstrap.reference import folders_of
from hub.database.versions import AgencyVersions, Mark
from hub.domain.agency_tree import AgencyTree
from hub.settings import Settings
from hub.stages.deliver import Way

FOLLOW_SECONDS = 5.0


class OlderVersions:
    """Makes the way that a frozen range was begun with: DATA rule 19."""

    def __init__(
        self, settings: Settings, environ: Mapping[str, str], versions: AgencyVersions
    ) -> None:
        self._folders = folders_of(settings)
        self._environ = environ
        self._versions = versions
        self._made: dict[tuple[str, str, str], Way] = {}

    def __call__(self, current: Way, mapping: str) -> Way | None:
        """Find a party's way of an older mapping version; None when it is gone.

        Its words are the old ones; its address and its limits are today's.
        """
        place = (current.party, mapping, current.mapping_version)
        if place not in self._made:
            made = self._make(current, mapping)
            if made is None:
                return None
            self._made[place] = made
        return self._made[place]

    def _make(self, current: Way, mapping: str) -> Way | None:
        old = self._versions.find(current.party, mapping)
        now = self._versions.find(current.party, current.mapping_version)
        if old is None or now is None:
            return None
        file = place_of(current.party, self._folders)
        try:
            today = read_manifest(file, now.content)
            agency = older_agency(file, old, today, self._environ)
        except ConfigError as error:
            telemetry.log.error("version_unusable", party=current.party, error=error)
            return None
        return agency_way(agency, today)

    def close(self) -> None:
        """Give connections back."""
        for way in self._made.values():
            close_all([way.target])


@dataclass
class Switch:
    """A duty: looks at what is applied, and puts it in place of what was."""

    settings: Settings
    environ: Mapping[str, str]
    versions: AgencyVersions
    config: Configuration
    use: Callable[[Configuration], None]
    """Puts a configuration in place; raises ConnectionError when it cannot yet."""
    seen: Mark
    """What is applied in `config`."""
    former: list[Any] = field(default_factory=list)
    """Systems that calls under way may still use."""

    def __call__(self) -> int:
        """Switch what changed; returns how many agencies did."""
        mark = self.versions.mark()
        if mark == self.seen:
            return 0
        before = self.config
        after = self._switched(before)
        self.use(after)
        changed = _changed(before, after)
        self.former += [
            before.agencies[name].system for name in changed if name in before.agencies
        ]
        self.config, self.seen = after, mark
        for name in changed:
            telemetry.log.info("agency_switched", party=name, version=_of(after, name))
        return len(changed)

    def _switched(self, before: Configuration) -> Configuration:
        """Take the applied ones anew; what runs from files stays as it was begun."""
        versions = self.versions.current()
        applied = {one.agency for one in versions if one.applied}
        found = read_roster(folders_of(self.settings), self.environ, versions)
        roster = merged(before.roster, found, applied)
        reference = replace(before.reference, tree=AgencyTree(roster.own))
        return replace(before, roster=roster, reference=reference)

    def close(self) -> None:
        """Give the connections of former systems back."""
        close_all(self.former)


def merged(before: Roster, found: Roster, applied: Iterable[str]) -> Roster:
    """Take these agencies of what was found, and all others as they were.

    A connector whose text is the same is kept, with its connections.
    """
    taken = set(applied)

    def of(name: str) -> Mapping[str, Any]:
        old, new = getattr(before, name), getattr(found, name)
        return {key: old[key] for key in old if key not in taken} | {
            key: new[key] for key in new if key in taken
        }

    agencies = dict(of("agencies"))
    for name, agency in agencies.items():
        old = before.agencies.get(name)
        if old is not None and old.mapping_version == agency.mapping_version:
            agencies[name] = old
    close_all(
        one.system
        for name, one in found.agencies.items()
        if agencies.get(name) is not one
    )
    return Roster(
        agencies,
        of("failures"),
        of("manifests"),
        frozenset(found.on_trial & taken),
        of("not_applied"),
        of("contents"),
    )


def close_all(systems: Iterable[Any]) -> None:
    """Close what can be closed."""
    for system in systems:
        close = getattr(system, "close", None)
        if close is not None:
            close()


def _changed(before: Configuration, after: Configuration) -> list[str]:
    names = {*before.manifests, *after.manifests}
    return sorted(name for name in names if _of(before, name) != _of(after, name))


def _of(config: Configuration, name: str) -> str:
    found = config.agencies.get(name)
    return found.mapping_version if found is not None else ""
