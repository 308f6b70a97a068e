"""Administrative regions by code: what they are called, and what is none."""

from collections.abc import Callable
from dataclasses import dataclass

from schemas.complaint import Region, RegionScheme


def _no_names(code: str) -> str | None:
    """Know no region."""
    del code
    return None


@dataclass(frozen=True)
class Regions:
    """Looks regions of one scheme up; without an edition nothing is checked."""

    name_of: Callable[[str], str | None] = _no_names
    """Dotted code -> name, or None."""
    scheme: RegionScheme = RegionScheme.KEMENDAGRI
    edition: str = ""
    """Which list of the scheme it is."""

    def name(self, code: str) -> str:
        """Give a region's name with those above it, the nearest first; else the code.

        A code of another scheme, `bps:3276`, stays as it is.
        """
        steps = code.split(".")
        names = [self.name_of(".".join(steps[:n])) for n in range(len(steps), 0, -1)]
        return ", ".join(filter(None, names)) if names[0] else code

    def lacks(self, code: str) -> bool:
        """Tell whether a code of this scheme names no region; other schemes: never."""
        if not self.edition or ":" in code:
            return False
        return self.name_of(code) is None


def place_code(region: Region | None) -> str:
    """Write a region as rules name it: the code, after a scheme that is not usual."""
    if region is None:
        return ""
    if region.scheme == RegionScheme.KEMENDAGRI:
        return region.code
    return f"{region.scheme}:{region.code}"
