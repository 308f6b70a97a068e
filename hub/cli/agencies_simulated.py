"""A simulated agency on the other side of the bench."""

import base64
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, Self

from connectors import registry
from hub.cli.errors import Failed
from hub.simulator.agency import SimulatedAgency
from hub.simulator.broker_agency import BrokerAgency
from hub.simulator.mail import MailSink
from hub.simulator.mailbox import SimulatedMailbox
from hub.simulator.open311_profile import TIRTA
from hub.simulator.profiles import KEMENKES, PLN, PROFILES, AgencyProfile
from hub.simulator.sp4n import SP4N, SimulatedSp4n
from hub.simulator.utility import SimulatedUtility

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


def _open311(name: str, _: Callable[[], str]) -> Simulated:
    own = TIRTA if name == TIRTA.name else replace(TIRTA, name=name, short=name.upper())
    key = os.urandom(16).hex()
    return SimulatedUtility(own, seed=SEED, api_key=key, work_seconds=None)


def _sp4n(name: str, _: Callable[[], str]) -> Simulated:
    own = SP4N if name == SP4N.name else replace(SP4N, name=name, short=name.upper())
    return SimulatedSp4n(own, seed=SEED)


def _broker(name: str, _: Callable[[], str]) -> Simulated:
    """Simulate the program behind a broker; the broker itself has to be there."""
    own = PLN if name == PLN.name else replace(PLN, name=name, short=name.upper())
    variable = f"SIMPUL_{own.short}_URL"
    url = os.environ.get(variable, "")
    if not url:
        msg = (
            f"the simulated program needs a broker: set {variable} to a virtual host "
            "of a RabbitMQ in which it may declare its exchange and its queues"
        )
        raise Failed(msg)
    return BrokerAgency(url, seed=SEED, work_seconds=None, profile=own)


def _mailbox(_: str, hub_smtp: Callable[[], str]) -> Simulated:
    return _WithServer(hub_smtp)


class _WithServer(SimulatedMailbox):
    """A mailbox with a mail server of its own."""

    def __init__(self, hub_smtp: Callable[[], str]) -> None:
        self._server = MailSink()
        super().__init__(self._server, seed=SEED, hub_smtp=hub_smtp, work_seconds=None)

    def start(self) -> None:
        """Open the server and begin to work."""
        self._server.start()
        super().start()

    def stop(self) -> None:
        """Stop at once, and close the server."""
        super().stop()
        self._server.stop()


DIALECTS: Mapping[str, Make] = {
    **{profile.name: _json_api(profile) for profile in PROFILES},
    TIRTA.name: _open311,
    SP4N.name: _sp4n,
    PLN.name: _broker,
    KEMENKES.name: _mailbox,
}
"""Agency that comes with the project -> what makes a simulated one like it."""


BY_KIND: Mapping[str, str] = {
    "amqp": PLN.name,
    "email": KEMENKES.name,
    "open311": TIRTA.name,
    "sp4n": SP4N.name,
}
"""Kind of system -> the dialect of an agency that is none of the shipped ones."""


class SimulatedOfficer:
    """Works in a simulated agency; the bench asks it to act."""

    def __init__(self, make: Make, name: str) -> None:
        self.hub_url = ""
        """Where the agency tells its updates: a URL, or `host:port` for mails; empty
        until the bench listens."""
        self.agency = make(name, lambda: self.hub_url)

    def act(self, reference: str, word: str, note: str) -> None:
        """Give a case its next status."""
        self.agency.move(reference, word, note)

    def count(self, reference: str) -> int | None:
        """Say how many cases the agency holds, once it took what was sent."""
        del reference
        if isinstance(self.agency, BrokerAgency):
            self.agency.catch_up()
        return len(self.agency.cases)

    def begin(self) -> bool:
        """Let a complaint begin in the agency's own system, where any does."""
        if not isinstance(self.agency, SimulatedSp4n):
            return False
        self.agency.begin("Jembatan rusak", "Papan jembatan gantung lepas.")
        return True

    def words(self) -> Sequence[str]:
        """Name the words of the agency's dialect, in the order of its work."""
        named: Sequence[str] = getattr(self.agency.profile, "words", ())
        return named


def _dialect_of(path: Path) -> str:
    manifest = registry.read_manifest(path, registry.read_content(path))
    return BY_KIND.get(manifest.system, DIALECT)


@contextmanager
def simulated(
    path: Path, like: str
) -> Iterator[tuple[SimulatedOfficer, dict[str, str]]]:
    """Start a simulated agency for a file; gives its officer and its variables.

    It has the dialect of the shipped agency `like`; without one its own, or that of
    its kind of system, or of public works. Raises Failed for a dialect that there is
    not, registry.ConfigError for a file that cannot be read.
    """
    name = path.parent.name
    like = like or (name if name in DIALECTS else _dialect_of(path))
    if like not in DIALECTS:
        msg = f"no simulator {like!r}; there are: {', '.join(DIALECTS)}"
        raise Failed(msg)
    officer = SimulatedOfficer(DIALECTS[like], name)
    with officer.agency as agency:
        yield officer, {**agency.environment(), "SIMPUL_EGRESS_NETWORKS": LOOPBACK}
