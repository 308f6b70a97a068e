"""A simulated agency on the other side of the bench."""

import base64
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Protocol, Self

from hub.cli.errors import Failed
from hub.simulator.agency import SimulatedAgency
from hub.simulator.profiles import PROFILES, AgencyProfile

SEED = 6
LOOPBACK = "127.0.0.0/8"
"""Where a simulated agency is; a deployment lets no agency be called there."""
DIALECT = "dinas_pupr"
"""Of a simulated agency that is none of the shipped ones."""


class Simulated(Protocol):
    """What every simulated agency can do, whatever it speaks."""

    profile: Any
    """Its words and numbers."""

    @property
    def cases(self) -> list[Any]:
        """Every case that it has on file."""

    def environment(self) -> dict[str, str]:
        """The variables by which its agency.toml finds it."""

    def move(self, nomor: str, word: str, note: str = "") -> Any:
        """Give a case its next status, and tell the hub of it."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


Make = Callable[[str, Callable[[], str]], Simulated]
"""Makes one by the agency's name, and by what tells where the hub listens."""


def _json_api(profile: AgencyProfile) -> Make:
    def make(name: str, hub_url: Callable[[], str]) -> Simulated:
        own = replace(profile, name=name, short=name.upper())
        return SimulatedAgency(
            profile if name == profile.name else own,
            seed=SEED,
            hub_url=hub_url,
            token=os.urandom(16).hex(),
            webhook_secret="whsec_" + base64.b64encode(os.urandom(24)).decode(),
            work_seconds=None,
        )

    return make


DIALECTS: Mapping[str, Make] = {
    profile.name: _json_api(profile) for profile in PROFILES
}
"""Agency that comes with the project -> what makes a simulated one like it."""


class SimulatedOfficer:
    """Works in a simulated agency; the bench asks it to act."""

    def __init__(self, make: Make, name: str) -> None:
        self.hub_url = ""
        """Where the agency tells its updates; empty until the bench listens."""
        self.agency = make(name, lambda: self.hub_url)

    def act(self, reference: str, word: str, note: str) -> None:
        """Give a case its next status."""
        self.agency.move(reference, word, note)

    def count(self, reference: str) -> int | None:
        """Say how many cases the agency holds."""
        del reference
        return len(self.agency.cases)

    def words(self) -> Sequence[str]:
        """Name the words of the agency's dialect, in the order of its work."""
        named: Sequence[str] = getattr(self.agency.profile, "words", ())
        return named


@contextmanager
def simulated(
    name: str, like: str
) -> Iterator[tuple[SimulatedOfficer, dict[str, str]]]:
    """Start a simulated agency of that name; gives its officer and its variables.

    It has the dialect of the shipped agency `like`; without one its own, or that of
    public works. Raises Failed for a dialect that there is not.
    """
    like = like or (name if name in DIALECTS else DIALECT)
    if like not in DIALECTS:
        msg = f"no simulator {like!r}; there are: {', '.join(DIALECTS)}"
        raise Failed(msg)
    officer = SimulatedOfficer(DIALECTS[like], name)
    with officer.agency as agency:
        yield officer, {**agency.environment(), "SIMPUL_EGRESS_NETWORKS": LOOPBACK}
