"""What every simulated system has: a beginning, an end, and a screen to look at."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Protocol, Self

from hub.simulator.faults import FaultPlan
from hub.simulator.outbox import OutboxCounts
from hub.simulator.server import FaultyServer, RecordedRequest
from hub.simulator.timers import Timers


class Named(Protocol):
    """What a profile says of whose system it is."""

    @property
    def name(self) -> str:
        """Name of the party."""

    @property
    def title(self) -> str:
        """What people read."""


class Running(ABC):
    """A system that runs inside of a `with` block."""

    @abstractmethod
    def start(self) -> None:
        """Take up work."""

    @abstractmethod
    def stop(self) -> None:
        """Stop at once; what is not done waits for the next start."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class Served(Running):
    """A system with an HTTP server of its own, on the same port at every start."""

    _server: FaultyServer
    _timers: Timers

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        return self._server.url

    @property
    def requests(self) -> list[RecordedRequest]:
        """Every request that came in, also those it did not answer."""
        return self._server.requests

    @property
    def at_rest(self) -> bool:
        """Tell whether all its work is done."""
        return self._timers.at_rest

    def start(self) -> None:
        """Take up work, then listen."""
        self._timers.start()
        self._server.start()

    def stop(self) -> None:
        """Close its system at once; what is not done waits for the next start."""
        self._server.stop()
        self._timers.stop()


def screen(
    profile: Named,
    requests: Sequence[object],
    cases: list[dict[str, Any]],
    *,
    url: str = "",
    faults: FaultPlan | None = None,
    told: OutboxCounts | None = None,
) -> dict[str, Any]:
    """Show what a person would see, ready for JSON; leaves out what it has not."""
    shown: dict[str, Any] = {"name": profile.name, "title": profile.title}
    if url:
        shown["url"] = url
    shown["requests"] = len(requests)
    if faults is not None:
        shown["faults"] = {str(f): times for f, times in faults.played.items()}
    if told is not None:
        shown["updates"] = {"delivered": told.delivered, "waiting": told.waiting}
    return shown | {"cases": cases}
