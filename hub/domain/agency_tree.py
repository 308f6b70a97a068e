"""Agencies above and below each other: ministry > directorate > unit, with their days.

An agency is renamed or split by ending it and naming its successors; what it was given
before stays with it, and nothing new is given to it.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from difflib import get_close_matches

from schemas.agency import AgencyManifest, Unit


class AgencyTree:
    """Looks agencies and their units up; what is not declared is not checked."""

    def __init__(self, agencies: Mapping[str, AgencyManifest] | None = None) -> None:
        self.agencies: Mapping[str, AgencyManifest] = agencies or {}

    def title(self, name: str) -> str:
        """Give an agency's title; else its name."""
        found = self.agencies.get(name)
        return found.title if found else name

    def absent(self, name: str, day: date) -> str:
        """Say why nothing new can be given to an agency that day; empty: it can."""
        return _absent(name, self.agencies, day)

    def unit(self, agency: str, given: str, day: date) -> str:
        """Take a unit by name or title, and give its title.

        Where the agency declares no units, any words are taken. Raises ValueError.
        """
        known = self.agencies.get(agency)
        if not given or known is None or not known.units:
            return given
        wanted = given.strip().casefold()
        units = {unit.name: unit for unit in known.units}
        for unit in known.units:
            if wanted in {unit.name.casefold(), unit.title.casefold()}:
                if why := _absent(unit.name, units, day):
                    raise ValueError(why)
                return unit.title
        there = [name for name in units if not _absent(name, units, day)]
        near = get_close_matches(wanted, there, 3, 0.5) or there[:10]
        msg = f"{agency} has no unit {given!r}; there are: {', '.join(near)}"
        raise ValueError(msg)

    def rows(self) -> Iterator[tuple[int, str, AgencyManifest | Unit]]:
        """Walk through everything, the upper before the lower: depth, path, node."""
        roots = [
            name
            for name, one in sorted(self.agencies.items())
            if one.parent not in self.agencies or self._turns(name)
        ]
        for name in roots:
            yield from self._below(name, 0, "")

    def lacks(self) -> list[str]:
        """Say what agencies name that there is not."""
        found = []
        for name, one in sorted(self.agencies.items()):
            if one.parent and one.parent not in self.agencies:
                found.append(f"{name}: its parent {one.parent!r} is not loaded")
            elif self._turns(name):
                found.append(f"{name}: it lies below itself")
            found += [
                f"{name}: its successor {other!r} is not loaded"
                for other in one.successors
                if other not in self.agencies
            ]
        return found

    def _turns(self, name: str) -> bool:
        seen: set[str] = set()
        while name in self.agencies and name not in seen:
            seen.add(name)
            name = self.agencies[name].parent
        return name in seen

    def _below(
        self, name: str, depth: int, path: str
    ) -> Iterator[tuple[int, str, AgencyManifest | Unit]]:
        found = self.agencies[name]
        path = f"{path} > {found.title}" if path else found.title
        yield depth, path, found
        yield from _units(found, "", depth + 1, path)
        for other, one in sorted(self.agencies.items()):
            if one.parent == name and not self._turns(other):
                yield from self._below(other, depth + 1, path)


def _units(
    agency: AgencyManifest, parent: str, depth: int, path: str
) -> Iterator[tuple[int, str, Unit]]:
    for unit in agency.units:
        if unit.parent == parent:
            here = f"{path} > {unit.title}"
            yield depth, here, unit
            yield from _units(agency, unit.name, depth + 1, here)


def _absent(name: str, nodes: Mapping[str, AgencyManifest | Unit], day: date) -> str:
    node = nodes.get(name)
    if node is None or node.holds_on(day):
        return ""
    if not node.has_begun(day):
        return f"{name} begins on {node.valid_from}"
    after = ", ".join(_successors(name, nodes, day, set()))
    return f"{name} ended on {node.valid_until}; " + (
        f"its successors: {after}" if after else "it names no successor"
    )


def _successors(
    name: str, nodes: Mapping[str, AgencyManifest | Unit], day: date, seen: set[str]
) -> Iterator[str]:
    """Name who took over; instead of one that ended, too, those that followed it."""
    seen.add(name)
    for other in nodes[name].successors:
        if other in seen:
            continue
        after = nodes.get(other)
        if after is not None and after.has_ended(day) and after.successors:
            yield from _successors(other, nodes, day, seen)
        else:
            seen.add(other)
            yield other
