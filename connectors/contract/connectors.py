"""The two kinds of connector: an agency's system, and a citizen's channel."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from connectors.contract.asking import Page, PollAsk, Source
from connectors.contract.coming_in import HttpDoor, Item, Listener
from connectors.contract.going_out import Target
from schemas.raw import JournalEntry
from schemas.updates import AgencyComplaint, AgencyUpdate, AgencyView, Corrupt


class System(Target, Protocol):
    """An agency's own system: also a source of updates.

    Whoever inherits from it has nothing of what is not overridden: no door, no
    listener, nothing to ask. `capabilities` must say the same.
    """

    def doors(self) -> Sequence[HttpDoor]:
        """Ways in for pushed updates."""
        return ()

    def listeners(self) -> Sequence[Listener]:
        """Connections on which updates come; several processes may listen at once."""
        return ()

    def split(self, entry: JournalEntry) -> Sequence[bytes]:
        """Divide one message into bodies of single records, each readable alone.

        Pure; one body (or none) when there is nothing to divide.
        """
        del entry
        return ()

    def read(
        self, entry: JournalEntry
    ) -> Sequence[AgencyUpdate | AgencyComplaint | Corrupt]:
        """Map one raw message to updates; pure; never raises for bad content."""

    def poll(self, ask: PollAsk) -> Page:
        """Ask for one page of updates; blocks like any call.

        Reads only, so that it may be repeated. Raises the errors of
        `connectors.errors`; then the checkpoint stays where it was.
        """
        msg = "the system is not asked for updates"
        raise NotImplementedError(msg)

    def snapshot(self, references: Sequence[str]) -> Iterable[AgencyView]:
        """Say how these cases stand in the system, and all others that it has.

        Others only where `capabilities.snapshots` is `all`. A case that it does not
        have comes back with `present` false; one it did not tell of is left out.
        Reads only. Raises the errors of `connectors.errors`.
        """
        msg = "the system cannot say how its cases stand"
        raise NotImplementedError(msg)


class Channel(Protocol):
    """A citizen's channel: in, and back."""

    @property
    def name(self) -> str:
        """email, sms or web."""

    @property
    def isolated(self) -> bool:
        """True where normalising is costly enough to run in a child process."""

    def doors(self) -> Sequence[HttpDoor]:
        """HTTP ways in."""

    def listeners(self) -> Sequence[Listener]:
        """Other ways in that are called."""

    def sources(self) -> Sequence[Source]:
        """Ways in that are asked."""

    def normalise(self, entry: JournalEntry) -> Sequence[Item]:
        """Read one raw message; pure; bounded by the caller in time and bytes."""

    def way_back(self) -> Target | None:
        """How a reporter is told; None where the channel has no way back."""


@dataclass(frozen=True)
class AgencyConnector:
    """One agency, ready to use."""

    name: str
    system: System
    mapping_version: str
    """Changes with every change of the manifest."""
    extra: Mapping[str, Any] = field(default_factory=dict)
